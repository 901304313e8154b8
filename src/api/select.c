/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which board is meant. What a person says comes first, then what the file says of its board, then
 * who is there. Never by guess: a DFU interface inside a computer is chosen by its port or serial
 * only, and where several boards fit, none is.
 */
#include "api/select.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "board/bridges.h"
#include "proto/descriptors.h"

#include <string.h>

static bool is_same_id(fettle_usb_id a, fettle_usb_id b)
{
    return a.vendor == b.vendor && a.product == b.product;
}

static bool is_listed_part(fettle_usb_id id)
{
    for (size_t i = 0; i < fettle_computer_part_count; i++) {
        if (is_same_id(fettle_computer_parts[i], id)) {
            return true;
        }
    }
    return false;
}

fettle_mode fettle_sight_mode(fettle_vendors vendors, const fettle_sight *sight,
                              const fettle_board_row **row, const fettle_vendor **vendor,
                              bool *has_dfu, bool *is_computer_part)
{
    static const fettle_mode modes[] = {
        [FETTLE_DFU_NONE] = FETTLE_MODE_APP,
        [FETTLE_DFU_RUNTIME] = FETTLE_MODE_APP,
        [FETTLE_DFU_UPDATE] = FETTLE_MODE_DFU,
        [FETTLE_DFU_UNSURE] = FETTLE_MODE_UNKNOWN,
    };
    fettle_usb_descriptors seen = {.dfu_count = 0};
    fettle_error ignored;
    fettle_span bytes = {sight->descriptors, sight->descriptors_size};
    bool is_parsed = bytes.size > 0 && fettle_usb_descriptors_parse(&seen, bytes, &ignored);
    *has_dfu = is_parsed && seen.dfu_count > 0;
    *is_computer_part = (is_parsed && seen.is_computer_part) || is_listed_part(sight->id);
    *row = fettle_vendors_find_id(vendors, sight->id, FETTLE_MODE_UNKNOWN, 0, vendor);
    if (*row != NULL) {
        return fettle_board_mode_of(*row, sight->id);
    }
    if (sight->kind == FETTLE_LINK_SERIAL &&
        fettle_bridge_of(sight->id) != &fettle_bridge_generic) {
        *row = &fettle_board_esp; /* as far as anybody can tell without a word to it */
        return FETTLE_MODE_UNKNOWN;
    }
    return is_parsed ? modes[seen.mode] : FETTLE_MODE_UNKNOWN;
}

size_t fettle_list_paths(const fettle_sight *sights, size_t count,
                         const fettle_board_row *row, fettle_vendors vendors, char *text,
                         size_t size)
{
    size_t fits = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const fettle_board_row *its_row;
        const fettle_vendor *vendor;
        bool has_dfu, is_part;
        (void)fettle_sight_mode(vendors, &sights[i], &its_row, &vendor, &has_dfu, &is_part);
        if (row == &fettle_board_generic ? !has_dfu || is_part : its_row != row) {
            continue;
        }
        fettle_text_append(text, size, fits++ > 0 ? ", " : "");
        fettle_text_append(text, size, sights[i].path);
    }
    return fits;
}

/* ---- how a person says it ---- */

static bool read_ids(const char *text, fettle_usb_id *id)
{
    const char *colon = strchr(text, ':');
    return colon != NULL &&
           fettle_text_to_hex16(text, (size_t)(colon - text), &id->vendor) &&
           fettle_text_to_hex16(colon + 1, strlen(colon + 1), &id->product);
}

/* "usb:1-1.2", "sim:pytrack", "/dev/ttyUSB0", "COM5", "usbip://...": a port, there or not. */
static bool looks_like_port(const char *text)
{
    return strchr(text, ':') != NULL || strchr(text, '/') != NULL ||
           (strlen(text) > 3 && strlen(text) < 7 && text[0] == 'C' && text[1] == 'O' &&
            text[2] == 'M');
}

static void take_sight(fettle_context *context, const fettle_sight *sight,
                       fettle_selection *selection)
{
    const fettle_board_row *row;
    bool has_dfu, is_part;
    selection->is_seen = true;
    selection->seen_id = sight->id;
    selection->seen_version = sight->bcdDevice;
    selection->seen_mode = fettle_sight_mode(context->vendors, sight, &row,
                                             &selection->vendor, &has_dfu, &is_part);
    selection->row = row != NULL                         ? row
                     : sight->kind == FETTLE_LINK_SERIAL ? &fettle_board_esp
                                                         : &fettle_board_generic;
    memcpy(selection->path, sight->path, sizeof selection->path);
    memcpy(selection->seen_path, sight->path, sizeof selection->seen_path);
}

