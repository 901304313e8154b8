/* SPDX-License-Identifier: Apache-2.0 */
/* Pycom as a vendor: its one table. */
#include "pycom/pycom.h"

#include "pycom/layout.h"
#include "pycom/modules.h"
#include "pycom/package.h"

/* A Pysense of 2017 came up with the upstream bootloader's own ids (forum.pycom.io, topic 1320). */
static const fettle_stock_loader stock_loaders[] = {
    {{0x1209, 0x2002}, "stock bootloader", "one owner's log"},
};

const fettle_vendor fettle_vendor_pycom = {
    .name = "Pycom",
    .rows = fettle_pycom_rows,
    .row_count = FETTLE_PYCOM_ROWS,
    .module_rows = fettle_pycom_module_rows,
    .module_row_count = FETTLE_PYCOM_MODULES,
    .stock_loaders = stock_loaders,
    .stock_loader_count = sizeof stock_loaders / sizeof *stock_loaders,
    .check = fettle_pycom_check_shield,
    .carrier = &fettle_pycom_carrier,
    .modules = &fettle_pycom_module_ops,
    .read_package = fettle_pycom_read_package,
};
