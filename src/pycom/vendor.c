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

/* The FT234XD of the Expansion Boards 1.0 to 2.1A, with ids that all FT-X bridges have. */
static const fettle_usb_id module_bridges[] = {{0x0403, 0x6015}};

const fettle_vendor fettle_vendor_pycom = {
    .name = "Pycom",
    .rows = fettle_pycom_rows,
    .row_count = FETTLE_PYCOM_ROWS,
    .module_rows = fettle_pycom_module_rows,
    .module_row_count = FETTLE_PYCOM_MODULES,
    .any_module = &fettle_pycom_any_module,
    .perhaps_module = &fettle_pycom_perhaps_module,
    .module_bridges = module_bridges,
    .module_bridge_count = sizeof module_bridges / sizeof *module_bridges,
    .stock_loaders = stock_loaders,
    .stock_loader_count = sizeof stock_loaders / sizeof *stock_loaders,
    .check = fettle_pycom_check_shield,
    .carrier = &fettle_pycom_carrier,
    .modules = &fettle_pycom_module_ops,
    .read_package = fettle_pycom_read_package,
};