static const fettle_sight *find_port(const fettle_sight *sights, size_t count,
                                     const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sights[i].path, text) == 0 ||
            (sights[i].node[0] != '\0' && strcmp(sights[i].node, text) == 0)) {
            return &sights[i];
        }
    }
    return NULL;
}

static bool take_row_of_image(fettle_context *context, const fettle_image *image,
                              fettle_selection *selection)
{
    if (image == NULL || !image->has_suffix || image->suffix.idVendor == 0xFFFF ||
        image->suffix.idProduct == 0xFFFF) {
        return false;
    }
    fettle_usb_id id = {image->suffix.idVendor, image->suffix.idProduct};
    const fettle_board_row *row = fettle_vendors_find_id(
        context->vendors, id, FETTLE_MODE_DFU, 0, &selection->vendor);
    selection->row = row != NULL ? row : &fettle_board_generic;
    return true;
}

/* Of the boards that are there now, is one of this row's? For its version, before it is restarted. */
static void look_for_row(fettle_context *context, const fettle_sight *sights, size_t count,
                         fettle_selection *selection)
{
    const fettle_sight *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (fettle_board_mode_of(selection->row, sights[i].id) != FETTLE_MODE_UNKNOWN) {
            if (found != NULL) {
                return; /* the job will say that there are several */
            }
            found = &sights[i];
        }
    }
    if (found != NULL) {
        fettle_selection seen = *selection;
        take_sight(context, found, &seen);
        selection->is_seen = true;
        memcpy(selection->seen_path, seen.seen_path, sizeof selection->seen_path);
        selection->seen_id = seen.seen_id;
        selection->seen_mode = seen.seen_mode;
        selection->seen_version = seen.seen_version;
    }
}

/* A loader that doesn't say which board it is on: taken when the person named the board. */
static void look_for_stock(fettle_context *context, const fettle_sight *sights,
                           size_t count, fettle_selection *selection)
{
    for (size_t i = 0; i < count && !selection->is_seen; i++) {
        const fettle_vendor *vendor = NULL;
        if (fettle_vendors_find_stock(context->vendors, sights[i].id, &vendor) != NULL &&
            vendor == selection->vendor) {
            selection->is_stock = true;
            selection->stock_id = sights[i].id;
        }
    }
}

static bool is_for_esp(const fettle_image *image)
{
    for (size_t i = 0; image != NULL && i < image->piece_count; i++) {
        if (image->pieces[i].content != FETTLE_ESP_UNKNOWN &&
            image->pieces[i].content != FETTLE_ESP_BLANK) {
            return true;
        }
    }
    return false;
}

/* Where nothing but a serial line can be. */
static bool is_line(const char *port)
{
    return strncmp(port, "/dev/tty", 8) == 0 || strncmp(port, "COM", 3) == 0;
}

static bool take_port(fettle_context *context, const fettle_sight *sights, size_t count,
                      const char *port, const fettle_image *image,
                      fettle_selection *selection, fettle_error *err)
{
    const fettle_sight *sight = find_port(sights, count, port);
    if (sight == NULL) {
        fettle_text_append(selection->path, sizeof selection->path, port);
        (void)take_row_of_image(context, image, selection);
        if (selection->row == &fettle_board_generic &&
            (is_for_esp(image) || is_line(port))) {
            selection->row = &fettle_board_esp;
        }
        return true;
    }
    take_sight(context, sight, selection);
    const fettle_vendor *vendor;
    const fettle_stock_loader *stock =
        fettle_vendors_find_stock(context->vendors, sight->id, &vendor);
    if (stock == NULL) {
        return true;
    }
    selection->vendor = vendor;
    /* The file says which board of this vendor it is for: that is a person's choice too. */
    selection->is_stock = true;
    selection->stock_id = sight->id;
    if (take_row_of_image(context, image, selection) &&
        selection->row != &fettle_board_generic) {
        return true;
    }
    fettle_error_set(
        err, FETTLE_E_ANSWER_NEEDED,
        &(fettle_words){.board = stock->name,
                        .text = "say which board it is with --board and its name"});
    return false;
}

