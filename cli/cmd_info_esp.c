/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `fettle info FILE` tells of files for ESP chips: of one thing everything, of several where each goes. What they are for is
 * in their headers, so nothing here is guessed by a file's name.
 */
#include "cmd_info.h"
#include "object.h"

#include <string.h>

enum {
    MOST_LINES = 24, /* of parts, and of partitions; --json has all */
    REVISION_ANY = 65535,
};

/* What a piece is, for people. */
static const char *content_words(const char *content)
{
    static const struct {
        const char *content, *words;
    } all[] = {
        {"application", "application"},
        {"bootloader", "bootloader"},
        {"image", "application or bootloader"},
        {"table", "partition table"},
        {"otadata", "choice of the application slot"},
        {"nvs", "settings (NVS)"},
        {"littlefs", "LittleFS file system"},
        {"spiffs", "SPIFFS file system"},
        {"fat", "FAT file system"},
        {"blank", "nothing: it is erased"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].content, content) == 0) {
            return all[i].words;
        }
    }
    return "data";
}

/* ---- one thing ---- */

static void write_text(const cli_paper *paper, const char *name, const char *text)
{
    char shown[4 * 64 + 1];
    if (text[0] != '\0') {
        fettle_text_to_show(shown, sizeof shown, text);
        cli_info_fact(paper, name, shown);
    }
}

static void append_revision(char *text, size_t size, const char *before, unsigned revision)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%u.%u", before, revision / 100, revision % 100);
}

static void describe_chip(char *text, size_t size, const fettle_image_piece_view *piece)
{
    if (piece->chip != NULL) {
        snprintf(text, size, "%s", piece->chip);
    } else {
        snprintf(text, size, "a chip with id %u, which this fettle doesn't know",
                 (unsigned)piece->chip_id);
    }
    bool has_most = piece->max_revision != REVISION_ANY;
    if (has_most || piece->min_revision > 0) {
        append_revision(text, size, ", revision ", piece->min_revision);
        if (has_most) {
            append_revision(text, size, " to ", piece->max_revision);
        } else {
            cli_text_append(text, size, " or later");
        }
    }
}

static void describe_flash(char *text, size_t size, const fettle_image_piece_view *piece)
{
    char mode[16], mhz[24];
    snprintf(mode, sizeof mode, "%s", piece->flash_mode != NULL ? piece->flash_mode : "?");
    snprintf(mhz, sizeof mhz, ", %u MHz", piece->flash_mhz);
    snprintf(text, size, "%s, %u KiB%s", mode, (unsigned)(piece->flash_size / 1024),
             piece->flash_mhz > 0 ? mhz : "");
}

static void describe_end(char *text, size_t size, const fettle_image_piece_view *piece)
{
    size_t after = piece->size > piece->image_size ? piece->size - piece->image_size : 0;
    int used = snprintf(text, size, "%zu bytes, %s", piece->image_size,
                        !piece->is_intact ? "damaged"
                        : piece->has_hash ? "checksum and SHA-256 agree"
                                          : "its checksum agrees");
    if (after > 0 && used > 0) {
        snprintf(text + used, size - (size_t)used, "; %zu bytes follow", after);
    }
}

static void write_segments(const cli_paper *paper, const fettle_image *image, size_t index)
{
    char text[96];
    fettle_image_segment_view segment;
    for (size_t i = 0; fettle_image_segment_at(image, index, i, &segment); i++) {
        snprintf(text, sizeof text, "0x%08x, %u bytes%s", (unsigned)segment.address,
                 (unsigned)segment.size, segment.is_mapped ? ", mapped from flash" : "");
        cli_info_fact(paper, "segment", text);
    }
}

static void write_image(const cli_paper *paper, const fettle_image *image, size_t index,
                        const fettle_image_piece_view *piece, bool is_verbose)
{
    char text[160];
    write_text(paper, "project", piece->project);
    write_text(paper, "version", piece->version);
    write_text(paper, "ESP-IDF", piece->idf);
    snprintf(text, sizeof text, "%s%s%s", piece->date,
             piece->date[0] != '\0' && piece->time[0] != '\0' ? " " : "", piece->time);
    write_text(paper, "built", text);
    describe_flash(text, sizeof text, piece);
    cli_info_fact(paper, "flash", text);
    if (piece->image_size > 0) {
        describe_end(text, sizeof text, piece);
        cli_info_fact(paper, "image", text);
    }
    if (is_verbose) {
        snprintf(text, sizeof text, "0x%08x", (unsigned)piece->entry);
        cli_info_fact(paper, "entry", text);
        write_segments(paper, image, index);
    }
}

