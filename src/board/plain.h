/* SPDX-License-Identifier: Apache-2.0 */
/* Boards with a name, ids and a button of their own that need no code: no checks of files, nothing odd. */
#ifndef FETTLE_BOARD_PLAIN_H
#define FETTLE_BOARD_PLAIN_H

#include "board/vendor.h"

extern const fettle_vendor fettle_vendor_plain;

#endif
