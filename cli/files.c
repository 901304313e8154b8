/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware files of a command line; see files.h. */
#include "files.h"

#include "failure.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_FILE = 256 << 20 };

/* ---- FILE@ADDRESS ---- */

/* Digits and nothing else; false also where it has more than 32 bits. */
static bool read_address(const char *text, uint32_t *address)
{
    bool is_hex = text[0] == '0' && cli_text_lower(text[1]) == 'x';
    const char *digits = is_hex ? text + 2 : text;
    size_t size = strlen(digits);
    if (size == 0 ||
        strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789") != size) {
        return false;
    }
    errno = 0;
    unsigned long long number = strtoull(digits, NULL, is_hex ? 16 : 10);
    *address = (uint32_t)number;
    return errno == 0 && number <= UINT32_MAX;
}

static bool refuse_address(const cli_file *file, const char *text, fettle_error *err)
{
    size_t size = strlen(text);
    if (size > 1 && text[0] == '0' && strspn(text, "0123456789abcdefABCDEF") == size) {
        return cli_fail_usage(err, "%s@%s: a hex address begins with 0x, as in %s@0x%s",
                              file->path, text, file->path, text);
    }
    return cli_fail_usage(err,
                          "%s@%s: an address is a number up to 0xffffffff, as in "
                          "%s@0x08000000",
                          file->path, text, file->path);
}

/* Of a partition: 16 bytes at most, and not what only lacks 0x to be an address. */
static bool is_label(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= 16 && strspn(text, "0123456789abcdefABCDEF") < size &&
           !(text[0] >= '0' && text[0] <= '9') && text[0] != '-';
}

static bool is_there(const char *path)
{
    return strcmp(path, "-") == 0 || cli_system_file_kind(path) != CLI_FILE_MISSING;
}

bool cli_file_is_stdin(const char *word)
{
    return word[0] == '-' && (word[1] == '\0' || word[1] == '@');
}

bool cli_file_parse(cli_file *file, const char *word, fettle_error *err)
{
    *file = (cli_file){.has_address = false};
    if (strlen(word) >= sizeof file->path) {
        return cli_fail_usage(err, "the name of a FILE has more than %zu bytes",
                              sizeof file->path - 1);
    }
    memcpy(file->path, word, strlen(word) + 1);
    char *at = strrchr(file->path, '@');
    if (at == NULL || at == file->path || is_there(word)) {
        return true;
    }
    const char *text = word + (at - file->path) + 1;
    *at = '\0';
    bool is_decimal_with_zero =
        text[0] == '0' && text[1] != '\0' && cli_text_lower(text[1]) != 'x';
    if (read_address(text, &file->address) && !is_decimal_with_zero) {
        file->has_address = true;
        return true;
    }
    if (!is_decimal_with_zero && is_label(text) && is_there(file->path)) {
        file->label = text;
        return true;
    }
    if (is_decimal_with_zero || is_there(file->path)) {
        return refuse_address(file, text, err);
    }
    *at = '@';
    return true;
}

/* ---- reading ---- */

static fettle_image *load_stdin(unsigned flags, fettle_error *err)
{
    size_t room = 64 << 10, size = 0;
    uint8_t *bytes = malloc(room);
    while (bytes != NULL && size <= LARGEST_FILE) {
        size += fread(bytes + size, 1, room - size, stdin);
        if (size < room) {
            break;
        }
        room *= 2;
        uint8_t *larger = realloc(bytes, room);
        if (larger == NULL) {
            free(bytes);
        }
        bytes = larger;
    }
    fettle_image *image = NULL;
    if (bytes == NULL) {
        cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for %zu bytes", room);
    } else if (ferror(stdin)) {
        cli_fail(err, FETTLE_E_FILE_UNREADABLE, "cannot read standard input: %s",
                 strerror(errno));
    } else if (size > LARGEST_FILE) {
        cli_fail(err, FETTLE_E_FILE_TOO_LARGE,
                 "standard input has more than the %d bytes that fettle reads",
                 LARGEST_FILE);
    } else {
        image = fettle_image_from_bytes("stdin", (fettle_span){bytes, size}, flags, err);
    }
    free(bytes);
    return image;
}

/* ---- what was built of an ELF file ---- */

/* "beside" in the folder of `path`, if it is there. */
static bool find_beside(char out[CLI_PATH_ROOM], const char *path, const char *beside)
{
    size_t folder = strlen(path);
    while (folder > 0 && path[folder - 1] != '/' && path[folder - 1] != '\\') {
        folder--;
    }
    int length = snprintf(out, CLI_PATH_ROOM, "%.*s%s", (int)folder, path, beside);
    return length > 0 && length < CLI_PATH_ROOM &&
           cli_system_file_kind(out) == CLI_FILE_REGULAR;
}

