/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is there, for people: one line a board, with its state and what to do next. Nothing is opened
 * for that; what can't be known without opening isn't claimed.
 */
#include "fettle/fettle.h"

#include "api/job_inside.h"
#include "api/select.h"
#include "base/alloc.h"
#include "base/text.h"
#include "board/bridges.h"
#include "proto/names.h"

#include <string.h>

static const struct {
    const char *text;
    const char *next;
} states[] = {
    [FETTLE_BOARD_READY] = {"ready", "Update it with fettle update FILE."},
    [FETTLE_BOARD_NEEDS_A_HAND] =
        {"application runs",
         "Start fettle update FILE; it tells how to bring the board into update mode."},
    [FETTLE_BOARD_NO_PERMISSION] =
        {"no permission",
         "Type sudo fettle udev-rules --install; it lets you open the board."},
    [FETTLE_BOARD_NO_DRIVER] = {"no driver",
                                "Bind the driver for generic USB devices to it."},
    [FETTLE_BOARD_BUSY] = {"in use by another program",
                           "Close the program that uses it, then go on."},
    [FETTLE_BOARD_NOT_OURS] =
        {"part of the computer",
         "Leave it; name its port with --board if you really mean it."},
    [FETTLE_BOARD_FOREIGN] = {"nothing to update",
                              "Plug in a board that has an update mode."},
    [FETTLE_BOARD_LINE] =
        {"serial port", "If an ESP board is behind it: fettle update FILE, or fettle info "
                        "--board and this port."},
};

static fettle_board_state state_of(const fettle_sight *sight, const fettle_board_row *row,
                                   fettle_mode mode, bool has_dfu, bool is_part)
{
    bool is_unread = sight->descriptors_size == 0 && sight->access == FETTLE_WHY_BUSY;
    if (row == NULL && is_unread) {
        return FETTLE_BOARD_BUSY; /* its holder alone knows what it is */
    }
    if (row == NULL && !has_dfu) {
        return FETTLE_BOARD_FOREIGN;
    }
    if (row == NULL && is_part) {
        return FETTLE_BOARD_NOT_OURS;
    }
    bool is_only_seen = sight->kind == FETTLE_LINK_SERIAL && sight->node[0] != '\0' &&
                        row != &fettle_board_esp;
    switch (is_only_seen ? FETTLE_WHY_NONE : sight->access) { /* its port isn't needed */
    case FETTLE_WHY_PERMISSION:
        return FETTLE_BOARD_NO_PERMISSION;
    case FETTLE_WHY_DRIVER:
        return FETTLE_BOARD_NO_DRIVER;
    case FETTLE_WHY_BUSY:
        return FETTLE_BOARD_BUSY;
    default:
        break;
    }
    if (row == &fettle_board_esp) {
        return FETTLE_BOARD_LINE;
    }
    bool needs_a_hand = mode == FETTLE_MODE_APP && row != NULL && row->enter != NULL;
    return needs_a_hand ? FETTLE_BOARD_NEEDS_A_HAND : FETTLE_BOARD_READY;
}

/* No rule of this computer opens what is plugged into another one. */
static const char *next_step(const fettle_sight *sight, fettle_board_state state)
{
    bool is_refused = state == FETTLE_BOARD_NO_PERMISSION;
    return is_refused && strncmp(sight->path, "usbip:", 6) == 0
               ? "Ask whoever runs the USB/IP server; it doesn't hand this board out."
               : states[state].next;
}

