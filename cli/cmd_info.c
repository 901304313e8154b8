/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fettle info FILE`: what a file is and which boards it fits; `fettle info --board …`: what a board
 * is. A damaged file is described as well, and then named damaged.
 */
#include "jobs.h"
#include "object.h"

#include <string.h>

enum {
    MOST_FITS = 32,
};

/* ---- a file ---- */

typedef struct described {
    fettle_image_facts facts;
    size_t fit_count;
    const char *fits[MOST_FITS];
    char hash[65];
} described;

static void describe(described *what, const fettle_image *image)
{
    fettle_image_get_facts(image, &what->facts);
    what->fit_count = fettle_image_fits(image, what->fits, MOST_FITS);
    what->fit_count = what->fit_count < MOST_FITS ? what->fit_count : MOST_FITS;
    cli_object_hash(what->hash, what->facts.sha256);
}

static void write_fact(const cli_paper *paper, const char *name, const char *value)
{
    char first[32];
    snprintf(first, sizeof first, "  %-10s ", name);
    cli_text_wrap(paper, first, "             ", value);
}

static void write_id(const cli_paper *paper, const char *name, uint16_t id)
{
    char text[16] = "any";
    if (id != 0xFFFF) {
        snprintf(text, sizeof text, "%04x", (unsigned)id);
    }
    write_fact(paper, name, text);
}

static void write_suffix(const cli_paper *paper, const fettle_image_facts *facts)
{
    char text[96];
    write_id(paper, "vendor", facts->idVendor);
    write_id(paper, "product", facts->idProduct);
    write_id(paper, "device", facts->bcdDevice);
    snprintf(text, sizeof text, "%x.%02x", (unsigned)facts->bcdDFU >> 8,
             (unsigned)facts->bcdDFU & 0xFF);
    write_fact(paper, "DFU", text);
    if (facts->crc_stored == facts->crc_computed) {
        snprintf(text, sizeof text, "%08x, agrees with the content",
                 (unsigned)facts->crc_stored);
    } else {
        snprintf(text, sizeof text, "%08x, but the content makes %08x",
                 (unsigned)facts->crc_stored, (unsigned)facts->crc_computed);
    }
    write_fact(paper, "checksum", text);
}

static void write_file(const cli_call *call, const described *what)
{
    cli_paper paper = cli_ui_stdout(&call->ui);
    const fettle_image_facts *facts = &what->facts;
    char text[512];
    cli_text_wrap(&paper, "", "", facts->name);
    snprintf(text, sizeof text, facts->has_suffix ? "%s, with a suffix of %u bytes" : "%s",
             facts->format, (unsigned)facts->suffix_length);
    write_fact(&paper, "format", text);
    snprintf(text, sizeof text, "%zu bytes, of which %zu are sent", facts->file.size,
             facts->content.size);
    write_fact(&paper, "size", text);
    write_fact(&paper, "SHA-256", what->hash);
    if (facts->has_suffix) {
        write_suffix(&paper, facts);
    }
    if (facts->prefix_size > 0) {
        snprintf(text, sizeof text, "%s, %zu bytes, for %u bytes at 0x%08x", facts->prefix,
                 facts->prefix_size, (unsigned)facts->prefix_length,
                 (unsigned)facts->prefix_address);
        write_fact(&paper, "prefix", text);
    }
    text[0] = '\0';
    for (size_t i = 0; i < what->fit_count; i++) {
        cli_text_append(text, sizeof text, i > 0 ? ", " : "");
        cli_text_append(text, sizeof text, what->fits[i]);
    }
    write_fact(&paper, "made for",
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
    cli_json_number(&json, "content_size", facts->content.size);
    cli_json_text(&json, "sha256", what->hash);
    cli_json_truth(&json, "damaged", facts->is_damaged);
    add_suffix(&json, facts);
    add_prefix(&json, facts);
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

static int info_of_file(cli_call *call)
{
    fettle_error err;
    const fettle_error *damage = NULL;
    unsigned flags = call->args->accept_damaged ? FETTLE_LOAD_ACCEPT_DAMAGED : 0u;
    if (!cli_call_load(call, flags, &err)) {
        fettle_error second;
        bool is_stdin = strcmp(call->args->file, "-") == 0; /* can't be read twice */
        if (err.code != FETTLE_E_FILE_DAMAGED || is_stdin ||
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

/* ---- a board ---- */

static void write_memory(const cli_paper *paper, const fettle_memory_facts *memory)
{
    char text[FETTLE_TEXT_SIZE + 128], size[32] = "size not known";
    if (memory->size > 0) {
        snprintf(size, sizeof size, "%zu bytes", memory->size);
    }
    snprintf(text, sizeof text, "%u \"%s\": %s, %zu bytes a transfer, %s",
             (unsigned)memory->alternate, memory->name, size, memory->transfer_size,
             memory->can_write && memory->can_read ? "can be written and read"
             : memory->can_write                   ? "can be written, not read"
             : memory->can_read                    ? "can be read, not written"
                                                   : "can neither be written nor read");
    write_fact(paper, "memory", text);
}

static void write_board(const cli_call *call, const cli_target *target)
{
    cli_paper paper = cli_ui_stdout(&call->ui);
    const fettle_result *result = fettle_job_result(target->job);
    char text[FETTLE_TEXT_SIZE + FETTLE_PATH_SIZE + 8];
    snprintf(text, sizeof text, "%s on %s",
             result->name[0] != '\0' ? result->name : "A board", result->path);
    cli_text_wrap(&paper, "", "", text);
    write_fact(&paper, "mode", fettle_mode_name(result->mode));
    snprintf(text, sizeof text, "%04x:%04x", (unsigned)result->id.vendor,
             (unsigned)result->id.product);
    write_fact(&paper, "ids", text);
    if (result->version_before[0] != '\0') {
        write_fact(&paper, "version", result->version_before);
    }
    if (result->serial[0] != '\0') {
        write_fact(&paper, "serial", result->serial);
    }
    if (result->bcdDFUVersion != 0) {
        snprintf(text, sizeof text, "%x.%02x", (unsigned)result->bcdDFUVersion >> 8,
                 (unsigned)result->bcdDFUVersion & 0xFF);
        write_fact(&paper, "DFU", text);
    }
    for (size_t i = 0; i < result->memory_count; i++) {
        write_memory(&paper, &result->memories[i]);
    }
}

static int info_of_boards(cli_call *call)
{
    cli_jobs_run(call, FETTLE_VERB_SURVEY);
    for (size_t i = 0; i < call->target_count && !call->args->json && !call->args->events;
         i++) {
        if (call->targets[i].is_good) {
            write_board(call, &call->targets[i]);
        }
    }
    return cli_jobs_end(call);
}

int cli_info(cli_call *call)
{
    fettle_error err;
    if (!cli_call_open(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    return call->args->file != NULL ? info_of_file(call) : info_of_boards(call);
}