/* "sketch.elf" to "sketch.bin" */
static bool find_bin(char out[CLI_PATH_ROOM], const char *path)
{
    size_t length = strlen(path);
    if (length > 4 && cli_text_equal(path + length - 4, ".elf")) {
        length -= 4;
    }
    int size = snprintf(out, CLI_PATH_ROOM, "%.*s.bin", (int)length, path);
    return size > 0 && size < CLI_PATH_ROOM &&
           cli_system_file_kind(out) == CLI_FILE_REGULAR;
}

/* Adds what the build has put beside the ELF file, all of it first. */
static void name_what_was_built(const char *path, fettle_error *err)
{
    char all[CLI_PATH_ROOM], bin[CLI_PATH_ROOM];
    bool has_all = find_beside(all, path, "flasher_args.json");
    bool has_bin = find_bin(bin, path);
    const char *const parts[] = {
        "; ",
        has_all ? all : "",
        has_all && has_bin ? " and " : "",
        has_bin ? bin : "",
        has_all && has_bin ? " are there" : " is there",
    };
    for (size_t i = 0; (has_all || has_bin) && i < sizeof parts / sizeof parts[0]; i++) {
        cli_text_append(err->message, sizeof err->message, parts[i]);
    }
}

static fettle_image *load(const cli_file *file, const char *chip, unsigned flags,
                          fettle_error *err)
{
    if (cli_file_is_stdin(file->path)) {
        return load_stdin(flags, err);
    }
    fettle_image *image = fettle_image_load_for_chip(file->path, chip, flags, err);
    if (image == NULL && err->code == FETTLE_E_FILE_IS_ESP_ELF) {
        name_what_was_built(file->path, err);
    }
    return image;
}

/* Both are the same image: one to be freed, one to be joined. Of a single file the partition is a wish (--memory). */
static bool load_part(fettle_image **image, fettle_part *part, const char *word,
                      const char *chip, unsigned flags, bool is_single, fettle_error *err)
{
    cli_file file;
    if (!cli_file_parse(&file, word, err)) {
        return false;
    }
    *image = load(&file, chip, flags, err);
    *part = (fettle_part){.image = *image,
                          .has_address = file.has_address,
                          .address = file.address,
                          .partition = is_single ? NULL : file.label};
    return *image != NULL;
}

static bool names_stdin_once(const char *const *words, size_t count, fettle_error *err)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += cli_file_is_stdin(words[i]);
    }
    return found <= 1 || cli_fail_usage(err, "standard input can't be two files at once");
}

/* One part without an address stays as it is; everything else is joined. */
static fettle_image *join(fettle_image **images, const fettle_part *parts, size_t count,
                          fettle_error *err)
{
    if (count > 1 || parts[0].has_address) {
        return fettle_image_join(parts, count, err);
    }
    fettle_image *only = images[0];
    images[0] = NULL;
    return only;
}

static bool is_package(const fettle_image *image)
{
    fettle_image_facts facts;
    fettle_image_get_facts(image, &facts);
    return strcmp(facts.format, "package") == 0;
}

/* Takes the package out of the parts. False: there are several, or it is to be put at a place. */
static bool take_package(fettle_image **images, fettle_part *parts, size_t *count,
                         fettle_image **module, fettle_error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        bool is_one = is_package(images[i]);
        if (is_one && (*module != NULL || parts[i].has_address || parts[i].partition)) {
            return cli_fail_usage(err, *module != NULL
                                           ? "one package at a time"
                                           : "a package says itself where things go");
        }
        if (is_one) {
            *module = images[i];
            images[i] = NULL;
        } else {
            fettle_image *other = images[i];
            images[i] = NULL;
            images[kept] = other;
            parts[kept++] = parts[i];
        }
    }
    *count = kept;
    return true;
}

fettle_image *cli_files_load(const char *const *words, size_t count, const char *chip,
                             unsigned flags, fettle_image **module, fettle_error *err)
{
    fettle_image *package = NULL;
    fettle_part parts[CLI_MAX_FILES];
    fettle_image *images[CLI_MAX_FILES] = {NULL};
    fettle_image *image = NULL;
    size_t loaded = 0;
    if (count == 0 || count > CLI_MAX_FILES) {
        cli_fail_usage(err, "it takes 1 to %d files", CLI_MAX_FILES);
        return NULL;
    }
    if (!names_stdin_once(words, count, err)) {
        return NULL;
    }
    while (loaded < count && load_part(&images[loaded], &parts[loaded], words[loaded], chip,
                                       flags, count == 1, err)) {
        loaded++;
    }
    bool is_good = loaded == count;
    if (is_good && count > 1 && module != NULL) {
        is_good = take_package(images, parts, &count, &package, err);
    }
    if (is_good) {
        image = join(images, parts, count, err);
    }
    for (size_t i = 0; i < loaded; i++) {
        fettle_image_free(images[i]);
    }
    if (image != NULL && package != NULL) {
        *module = package;
    } else {
        fettle_image_free(package);
    }
    return image;
}