static void fill_name(fettle_board_view *view, const fettle_sight *sight,
                      const fettle_board_row *row, fettle_vendors vendors)
{
    const fettle_stock_loader *stock = fettle_vendors_find_stock(vendors, sight->id, NULL);
    const fettle_quirk_row *quirks = fettle_board_quirks_of(sight->id, sight->bcdDevice);
    const char *name = row == &fettle_board_esp ? fettle_bridge_of(sight->id)->name
                       : row != NULL            ? row->name
                       : quirks != NULL && quirks->name != NULL ? quirks->name
                       : stock != NULL                          ? stock->name
                       : sight->product[0] != '\0'              ? sight->product
                       : sight->kind == FETTLE_LINK_SERIAL      ? "Serial port"
                                                                : fettle_board_generic.name;
    fettle_text_escape(view->name, sizeof view->name, name);
}

static void fill_serial(fettle_board_view *view, const fettle_sight *sight)
{
    char serial[FETTLE_TEXT_SIZE];
    const fettle_quirk_row *quirks = fettle_board_quirks_of(sight->id, sight->bcdDevice);
    memcpy(serial, sight->serial, sizeof serial);
    if (quirks != NULL && quirks->dfu.serial_is_utf8) {
        fettle_names_mend(serial);
    }
    fettle_text_escape(view->serial, sizeof view->serial, serial);
}

static const char *remembered_module(const fettle_context *context, const char *path)
{
    char id[FETTLE_CHIP_WISH_SIZE];
    const fettle_board_row *row = fettle_memory_module_at(context, path, id, sizeof id)
                                      ? fettle_vendors_find_name(context->vendors, id, NULL)
                                      : NULL;
    return row != NULL ? row->name : NULL;
}

size_t fettle_boards_look(fettle_context *context, bool all, fettle_board_view *views,
                          size_t max, uint64_t *change)
{
    size_t count, shown = 0;
    fettle_error ignored;
    fettle_sight *sights = fettle_context_look(context, &count, change, &ignored);
    for (size_t i = 0; sights != NULL && i < count; i++) {
        const fettle_sight *sight = &sights[i];
        const fettle_board_row *row;
        const fettle_vendor *vendor;
        bool has_dfu, is_part;
        fettle_mode mode =
            fettle_sight_mode(context->vendors, sight, &row, &vendor, &has_dfu, &is_part);
        fettle_board_state state = state_of(sight, row, mode, has_dfu, is_part);
        if (state == FETTLE_BOARD_FOREIGN && !all) {
            continue;
        }
        if (shown < max) {
            fettle_board_view *view = &views[shown];
            memset(view, 0, sizeof *view);
            fill_name(view, sight, row, context->vendors);
            fill_serial(view, sight);
            memcpy(view->path, sight->path, sizeof view->path);
            memcpy(view->node, sight->node, sizeof view->node);
            view->mode = mode;
            view->id = sight->id;
            view->bcdDevice = row != &fettle_board_esp ? sight->bcdDevice : 0;
            view->is_known = row != NULL;
            view->has_dfu = has_dfu;
            view->state = state;
            view->state_text = states[state].text;
            view->next = next_step(sight, state);
            view->module = remembered_module(context, sight->path);
        }
        shown++;
    }
    fettle_free(sights);
    return shown;
}

bool fettle_known_board_at(size_t index, fettle_known_board *board)
{
    fettle_vendors vendors = fettle_vendors_all();
    for (size_t i = 0; i < vendors.count; i++) {
        const fettle_vendor *vendor = vendors.list[i];
        if (index >= vendor->row_count) {
            index -= vendor->row_count;
            continue;
        }
        const fettle_board_row *row = &vendor->rows[index];
        *board = (fettle_known_board){
            .id = row->id,
            .name = row->name,
            .app = fettle_board_id_in(row, FETTLE_MODE_APP),
            .update = fettle_board_id_in(row, FETTLE_MODE_DFU),
            .enter = row->enter,
            .picture = row->picture,
        };
        for (size_t k = 0; k < row->revision_count; k++) {
            fettle_text_append(board->revisions, sizeof board->revisions,
                               k > 0 ? ", " : "");
            fettle_text_append(board->revisions, sizeof board->revisions,
                               row->revisions[k].value);
        }
        return true;
    }
    return false;
}