static bool take_ids(fettle_context *context, fettle_usb_id id, const fettle_sight *sights,
                     size_t count, fettle_selection *selection)
{
    const fettle_board_row *row = fettle_vendors_find_id(
        context->vendors, id, FETTLE_MODE_UNKNOWN, 0, &selection->vendor);
    selection->row = row != NULL ? row : &fettle_board_generic;
    selection->seen_id = id;
    selection->named_id = id;
    if (row != NULL) {
        look_for_row(context, sights, count, selection);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_same_id(sights[i].id, id)) {
            char path[FETTLE_PATH_SIZE] = "";
            take_sight(context, &sights[i], selection);
            memcpy(selection->path, path,
                   sizeof path); /* the ids are meant, not this port */
            return true;
        }
    }
    return true;
}

/*
 * Could it be meant although nobody named it? Not what is a part of the computer; and where not even
 * the file says anything (`must_wait`), only what somebody has brought into update mode.
 */
static bool is_candidate(fettle_context *context, const fettle_sight *sight, bool must_wait)
{
    const fettle_board_row *row;
    const fettle_vendor *vendor;
    bool has_dfu, is_part;
    fettle_mode mode =
        fettle_sight_mode(context->vendors, sight, &row, &vendor, &has_dfu, &is_part);
    bool is_ours = row != NULL || (has_dfu && !is_part);
    return is_ours && (!must_wait || mode == FETTLE_MODE_DFU);
}

static size_t count_waiting(fettle_context *context, const fettle_sight *sights,
                            size_t count)
{
    size_t waiting = 0;
    for (size_t i = 0; i < count; i++) {
        waiting += is_candidate(context, &sights[i], true);
    }
    return waiting;
}

/* Nothing was said: the only one there, if it is one. */
static bool take_only_one(fettle_context *context, const fettle_sight *sights, size_t count,
                          bool must_wait, fettle_selection *selection, fettle_error *err)
{
    const fettle_sight *found = NULL;
    uint64_t candidates = 0;
    char text[160] = "";
    for (size_t i = 0; i < count; i++) {
        if (is_candidate(context, &sights[i], must_wait)) {
            found = &sights[i];
            fettle_text_append(text, sizeof text, candidates++ > 0 ? ", " : "");
            fettle_text_append(text, sizeof text, sights[i].path);
        }
    }
    if (candidates != 1) {
        fettle_error_set(
            err, candidates == 0 ? FETTLE_E_NO_BOARD : FETTLE_E_SEVERAL_BOARDS,
            &(fettle_words){.board = "board", .count = candidates, .text = text});
        return false;
    }
    take_sight(context, found, selection);
    return true;
}

/* ---- ESP chips ---- */

static bool is_carrier(const fettle_context *context, fettle_usb_id id)
{
    for (size_t i = 0; i < context->vendors.count; i++) {
        const fettle_carrier_ops *carrier = context->vendors.list[i]->carrier;
        if (carrier != NULL && carrier->is_one(id)) {
            return true;
        }
    }
    return false;
}

/* Behind which of the lines the chip is that the file is for can't be seen: one line is no question, and none may yet come. */
static bool take_only_line(fettle_context *context, const fettle_sight *sights,
                           size_t count, fettle_selection *selection, fettle_error *err)
{
    const fettle_sight *found = NULL;
    uint64_t lines = 0;
    char text[160] = "";
    for (size_t i = 0; i < count; i++) {
        fettle_selection seen = {.row = NULL};
        take_sight(context, &sights[i], &seen);
        bool is_line =
            (seen.row == &fettle_board_esp && fettle_bridge_is_known(&sights[i])) ||
            is_carrier(context, sights[i].id);
        if (is_line) {
            found = &sights[i];
            fettle_text_append(text, sizeof text, lines++ > 0 ? ", " : "");
            fettle_text_append(text, sizeof text, sights[i].path);
        }
    }
    if (lines > 1) {
        fettle_error_set(err, FETTLE_E_SEVERAL_BOARDS,
                         &(fettle_words){.count = lines, .text = text});
        return false;
    }
    if (lines == 0) {
        selection->row = &fettle_board_esp;
        return true;
    }
    take_sight(context, found, selection);
    return true;
}

