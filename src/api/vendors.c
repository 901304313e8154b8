/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of vendors: the one place where a vendor's folder is named. A new vendor is a folder of
 * its own, and a line here. Boards that need no folder are rows in src/board/plain.c.
 */
#include "api/vendors.h"

#include "board/plain.h"
#include "pycom/pycom.h"

static const fettle_vendor *const vendors[] = {
    &fettle_vendor_pycom,
    &fettle_vendor_plain,
};

fettle_vendors fettle_vendors_all(void)
{
    return (fettle_vendors){vendors, sizeof vendors / sizeof *vendors};
}