static const char *place_of(const fettle_image_piece_view *piece)
{
    if (strcmp(piece->content, "table") == 0) {
        return "0x00008000, unless an address is given";
    }
    if (strcmp(piece->content, "application") == 0 && piece->has_chip_id) {
        return "the application slot that the board's partition table names";
    }
    return piece->is_image ? "where the chip's loader looks for it" : NULL;
}

/* ---- tables ---- */

static void write_partitions(const cli_paper *paper, const fettle_image *image)
{
    char text[256];
    fettle_partition_facts row;
    size_t i = 0;
    for (; fettle_image_partition_at(image, i, &row); i++) {
        if (i < MOST_LINES) {
            snprintf(text, sizeof text, "0x%08x to 0x%08x, %s (%s, %s)%s",
                     (unsigned)row.address, (unsigned)(row.address + (row.size - 1)),
                     row.label, row.type, row.subtype,
                     row.is_encrypted ? ", encrypted" : "");
            cli_info_fact(paper, "partition", text);
        }
    }
    if (i > MOST_LINES) {
        snprintf(text, sizeof text, "... and %zu more; --json has all of them",
                 i - MOST_LINES);
        cli_info_fact(paper, "partition", text);
    }
}

/* ---- several things ---- */

static void write_part(const cli_paper *paper, const fettle_image_piece_view *piece,
                       bool shows_name)
{
    char text[768], name[256], detail[328] = "", place[48] = "without an address";
    fettle_text_to_show(name, sizeof name,
                        piece->label[0] != '\0' ? piece->label : piece->name);
    if (piece->project[0] != '\0') {
        char project[160], version[160];
        fettle_text_to_show(project, sizeof project, piece->project);
        fettle_text_to_show(version, sizeof version, piece->version);
        snprintf(detail, sizeof detail, " %s %s", project, version);
    }
    bool has_name = shows_name || piece->label[0] != '\0';
    if (piece->has_address) {
        snprintf(place, sizeof place, "0x%08x to 0x%08x", (unsigned)piece->address,
                 (unsigned)(piece->address + (piece->size - 1)));
    }
    snprintf(text, sizeof text, "%s, %s%s%s%s%s", place, content_words(piece->content),
             detail, has_name ? " (" : "", has_name ? name : "", has_name ? ")" : "");
    cli_info_fact(paper, "part", text);
}

static void write_parts(const cli_paper *paper, const fettle_image *image,
                        const fettle_image_facts *facts)
{
    char text[64];
    bool is_joined = strcmp(facts->format, "joined") == 0;
    fettle_image_piece_view piece;
    for (size_t i = 0; i < MOST_LINES && fettle_image_piece_at(image, i, &piece); i++) {
        write_part(paper, &piece, is_joined);
    }
    if (facts->piece_count > MOST_LINES) {
        snprintf(text, sizeof text, "... and %zu more; --json has all of them",
                 facts->piece_count - MOST_LINES);
        cli_info_fact(paper, "part", text);
    }
}

/* The piece that says most: the application, else the first that says anything. False: none does. */
static bool find_main(const fettle_image *image, size_t *index,
                      fettle_image_piece_view *piece)
{
    bool has_any = false;
    fettle_image_piece_view one;
    for (size_t i = 0; fettle_image_piece_at(image, i, &one); i++) {
        bool is_app = strcmp(one.content, "application") == 0;
        if (is_app || (one.is_image && !has_any)) {
            *index = i;
            *piece = one;
            has_any = true;
        }
        if (is_app) {
            break;
        }
    }
    return has_any;
}

