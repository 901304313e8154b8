/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in the vendors' tables. They are small: from the first row to the last. */
#include "board/vendor.h"

#include "base/text.h"

static void tell_vendor(const fettle_vendor **vendor, const fettle_vendor *found)
{
    if (vendor != NULL) {
        *vendor = found;
    }
}

static const fettle_board_row *find_in(const fettle_board_row *rows, size_t count,
                                       const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (fettle_text_is_same_word(rows[i].id, name) ||
            fettle_text_is_same_word(rows[i].name, name)) {
            return &rows[i];
        }
    }
    return NULL;
}

const fettle_board_row *fettle_vendors_find_name(fettle_vendors vendors, const char *name,
                                                 const fettle_vendor **vendor)
{
    tell_vendor(vendor, NULL);
    for (size_t i = 0; i < vendors.count; i++) {
        const fettle_vendor *each = vendors.list[i];
        const fettle_board_row *row = find_in(each->rows, each->row_count, name);
        if (row == NULL) {
            row = find_in(each->module_rows, each->module_row_count, name);
        }
        if (row != NULL) {
            tell_vendor(vendor, each);
            return row;
        }
    }
    return NULL;
}

const fettle_board_row *fettle_vendors_find_id(fettle_vendors vendors, fettle_usb_id id,
                                               fettle_mode mode, size_t index,
                                               const fettle_vendor **vendor)
{
    tell_vendor(vendor, NULL);
    for (size_t i = 0; i < vendors.count; i++) {
        for (size_t k = 0; k < vendors.list[i]->row_count; k++) {
            const fettle_board_row *row = &vendors.list[i]->rows[k];
            fettle_mode shown = fettle_board_mode_of(row, id);
            bool fits = mode == FETTLE_MODE_UNKNOWN ? shown != mode : shown == mode;
            if (fits && index-- == 0) {
                tell_vendor(vendor, vendors.list[i]);
                return row;
            }
        }
    }
    return NULL;
}

const fettle_stock_loader *fettle_vendors_find_stock(fettle_vendors vendors,
                                                     fettle_usb_id id,
                                                     const fettle_vendor **vendor)
{
    tell_vendor(vendor, NULL);
    for (size_t i = 0; i < vendors.count; i++) {
        for (size_t k = 0; k < vendors.list[i]->stock_loader_count; k++) {
            const fettle_stock_loader *stock = &vendors.list[i]->stock_loaders[k];
            if (stock->id.vendor == id.vendor && stock->id.product == id.product) {
                tell_vendor(vendor, vendors.list[i]);
                return stock;
            }
        }
    }
    return NULL;
}
