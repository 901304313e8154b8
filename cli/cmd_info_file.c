/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fettle info FILE...`: what files are, where their content goes and which boards they fit. Several are described as
 * the one image that an update would make of them.
 */
#include "cmd_info.h"
#include "object.h"

#include <string.h>

enum {
    MOST_FITS = 32,
    MOST_LINES = 24, /* of regions, and of targets; --json has all */
};

typedef struct described {
    const fettle_image *image;
    fettle_image_facts facts;
    size_t fit_count;
    const char *fits[MOST_FITS];
    char hash[65];
} described;

static void describe(described *what, const fettle_image *image)
{
    what->image = image;
    fettle_image_get_facts(image, &what->facts);
    what->fit_count = fettle_image_fits(image, what->fits, MOST_FITS);
    what->fit_count = what->fit_count < MOST_FITS ? what->fit_count : MOST_FITS;
    cli_object_hash(what->hash, what->facts.sha256);
}

static void write_id(const cli_paper *paper, const char *name, uint16_t id)
{
    char text[16] = "any";
    if (id != 0xFFFF) {
        snprintf(text, sizeof text, "%04x", (unsigned)id);
    }
    cli_info_fact(paper, name, text);
}

static void write_suffix(const cli_paper *paper, const fettle_image_facts *facts)
{
    char text[96];
    write_id(paper, "vendor", facts->idVendor);
    write_id(paper, "product", facts->idProduct);
    write_id(paper, "device", facts->bcdDevice);
    snprintf(text, sizeof text, "%x.%02x", (unsigned)facts->bcdDFU >> 8,
             (unsigned)facts->bcdDFU & 0xFF);
    cli_info_fact(paper, "DFU", text);
    if (facts->crc_stored == facts->crc_computed) {
        snprintf(text, sizeof text, "%08x, agrees with the content",
                 (unsigned)facts->crc_stored);
    } else {
        snprintf(text, sizeof text, "%08x, but the content makes %08x",
                 (unsigned)facts->crc_stored, (unsigned)facts->crc_computed);
    }
    cli_info_fact(paper, "checksum", text);
}

/* Of several files it's whom they are for; how their suffixes look is each file's own. */
static void write_suffixes(const cli_paper *paper, const fettle_image_facts *facts)
{
    if (strcmp(facts->format, "joined") != 0) {
        write_suffix(paper, facts);
        return;
    }
    write_id(paper, "vendor", facts->idVendor);
    write_id(paper, "product", facts->idProduct);
    if (facts->is_damaged) {
        cli_info_fact(paper, "checksum", "one of the files is damaged");
    }
}

static void write_region(const cli_paper *paper, const fettle_image_region_view *region)
{
    char text[96];
    if (!region->has_address) {
        snprintf(text, sizeof text,
                 "%zu bytes, where the chip or its partition table wants them",
                 region->data.size);
        cli_info_fact(paper, "region", text);
        return;
    }
    int used = snprintf(
        text, sizeof text, "0x%08x to 0x%08x, %zu bytes", (unsigned)region->address,
        (unsigned)(region->address + (region->data.size - 1)), region->data.size);
    if (region->has_alternate && used > 0) {
        snprintf(text + used, sizeof text - (size_t)used, ", for alternate setting %u",
                 (unsigned)region->alternate);
    }
    cli_info_fact(paper, "region", text);
}

static void write_what_is_left(const cli_paper *paper, const char *name, size_t count)
{
    char text[64];
    if (count > MOST_LINES) {
        snprintf(text, sizeof text, "... and %zu more; --json has all of them",
                 count - MOST_LINES);
        cli_info_fact(paper, name, text);
    }
}

static void write_regions(const cli_paper *paper, const described *what)
{
    char text[64];
    size_t count = what->facts.region_count, gaps = what->facts.gap_count;
    fettle_image_region_view region;
    if (!fettle_image_region(what->image, 0, &region) ||
        (!region.has_address && count == 1)) {
        return; /* raw: there is nothing to say */
    }
    if (count > 1) {
        snprintf(text, sizeof text, "%zu, with %zu %s", count, gaps,
                 gaps == 1 ? "gap" : "gaps");
        cli_info_fact(paper, "regions", text);
    }
    for (size_t i = 0; i < MOST_LINES && fettle_image_region(what->image, i, &region);
         i++) {
        write_region(paper, &region);
    }
    write_what_is_left(paper, "region", count);
}

static void write_targets(const cli_paper *paper, const described *what)
{
    char text[1536], name[1280]; /* 255 bytes, each as \xNN */
    fettle_image_target_view target;
    for (size_t i = 0; i < MOST_LINES && fettle_image_target_at(what->image, i, &target);
         i++) {
        fettle_text_to_show(name, sizeof name, target.name);
        snprintf(text, sizeof text, "alternate setting %u%s%s%s, %zu element%s",
                 (unsigned)target.alternate, name[0] != '\0' ? " \"" : "", name,
                 name[0] != '\0' ? "\"" : "", target.element_count,
                 target.element_count == 1 ? "" : "s");
        cli_info_fact(paper, "target", text);
    }
    write_what_is_left(paper, "target", what->facts.target_count);
}

static void write_dfuse_size(const cli_paper *paper, const char *dfuse_size)
{
    if (strcmp(dfuse_size, "with-suffix") == 0) {
        cli_info_fact(paper, "note",
                      "its size field counts the suffix; some other programs refuse that");
    } else if (strcmp(dfuse_size, "zero") == 0) {
        cli_info_fact(paper, "note",
                      "its size field is zero; some other programs refuse that");
    }
}

static void write_addresses(const cli_paper *paper, const described *what)
{
    char text[16];
    write_regions(paper, what);
    write_targets(paper, what);
    if (what->facts.has_entry) {
        snprintf(text, sizeof text, "0x%08x", (unsigned)what->facts.entry);
        cli_info_fact(paper, "entry", text);
    }
    write_dfuse_size(paper, what->facts.dfuse_size);
}

static void write_file(const cli_call *call, const described *what)
{
    cli_paper paper = cli_ui_stdout(&call->ui);
    const fettle_image_facts *facts = &what->facts;
    char text[512];
    cli_text_wrap(&paper, "", "", facts->name);
    bool has_one_suffix = facts->has_suffix && strcmp(facts->format, "joined") != 0;
    snprintf(text, sizeof text, has_one_suffix ? "%s, with a suffix of %u bytes" : "%s",
             facts->format, (unsigned)facts->suffix_length);
    cli_info_fact(&paper, "format", text);
    snprintf(text, sizeof text, "%zu bytes, of which %zu are sent", facts->file.size,
             facts->content_size);
    cli_info_fact(&paper, "size", text);
    cli_info_fact(&paper, "SHA-256", what->hash);
    if (facts->version[0] != '\0') {
        cli_info_fact(&paper, "firmware", facts->version);
    }
    if (facts->layouts[0] != '\0') {
        snprintf(text, sizeof text, "for flash of %s", facts->layouts);
        cli_info_fact(&paper, "layouts", text);
    }
    write_addresses(&paper, what);
    if (facts->has_suffix) {
        write_suffixes(&paper, facts);
    }
    if (facts->prefix_size > 0) {
        snprintf(text, sizeof text, "%s, %zu bytes, for %u bytes at 0x%08x", facts->prefix,
                 facts->prefix_size, (unsigned)facts->prefix_length,
                 (unsigned)facts->prefix_address);
        cli_info_fact(&paper, "prefix", text);
    }
    bool names_boards = what->fit_count > 0 && facts->piece_count > 0;
    if (facts->piece_count > 0 &&
        cli_info_write_pieces(&paper, what->image, facts, call->ui.verbose > 0) &&
        !names_boards) {
        return;
    }
    text[0] = '\0';
    for (size_t i = 0; i < what->fit_count; i++) {
        cli_text_append(text, sizeof text, i > 0 ? ", " : "");
        cli_text_append(text, sizeof text, what->fits[i]);
    }
    cli_info_fact(&paper, "made for",
                  text[0] != '\0'     ? text
                  : facts->has_suffix ? "none of the boards that fettle knows by name"
                                      : "it doesn't say");
}

static void add_id_or_any(cli_json *json, const char *key, uint16_t id)
{
    char text[8];
    snprintf(text, sizeof text, "%04x", (unsigned)id);
    cli_json_text(json, key, id != 0xFFFF ? text : NULL);
}

static void add_suffix(cli_json *json, const fettle_image_facts *facts)
{
    if (!facts->has_suffix) {
        cli_json_null(json, "suffix");
        return;
    }
    char text[16];
    cli_json_open_object(json, "suffix");
    cli_json_number(json, "length", facts->suffix_length);
    add_id_or_any(json, "vendor", facts->idVendor);
    add_id_or_any(json, "product", facts->idProduct);
    add_id_or_any(json, "device", facts->bcdDevice);
    snprintf(text, sizeof text, "%04x", (unsigned)facts->bcdDFU);
    cli_json_text(json, "dfu", text);
    snprintf(text, sizeof text, "%08x", (unsigned)facts->crc_stored);
    cli_json_text(json, "crc_stored", text);
    snprintf(text, sizeof text, "%08x", (unsigned)facts->crc_computed);
    cli_json_text(json, "crc_computed", text);
    cli_json_close_object(json);
}

static void add_prefix(cli_json *json, const fettle_image_facts *facts)
{
    if (facts->prefix_size == 0) {
        cli_json_null(json, "prefix");
        return;
    }
    cli_json_open_object(json, "prefix");
    cli_json_text(json, "kind", facts->prefix);
    cli_json_number(json, "size", facts->prefix_size);
    cli_json_number(json, "address", facts->prefix_address);
    cli_json_number(json, "length", facts->prefix_length);
    cli_json_close_object(json);
}

static void add_regions(cli_json *json, const described *what)
{
    fettle_image_region_view region;
    cli_json_open_array(json, "regions");
    for (size_t i = 0; fettle_image_region(what->image, i, &region); i++) {
        cli_json_open_object(json, NULL);
        if (region.has_address) {
            cli_json_number(json, "address", region.address);
        } else {
            cli_json_null(json, "address");
        }
        if (region.has_alternate) {
            cli_json_number(json, "alternate", region.alternate);
        } else {
            cli_json_null(json, "alternate");
        }
        cli_json_number(json, "size", region.data.size);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
    cli_json_number(json, "gaps", what->facts.gap_count);
}

static void add_targets(cli_json *json, const described *what)
{
    fettle_image_target_view target;
    cli_json_open_array(json, "targets");
    for (size_t i = 0; fettle_image_target_at(what->image, i, &target); i++) {
        cli_json_open_object(json, NULL);
        cli_json_number(json, "alternate", target.alternate);
        cli_json_text(json, "name", target.name);
        cli_json_number(json, "elements", target.element_count);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
    bool is_dfuse = strcmp(what->facts.dfuse_size, "none") != 0;
    cli_json_text(json, "dfuse_size", is_dfuse ? what->facts.dfuse_size : NULL);
}

static void write_file_object(const cli_call *call, const described *what,
                              const fettle_error *err)
{
    cli_json json = {.out = stdout};
    const fettle_image_facts *facts = &what->facts;
    cli_object_begin(&json, call, err == NULL);
    cli_object_add_error(&json, err, call->ui.verbose > 0);
    cli_json_open_object(&json, "image");
    cli_json_text(&json, "name", facts->name);
    cli_json_text(&json, "format", facts->format);
    cli_json_number(&json, "size", facts->file.size);
    cli_json_number(&json, "content_size", facts->content_size);
    cli_json_text(&json, "sha256", what->hash);
    cli_json_truth(&json, "damaged", facts->is_damaged);
    add_suffix(&json, facts);
    add_prefix(&json, facts);
    add_regions(&json, what);
    add_targets(&json, what);
    if (facts->has_entry) {
        cli_json_number(&json, "entry", facts->entry);
    } else {
        cli_json_null(&json, "entry");
    }
    cli_info_add_pieces(&json, what->image, facts);
    cli_json_text(&json, "version", facts->version[0] != '\0' ? facts->version : NULL);
    cli_json_text(&json, "layouts", facts->layouts[0] != '\0' ? facts->layouts : NULL);
    cli_json_open_array(&json, "fits");
    for (size_t i = 0; i < what->fit_count; i++) {
        cli_json_text(&json, NULL, what->fits[i]);
    }
    cli_json_close_array(&json);
    cli_json_close_object(&json);
    cli_json_open_array(&json, "boards");
    cli_json_close_array(&json);
    cli_object_end(&json);
}

/* It can't be read twice. */
static bool is_stdin_named(const cli_args *args)
{
    bool is_named = false;
    for (size_t i = 0; i < args->file_count; i++) {
        is_named = is_named || cli_file_is_stdin(args->files[i]);
    }
    return is_named;
}

/* A manifest with builds for several chips: one after the other. False: it has none, or one can't be read. */
static bool write_builds(const cli_call *call, fettle_error *err)
{
    enum { MOST = 64 };
    char chips[MOST][FETTLE_CHIP_WORD_SIZE];
    const char *file = call->args->files[0];
    size_t count = call->args->file_count == 1 ? fettle_image_chips(file, chips, MOST) : 0;
    for (size_t i = 0; i < count && i < MOST; i++) {
        fettle_image *image = fettle_image_load_for_chip(file, chips[i], 0, err);
        if (image == NULL) {
            return false;
        }
        described what;
        describe(&what, image);
        write_file(call, &what);
        fettle_image_free(image);
    }
    fflush(stdout);
    return count > 0;
}

int cli_info_of_files(cli_call *call)
{
    fettle_error err;
    const fettle_error *damage = NULL;
    unsigned flags = call->args->accept_damaged ? FETTLE_LOAD_ACCEPT_DAMAGED : 0u;
    if (!cli_call_load(call, flags, &err)) {
        if (err.code == FETTLE_E_BUILD_NOT_NAMED && !call->args->json &&
            write_builds(call, &err)) {
            return 0;
        }
        fettle_error second;
        if (err.code != FETTLE_E_FILE_DAMAGED || is_stdin_named(call->args) ||
            !cli_call_load(call, FETTLE_LOAD_ACCEPT_DAMAGED, &second)) {
            return cli_call_refuse(call, &err);
        }
        damage = &err;
    }
    described what;
    describe(&what, call->image);
    if (call->args->json) {
        write_file_object(call, &what, damage);
    } else {
        write_file(call, &what);
        fflush(stdout);
    }
    if (damage == NULL) {
        return 0;
    }
    cli_ui_failure(&call->ui, damage, NULL);
    return fettle_code_exit_status(damage->code);
}
