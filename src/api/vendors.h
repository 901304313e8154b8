/* SPDX-License-Identifier: Apache-2.0 */
/* The vendors that are built in. */
#ifndef FETTLE_API_VENDORS_H
#define FETTLE_API_VENDORS_H

#include "board/vendor.h"

fettle_vendors fettle_vendors_all(void);

#endif