bool cli_info_write_pieces(const cli_paper *paper, const fettle_image *image,
                           const fettle_image_facts *facts, bool is_verbose)
{
    char text[160];
    size_t index = 0;
    fettle_image_piece_view piece;
    if (facts->piece_count == 1 && fettle_image_piece_at(image, 0, &piece)) {
        cli_info_fact(paper, "content", content_words(piece.content));
        if (!piece.has_address && place_of(&piece) != NULL) {
            cli_info_fact(paper, "goes to", place_of(&piece));
        }
    } else {
        write_parts(paper, image, facts);
    }
    bool has_main = find_main(image, &index, &piece);
    if (has_main) {
        write_image(paper, image, index, &piece, is_verbose);
    }
    write_partitions(paper, image);
    if (!has_main && facts->chip[0] == '\0') {
        return false;
    }
    if (has_main) {
        describe_chip(text, sizeof text, &piece);
    }
    cli_info_fact(paper, "made for", has_main ? text : facts->chip);
    return true;
}

/* ---- JSON ---- */

static void add_text_or_null(cli_json *json, const char *key, const char *text)
{
    cli_json_text(json, key, text[0] != '\0' ? text : NULL);
}

static void add_segments(cli_json *json, const fettle_image *image, size_t index)
{
    fettle_image_segment_view segment;
    cli_json_open_array(json, "segments");
    for (size_t i = 0; fettle_image_segment_at(image, index, i, &segment); i++) {
        cli_json_open_object(json, NULL);
        cli_json_number(json, "address", segment.address);
        cli_json_number(json, "size", segment.size);
        cli_json_truth(json, "mapped", segment.is_mapped);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
}

static void add_esp(cli_json *json, const fettle_image *image, size_t index,
                    const fettle_image_piece_view *piece)
{
    if (!piece->is_image) {
        cli_json_null(json, "esp");
        return;
    }
    cli_json_open_object(json, "esp");
    cli_json_text(json, "chip", piece->chip);
    if (piece->has_chip_id) {
        cli_json_number(json, "chip_id", piece->chip_id);
    } else {
        cli_json_null(json, "chip_id");
    }
    cli_json_number(json, "min_revision", piece->min_revision);
    cli_json_number(json, "max_revision", piece->max_revision);
    add_text_or_null(json, "project", piece->project);
    add_text_or_null(json, "version", piece->version);
    add_text_or_null(json, "idf", piece->idf);
    add_text_or_null(json, "date", piece->date);
    add_text_or_null(json, "time", piece->time);
    cli_json_text(json, "flash_mode", piece->flash_mode);
    cli_json_number(json, "flash_size", piece->flash_size);
    cli_json_number(json, "flash_mhz", piece->flash_mhz);
    cli_json_number(json, "entry", piece->entry);
    cli_json_number(json, "size", piece->image_size);
    cli_json_truth(json, "hash", piece->has_hash);
    cli_json_truth(json, "intact", piece->is_intact);
    add_segments(json, image, index);
    cli_json_close_object(json);
}

static void add_partitions(cli_json *json, const fettle_image *image)
{
    fettle_partition_facts row;
    cli_json_open_array(json, "partitions");
    for (size_t i = 0; fettle_image_partition_at(image, i, &row); i++) {
        cli_json_open_object(json, NULL);
        cli_json_text(json, "label", row.label);
        cli_json_text(json, "type", row.type);
        cli_json_text(json, "subtype", row.subtype);
        cli_json_number(json, "address", row.address);
        cli_json_number(json, "size", row.size);
        cli_json_truth(json, "encrypted", row.is_encrypted);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
}

void cli_info_add_pieces(cli_json *json, const fettle_image *image,
                         const fettle_image_facts *facts)
{
    fettle_image_piece_view piece;
    add_text_or_null(json, "chip", facts->chip);
    cli_json_open_array(json, "pieces");
    for (size_t i = 0; fettle_image_piece_at(image, i, &piece); i++) {
        cli_json_open_object(json, NULL);
        cli_json_text(json, "name", piece.name);
        add_text_or_null(json, "label", piece.label);
        if (piece.has_address) {
            cli_json_number(json, "address", piece.address);
        } else {
            cli_json_null(json, "address");
        }
        cli_json_number(json, "size", piece.size);
        cli_json_text(json, "content", piece.content);
        add_esp(json, image, i, &piece);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
    add_partitions(json, image);
}
