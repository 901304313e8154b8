/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fettle info FILE`: what a file is and which boards it fits; `fettle info --board …`: what a board
 * is. A damaged file is described as well, and then named damaged.
 */
#include "cmd_info.h"
#include "jobs.h"
#include "object.h"

#include <string.h>

void cli_info_fact(const cli_paper *paper, const char *name, const char *value)
{
    char first[32];
    snprintf(first, sizeof first, "  %-10s ", name);
    cli_text_wrap(paper, first, "             ", value);
}

/* 16384 as "16 KiB" */
static void describe_size(char *text, size_t size, uint32_t bytes)
{
    if (bytes % 1048576 == 0) {
        snprintf(text, size, "%u MiB", (unsigned)(bytes / 1048576));
    } else if (bytes % 1024 == 0) {
        snprintf(text, size, "%u KiB", (unsigned)(bytes / 1024));
    } else {
        snprintf(text, size, "%u bytes", (unsigned)bytes);
    }
}

static void write_zone(const cli_paper *paper, const fettle_zone_facts *zone)
{
    char text[128], page[24];
    describe_size(page, sizeof page, zone->page_size);
    snprintf(text, sizeof text, "0x%08x to 0x%08x  %4u x %-9s %s%s%s",
             (unsigned)zone->address,
             (unsigned)(zone->address + (zone->page_size * zone->page_count - 1)),
             (unsigned)zone->page_count, page, zone->can_read ? "read " : "",
             zone->can_erase ? "erase " : "", zone->can_write ? "write" : "");
    cli_info_fact(paper, "", text);
}

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
    cli_info_fact(paper, "memory", text);
    for (size_t i = 0; i < memory->zone_count; i++) {
        write_zone(paper, &memory->zones[i]);
    }
}

/* AN3156, table 4; 0 is Get Commands itself. */
static void write_commands(const cli_paper *paper, fettle_span commands)
{
    static const struct {
        uint8_t code;
        const char *name;
    } names[] = {{0x21, "set address"}, {0x41, "erase"}, {0x92, "read unprotect"}};
    char text[128] = "";
    for (size_t i = 0; i < commands.size; i++) {
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            if (commands.data[i] == names[k].code) {
                cli_text_append(text, sizeof text, text[0] != '\0' ? ", " : "");
                cli_text_append(text, sizeof text, names[k].name);
            }
        }
    }
    cli_info_fact(paper, "commands", text[0] != '\0' ? text : "none that are known");
}

/* ---- ESP chips ---- */

static void write_chip(const cli_paper *paper, const fettle_chip_facts *chip)
{
    char text[160], size[24];
    snprintf(text, sizeof text, "%s%s%s%s%s%s", chip->name,
             chip->revision[0] != '\0' ? ", revision " : "", chip->revision,
             chip->package[0] != '\0' ? " (" : "", chip->package,
             chip->package[0] != '\0' ? ")" : "");
    cli_info_fact(paper, "chip", text);
    if (chip->crystal_mhz != 0) {
        snprintf(text, sizeof text, "%u MHz", (unsigned)chip->crystal_mhz);
        cli_info_fact(paper, "crystal", text);
    }
    if (chip->mac[0] != '\0') {
        cli_info_fact(paper, "MAC", chip->mac);
    }
    if (chip->flash_size != 0) {
        describe_size(size, sizeof size, (uint32_t)chip->flash_size);
        snprintf(text, sizeof text, "%s, id %02x %02x %02x", size,
                 (unsigned)(chip->flash_id & 0xFF), (unsigned)(chip->flash_id >> 8 & 0xFF),
                 (unsigned)(chip->flash_id >> 16 & 0xFF));
    } else {
        snprintf(text, sizeof text, "size not known");
    }
    cli_info_fact(paper, "flash", text);
    if (chip->is_secure_boot || chip->is_encrypted || chip->is_secure_download) {
        snprintf(text, sizeof text, "%s%s%s", chip->is_secure_boot ? "secure boot " : "",
                 chip->is_encrypted ? "flash encryption " : "",
                 chip->is_secure_download ? "secure download mode" : "");
        cli_info_fact(paper, "security", text);
    }
}

static const char *describe_end(const fettle_partition_facts *row, uint64_t flash_size)
{
    bool is_outside = strcmp(row->content, "outside") == 0;
    bool ends_outside = flash_size != 0 && (uint64_t)row->address + row->size > flash_size;
    return is_outside     ? "lies outside of the flash"
           : ends_outside ? ", ends outside of the flash"
                          : "";
}

static void write_partition(const cli_paper *paper, const fettle_partition_facts *row,
                            uint64_t flash_size)
{
    char text[320];
    bool is_outside = strcmp(row->content, "outside") == 0;
    snprintf(text, sizeof text, "0x%06x  %8u  %-16s %s/%s%s  %s%s%s%s%s%s",
             (unsigned)row->address, (unsigned)row->size, row->label, row->type,
             row->subtype, row->is_encrypted ? ", encrypted" : "",
             is_outside ? "" : row->content, row->project[0] != '\0' ? " " : "",
             row->project, row->version[0] != '\0' ? " " : "", row->version,
             describe_end(row, flash_size));
    cli_info_fact(paper, row->is_started ? "starts" : "", text);
}

static void write_carrier(const cli_paper *paper, const fettle_carrier_view *carrier)
{
    char text[96];
    if (carrier == NULL) {
        return;
    }
    if (!carrier->answers) {
        snprintf(text, sizeof text, "does not answer");
    } else if (carrier->has_hardware) {
        snprintf(text, sizeof text, "firmware %u, hardware %u", carrier->firmware,
                 carrier->hardware);
    } else {
        snprintf(text, sizeof text, "firmware %u", carrier->firmware);
    }
    cli_info_fact(paper, carrier->what, text);
}

/* Lines "NAME: VALUE". */
static void write_module(const cli_paper *paper, const char *text)
{
    const char *name = "module";
    while (text != NULL && *text != '\0') {
        char line[256];
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        cli_info_fact(paper, name, line);
        name = "";
        text += length + (text[length] == '\n');
    }
}

void cli_info_of_board(const cli_paper *paper, const fettle_result *result)
{
    char text[FETTLE_TEXT_SIZE + FETTLE_PATH_SIZE + 8];
    snprintf(text, sizeof text, "%s on %s",
             result->name[0] != '\0' ? result->name : "A board", result->path);
    cli_text_wrap(paper, "", "", text);
    cli_info_fact(paper, "mode", fettle_mode_name(result->mode));
    snprintf(text, sizeof text, "%04x:%04x", (unsigned)result->id.vendor,
             (unsigned)result->id.product);
    cli_info_fact(paper, "ids", text);
    if (result->version_before[0] != '\0') {
        cli_info_fact(paper, "version", result->version_before);
    }
    if (result->serial[0] != '\0') {
        cli_info_fact(paper, "serial", result->serial);
    }
    if (result->bcdDFUVersion != 0) {
        snprintf(text, sizeof text, "%x.%02x", (unsigned)result->bcdDFUVersion >> 8,
                 (unsigned)result->bcdDFUVersion & 0xFF);
        cli_info_fact(paper, "DFU", text);
    }
    if (result->commands.size > 0) {
        write_commands(paper, result->commands);
    }
    for (size_t i = 0; i < result->memory_count; i++) {
        write_memory(paper, &result->memories[i]);
    }
    if (result->chip != NULL) {
        write_chip(paper, result->chip);
    }
    write_carrier(paper, result->carrier);
    write_module(paper, result->module_text);
    if (result->partition_count > 0) {
        cli_info_fact(paper, "partitions", "address       size  label            type");
    }
    for (size_t i = 0; i < result->partition_count; i++) {
        write_partition(paper, &result->partitions[i],
                        result->chip != NULL ? result->chip->flash_size : 0);
    }
}

static int info_of_boards(cli_call *call)
{
    cli_jobs_run(call, FETTLE_VERB_SURVEY);
    cli_jobs_look_at_modules(call);
    for (size_t i = 0; i < call->target_count && !call->args->json && !call->args->events;
         i++) {
        if (call->targets[i].is_good) {
            cli_paper paper = cli_ui_stdout(&call->ui);
            cli_info_of_board(&paper, fettle_job_result(call->targets[i].job));
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
    return call->args->file != NULL ? cli_info_of_files(call) : info_of_boards(call);
}