static size_t count_serial(const fettle_sight *sights, size_t count, const char *serial)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++) {
        same += sights[i].serial[0] != '\0' && strcmp(sights[i].serial, serial) == 0;
    }
    return same;
}

/* Makers give the same serial to many boards: then it names none of them. */
static bool take_serial(fettle_context *context, const fettle_sight *sights, size_t count,
                        const char *serial, size_t same, fettle_selection *selection,
                        fettle_error *err)
{
    char text[160] = "";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sights[i].serial, serial) == 0) {
            take_sight(context, &sights[i], selection);
            fettle_text_append(text, sizeof text, text[0] != '\0' ? ", " : "");
            fettle_text_append(text, sizeof text, sights[i].path);
        }
    }
    if (same > 1) {
        fettle_error_set(err, FETTLE_E_SEVERAL_BOARDS,
                         &(fettle_words){.count = same, .text = text});
    }
    return same == 1;
}

static bool resolve(fettle_context *context, const char *selector, bool is_module,
                    const fettle_sight *sights, size_t count, const fettle_image *image,
                    fettle_selection *selection, fettle_error *err)
{
    fettle_usb_id id;
    if (selector == NULL && (is_for_esp(image) || is_module)) {
        return take_only_line(context, sights, count, selection, err);
    }
    if (selector == NULL) {
        if (take_row_of_image(context, image, selection)) {
            look_for_row(context, sights, count, selection);
            return true;
        }
        if (image == NULL || count_waiting(context, sights, count) > 0) {
            return take_only_one(context, sights, count, image != NULL, selection, err);
        }
        fettle_error_set(
            err, FETTLE_E_ANSWER_NEEDED,
            &(fettle_words){.board = "this file",
                            .text = "it doesn't say which board it is for; name the "
                                    "board with --board"});
        return false;
    }
    const fettle_board_row *row =
        fettle_vendors_find_name(context->vendors, selector, &selection->vendor);
    if (row != NULL) {
        selection->row = row;
        look_for_row(context, sights, count, selection);
        look_for_stock(context, sights, count, selection);
        return true;
    }
    if (find_port(sights, count, selector) == NULL && read_ids(selector, &id)) {
        return take_ids(context, id, sights, count, selection);
    }
    size_t same = count_serial(sights, count, selector);
    if (same > 0) {
        return take_serial(context, sights, count, selector, same, selection, err);
    }
    if (looks_like_port(selector)) {
        return take_port(context, sights, count, selector, image, selection, err);
    }
    fettle_error_set(err, FETTLE_E_NO_BOARD, &(fettle_words){.board = selector});
    return false;
}

static void list_parts(fettle_context *context, const fettle_sight *sights, size_t count,
                       fettle_selection *selection)
{
    size_t max = sizeof selection->parts / sizeof *selection->parts;
    for (size_t i = 0; i < count && selection->part_count < max; i++) {
        const fettle_board_row *row;
        const fettle_vendor *vendor;
        bool has_dfu, is_part;
        (void)fettle_sight_mode(context->vendors, &sights[i], &row, &vendor, &has_dfu,
                                &is_part);
        if (is_part && row == NULL) {
            selection->parts[selection->part_count++] = sights[i].id;
        }
    }
}

/* ---- modules ---- */

static bool is_module_row(const fettle_board_row *row)
{
    return row != NULL && row->protocol == FETTLE_PROTOCOL_ESP;
}

static bool refuse_module(fettle_context *context, const char *module, fettle_error *err)
{
    char text[240] = "no module is called ";
    fettle_text_append(text, sizeof text, module);
    fettle_text_append(text, sizeof text, "; known are ");
    for (size_t i = 0; i < context->vendors.count; i++) {
        const fettle_vendor *vendor = context->vendors.list[i];
        for (size_t k = 0; k < vendor->module_row_count; k++) {
            fettle_text_append(text, sizeof text, k > 0 ? ", " : "");
            fettle_text_append(text, sizeof text, vendor->module_rows[k].id);
        }
    }
    fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = text});
    return false;
}

/* Firmware of a board that carries modules, by the ids in it. */
static const fettle_board_row *row_of_carriers_file(fettle_context *context,
                                                    const fettle_image *image)
{
    const fettle_vendor *vendor;
    const fettle_board_row *row = NULL;
    if (image != NULL && image->has_suffix) {
        fettle_usb_id id = {image->suffix.idVendor, image->suffix.idProduct};
        row = fettle_vendors_find_id(context->vendors, id, FETTLE_MODE_DFU, 0, &vendor);
    }
    return row != NULL && row->carries_module ? row : NULL;
}

static bool refuse_carriers_file(const fettle_board_row *carrier,
                                 const fettle_selection *selection, fettle_error *err)
{
    char text[160];
    fettle_words_render(text, sizeof text,
                        "the file is firmware of the {board} itself, not of the module on "
                        "it; leave out --module if the {board} is meant",
                        &(fettle_words){.board = carrier->name});
    fettle_error_set(err, FETTLE_E_IMAGE_NOT_FOR_BOARD,
                     &(fettle_words){.board = selection->row->name, .text = text});
    return false;
}

/* A file that names its module isn't for another one, whatever somebody has typed. */
static bool check_file_of(const fettle_board_row *row, const fettle_vendor *vendor,
                          const fettle_image *image, fettle_error *err)
{
    char text[200];
    const fettle_vendor *of_file = NULL;
    const fettle_module_ops *ops = vendor != NULL ? vendor->modules : NULL;
    bool is_told = image != NULL && image->module[0] != '\0' && ops != NULL &&
                   ops->takes_files_of != NULL && row != &fettle_board_esp;
    if (!is_told || ops->takes_files_of(row->id, image->module)) {
        return true;
    }
    const fettle_board_row *other =
        fettle_vendors_find_name((fettle_vendors){&vendor, 1}, image->module, &of_file);
    fettle_words_render(text, sizeof text,
                        "the package is for a {text}, and --module says {text2}",
                        &(fettle_words){.text = other != NULL ? other->name : image->module,
                                        .text2 = row->name});
    fettle_error_set(err, FETTLE_E_IMAGE_NOT_FOR_BOARD,
                     &(fettle_words){.board = row->name, .text = text});
    err->hint = "Choose the package for that module; if --module is wrong, leave it out.";
    return false;
}

/* A port shows the carrier; what is meant may be the module on it. The file knows, or a person says so. */
static bool turn_to_module(fettle_context *context, const char *module,
                           const fettle_image *image, fettle_selection *selection,
                           fettle_error *err)
{
    const char *name = module != NULL && module[0] != '\0' ? module
                       : image != NULL                     ? image->module
                                                           : "";
    /* Another board that is there is meant itself, and its own way refuses the file. */
    bool is_line = selection->row->protocol == FETTLE_PROTOCOL_ESP;
    bool may_carry =
        !selection->is_seen || is_line || is_carrier(context, selection->seen_id);
    bool is_meant = module != NULL || (is_for_esp(image) && may_carry);
    const fettle_board_row *carrier = row_of_carriers_file(context, image);
    if (carrier != NULL && (module != NULL || is_line)) {
        return refuse_carriers_file(carrier, selection, err);
    }
    if (!is_meant || (name[0] == '\0' && is_line)) {
        return true;
    }
    const fettle_vendor *vendor = NULL;
    const fettle_board_row *row =
        name[0] != '\0' ? fettle_vendors_find_name(context->vendors, name, &vendor)
                        : &fettle_board_esp;
    if (!is_module_row(row)) {
        return refuse_module(context, name, err);
    }
    if (!check_file_of(row, vendor, image, err)) {
        return false;
    }
    selection->row = row;
    selection->vendor = vendor;
    selection->named_id = (fettle_usb_id){0, 0};
    return true;
}

bool fettle_select(fettle_context *context, const char *selector, const char *module,
                   const fettle_image *image, fettle_selection *selection,
                   fettle_error *err)
{
    size_t count;
    memset(selection, 0, sizeof *selection);
    selection->row = &fettle_board_generic;
    selection->means_module = module != NULL;
    fettle_sight *sights = fettle_context_look(context, &count, NULL, err);
    if (sights == NULL) {
        return false;
    }
    list_parts(context, sights, count, selection);
    bool is_resolved =
        resolve(context, selector, module != NULL, sights, count, image, selection, err) &&
        turn_to_module(context, module, image, selection, err);
    fettle_free(sights);
    return is_resolved;
}
