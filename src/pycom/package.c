/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An archive becomes a package: its members are kept, all of its scripts are read and checked, and the image that is shown is made of
 * one of them. A package of which no script can be used is refused; one that has a broken script beside a good one isn't.
 */
#include "pycom/package.h"

#include "base/alloc.h"
#include "base/text.h"
#include "pycom/tables.h"

#include <assert.h>
#include <string.h>

enum { MIB = 1024 * 1024, PARTS_MAX = 2 * FETTLE_PYCOM_WRITES_MAX };

static bool has_no_memory(size_t size, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
    return false;
}

/* ---- members ---- */

static const char *without_folders(const char *path)
{
    const char *name = path;
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '/') {
            name = at + 1;
        }
    }
    return name;
}

static const fettle_archive_member *find_member(const fettle_pycom_package *package,
                                                const char *name)
{
    for (size_t i = 0; i < package->member_count; i++) {
        if (fettle_text_is_equal(package->members[i].name, name)) {
            return &package->members[i];
        }
    }
    return NULL;
}

/* All of them, without their folders. */
static bool keep_members(fettle_pycom_package *package, const fettle_archive *archive,
                         fettle_error *err)
{
    size_t size = archive->count * sizeof(fettle_archive_member);
    for (size_t i = 0; i < archive->count; i++) {
        size += archive->members[i].data.size;
    }
    package->memory = fettle_alloc(size);
    if (package->memory == NULL) {
        return has_no_memory(size, err);
    }
    package->members = package->memory;
    uint8_t *bytes = (uint8_t *)(package->members + archive->count);
    for (size_t i = 0; i < archive->count; i++) {
        const fettle_archive_member *from = &archive->members[i];
        const char *name = without_folders(from->name);
        if (find_member(package, name) != NULL) {
            return fettle_pycom_bad_package(err, "two folders of it have a file \"{text}\"",
                                            &(fettle_words){.text = name});
        }
        fettle_archive_member *member = &package->members[package->member_count++];
        fettle_text_append(member->name, sizeof member->name, name);
        if (from->data.size > 0) {
            memcpy(bytes, from->data.data, from->data.size);
        }
        member->data = (fettle_span){bytes, from->data.size};
        bytes += from->data.size;
    }
    return true;
}

/* ---- scripts ---- */

static bool ends_with(const char *text, const char *ending)
{
    return fettle_image_is_named(text, ending);
}

/* "script", "script2", "script_4MB", "script_8MB_enc"; and names that the vendor's tool passes over, as "script_8MB _normal". */
static bool is_script(const char *name, fettle_pycom_variant *variant)
{
    static const struct {
        const char *beginning;
        uint32_t flash_size;
    } kinds[] = {
        {"script_4MB", FETTLE_PYCOM_4MB},
        {"script_8MB", FETTLE_PYCOM_8MB},
        {"script2", 0},
        {"script", 0},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (fettle_text_begins_with(name, kinds[i].beginning)) {
            const char *rest = name + strlen(kinds[i].beginning);
            *variant = (fettle_pycom_variant){
                .script = name,
                .flash_size = kinds[i].flash_size,
                .is_named = rest[0] == '\0' || fettle_text_is_equal(rest, "_enc"),
                .is_encrypted = ends_with(name, "_enc"),
            };
            return true;
        }
    }
    return false;
}

/* What would spoil every other script as well. */
static bool is_ours(fettle_code code)
{
    return code == FETTLE_E_NO_MEMORY || code == FETTLE_E_NOT_SUPPORTED;
}

static bool read_scripts(fettle_pycom_package *package, unsigned flags, fettle_error *err)
{
    for (size_t i = 0; i < package->member_count; i++) {
        const fettle_archive_member *member = &package->members[i];
        fettle_pycom_variant variant; /* only to look */
        if (!is_script(member->name, &variant)) {
            continue;
        }
        if (package->variant_count == FETTLE_PYCOM_VARIANTS_MAX) {
            return fettle_pycom_bad_package(
                err, "it has more than {limit} scripts",
                &(fettle_words){.limit = FETTLE_PYCOM_VARIANTS_MAX});
        }
        fettle_pycom_variant *next = &package->variants[package->variant_count++];
        fettle_error why = {.code = FETTLE_E_NONE};
        *next = variant;
        if (!fettle_pycom_read_script(next, member->data, package, flags, &why)) {
            fettle_error_wrap(&why, FETTLE_CLAUSE_OPEN_FILE,
                              &(fettle_words){.file = member->name});
            next->why = why;
        }
        if (is_ours(next->why.code)) {
            *err = next->why;
            return false;
        }
    }
    return package->variant_count > 0 ||
           fettle_pycom_bad_package(
               err, "it has no script, so nothing says where its files go", NULL);
}

/* ---- what it is for ---- */

static const fettle_pycom_family *family_of_member(const char *name)
{
    static const char ending[] = ".bin";
    size_t length = strlen(name);
    if (ends_with(name, "_enc")) {
        length -= strlen("_enc");
    }
    if (length <= sizeof ending - 1 ||
        memcmp(name + length - (sizeof ending - 1), ending, sizeof ending - 1) != 0) {
        return NULL;
    }
    return fettle_pycom_family_of(name, length - (sizeof ending - 1));
}

/* By the application that a good script writes; a name may have been changed by anybody. */
static const fettle_pycom_family *find_family(const fettle_pycom_package *package)
{
    for (size_t i = 0; i < package->variant_count; i++) {
        const fettle_pycom_variant *variant = &package->variants[i];
        for (size_t k = 0; k < variant->write_count; k++) {
            const fettle_pycom_family *family =
                variant->why.code == FETTLE_E_NONE
                    ? family_of_member(variant->writes[k].member)
                    : NULL;
            if (family != NULL) {
                return family;
            }
        }
    }
    return package->named.family;
}

/* ---- choosing ---- */

/* Lower comes first: for this size and by its proper name, for this size, for any size. */
static unsigned rank_of(const fettle_pycom_variant *variant, uint64_t flash_size)
{
    enum { SIZED = 0, ODD = 1, SECOND = 2, FIRST = 3, ODDEST = 4, NEVER = 9 };
    if (flash_size != 0 && variant->flash_size != 0 && variant->flash_size != flash_size) {
        return NEVER;
    }
    bool is_sized = fettle_text_begins_with(variant->script, "script_4MB") ||
                    fettle_text_begins_with(variant->script, "script_8MB");
    if (is_sized) {
        return variant->is_named ? SIZED : ODD;
    }
    if (!variant->is_named) {
        return ODDEST;
    }
    return fettle_text_begins_with(variant->script, "script2") ? SECOND : FIRST;
}

/*
 * The best of those that can be used; `broken` is the best of those that can't. A generic script counts for the flash that its table
 * is for.
 */
static const fettle_pycom_variant *find_best(const fettle_pycom_package *package,
                                             uint64_t flash_size, bool is_encrypted,
                                             const fettle_pycom_variant **broken)
{
    const fettle_pycom_variant *best = NULL;
    unsigned best_rank = 9, broken_rank = 9;
    *broken = NULL;
    for (size_t i = 0; i < package->variant_count; i++) {
        const fettle_pycom_variant *each = &package->variants[i];
        unsigned rank = rank_of(each, flash_size);
        if (each->is_encrypted != is_encrypted) {
            continue;
        }
        if (each->why.code == FETTLE_E_NONE && rank < best_rank) {
            best = each;
            best_rank = rank;
        }
        if (each->why.code != FETTLE_E_NONE && rank < broken_rank) {
            *broken = each;
            broken_rank = rank;
        }
    }
    if (*broken != NULL && broken_rank > best_rank) {
        *broken = NULL;
    }
    return best;
}

static const fettle_pycom_variant *refuse(const char *chip, const char *format,
                                          const fettle_words *words, fettle_error *err)
{
    char text[240];
    fettle_words_render(text, sizeof text, format, words);
    fettle_error_set(err, FETTLE_E_IMAGE_NOT_FOR_BOARD,
                     &(fettle_words){.board = chip, .text = text});
    return NULL;
}

/* "8 MB", "12288 KB": flash as people speak of it. */
static void append_size(char *text, size_t size, uint64_t bytes)
{
    bool is_round = bytes % MIB == 0;
    fettle_text_append_number(text, size, bytes / (is_round ? MIB : 1024));
    fettle_text_append(text, size, is_round ? " MB" : " KB");
}

/* The sizes of flash that its scripts are for. */
static void list_sizes(const fettle_pycom_package *package, bool is_encrypted, char *text,
                       size_t size)
{
    static const uint32_t sizes[] = {FETTLE_PYCOM_4MB, FETTLE_PYCOM_8MB};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < package->variant_count; k++) {
            const fettle_pycom_variant *variant = &package->variants[k];
            if (variant->flash_size == sizes[i] && variant->is_encrypted == is_encrypted) {
                fettle_text_append(text, size, text[0] != '\0' ? " or " : "");
                append_size(text, size, sizes[i]);
                break;
            }
        }
    }
}

static const fettle_pycom_variant *refuse_size(const fettle_pycom_package *package,
                                               uint64_t flash_size, bool is_encrypted,
                                               const char *chip, fettle_error *err)
{
    char own[40] = "", wanted[40] = "";
    append_size(own, sizeof own, flash_size);
    list_sizes(package, is_encrypted, wanted, sizeof wanted);
    return refuse(
        chip, "the package is for modules with {text} of flash, and this board has {text2}",
        &(fettle_words){.text = wanted[0] != '\0' ? wanted : "4 or 8 MB", .text2 = own},
        err);
}

static bool has_encryption(const fettle_pycom_package *package, bool is_encrypted)
{
    for (size_t i = 0; i < package->variant_count; i++) {
        if (package->variants[i].is_encrypted == is_encrypted) {
            return true;
        }
    }
    return false;
}

static bool fits_board(const fettle_pycom_package *package, uint64_t flash_size,
                       bool is_encrypted, const char *chip, fettle_error *err)
{
    char own[40] = "", wanted[40] = "";
    append_size(own, sizeof own, flash_size);
    if (flash_size != FETTLE_PYCOM_4MB && flash_size != FETTLE_PYCOM_8MB) {
        (void)refuse_size(package, flash_size, is_encrypted, chip, err);
        return false;
    }
    if (package->family != NULL && !fettle_pycom_family_has(package->family, flash_size)) {
        fettle_pycom_family_sizes(package->family, wanted, sizeof wanted);
        (void)refuse(
            chip,
            "the package is for a {file}, which has {text} of flash, and this board "
            "has {text2}: it is another module",
            &(fettle_words){.file = package->family->shown, .text = wanted, .text2 = own},
            err);
        return false;
    }
    if (!has_encryption(package, is_encrypted)) {
        (void)refuse(
            chip,
            is_encrypted
                ? "the package isn't encrypted, and this board's flash is: it would "
                  "never start"
                : "the package is encrypted for boards with a key of their own, and "
                  "this board's flash isn't encrypted: it would never start",
            NULL, err);
        return false;
    }
    return true;
}

const fettle_pycom_variant *fettle_pycom_choose(const fettle_pycom_package *package,
                                                uint64_t flash_size, bool is_encrypted,
                                                const char *chip, fettle_observed *observed,
                                                fettle_error *err)
{
    const fettle_pycom_variant *broken;
    if (!fits_board(package, flash_size, is_encrypted, chip, err)) {
        return NULL;
    }
    const fettle_pycom_variant *best =
        find_best(package, flash_size, is_encrypted, &broken);
    if (best == NULL && broken != NULL) {
        *err = broken->why;
        return NULL;
    }
    if (best == NULL) {
        return refuse_size(package, flash_size, is_encrypted, chip, err);
    }
    if (broken != NULL) {
        fettle_note_add(observed, FETTLE_NOTE_PACKAGE_OTHER_SCRIPT,
                        &(fettle_words){.text = broken->script,
                                        .text2 = broken->why.message,
                                        .file = best->script});
    }
    if (package->named.family != NULL && package->named.family != package->family) {
        fettle_note_add(observed, FETTLE_NOTE_PACKAGE_NAMED_OTHERWISE,
                        &(fettle_words){.text = package->named.family->shown,
                                        .text2 = package->family->shown});
    }
    return best;
}

/* ---- the image that is shown ---- */

/* Of the script for 8 MB if there is a good one, else of any. NULL: none is good. */
static const fettle_pycom_variant *find_shown(const fettle_pycom_package *package,
                                              fettle_error *err)
{
    static const uint64_t sizes[] = {FETTLE_PYCOM_8MB, FETTLE_PYCOM_4MB};
    const fettle_pycom_variant *broken = NULL, *first_broken = NULL;
    for (unsigned i = 0; i < 4; i++) {
        const fettle_pycom_variant *best =
            find_best(package, sizes[i % 2], i >= 2, &broken);
        if (best != NULL) {
            return best;
        }
        first_broken = first_broken != NULL ? first_broken : broken;
    }
    if (first_broken != NULL) {
        *err = first_broken->why;
    }
    return NULL;
}

typedef struct showing {
    fettle_image *image;
    fettle_region *regions;
    fettle_image_piece *pieces;
    char (*names)[FETTLE_ARCHIVE_NAME_SIZE];
    uint8_t *bytes; /* what isn't used yet of the image's own */
} showing;

/* A region of its own, or more of the one that it touches. */
static void show_part(showing *self, const fettle_pycom_part *part)
{
    fettle_image *image = self->image;
    fettle_region *last =
        image->region_count > 0 ? &self->regions[image->region_count - 1] : NULL;
    assert(self->regions != NULL); /* there is a part: room was taken for it */
    memcpy(self->bytes, part->data.data, part->data.size);
    if (last != NULL && last->address + last->data.size == part->address) {
        last->data.size += part->data.size;
    } else {
        self->regions[image->region_count++] =
            (fettle_region){.has_address = true,
                            .address = part->address,
                            .data = {self->bytes, part->data.size}};
    }
    self->bytes += part->data.size;
}

static void show_write(showing *self, const fettle_pycom_write *write)
{
    fettle_pycom_part parts[2];
    size_t count = fettle_pycom_cut(write->address, write->data, parts);
    for (size_t i = 0; i < count; i++) {
        size_t at = self->image->piece_count++;
        fettle_image_piece *piece = &self->pieces[at];
        fettle_text_append(self->names[at], sizeof self->names[at], write->member);
        *piece = (fettle_image_piece){
            .name = self->names[at],
            .has_address = true,
            .address = parts[i].address,
            .size = parts[i].data.size,
            .content = write->content,
            .esp = write->image,
        };
        memcpy(piece->label, write->target, sizeof piece->label);
        show_part(self, &parts[i]);
    }
}

static bool show(fettle_image *image, const fettle_pycom_variant *variant,
                 fettle_error *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < variant->write_count; i++) {
        bytes += variant->writes[i].data.size;
    }
    size_t regions = PARTS_MAX * sizeof(fettle_region);
    size_t pieces =
        PARTS_MAX * (sizeof(fettle_image_piece) + sizeof(char[FETTLE_ARCHIVE_NAME_SIZE]));
    image->more_memory = fettle_alloc(regions + bytes);
    image->pieces_memory = fettle_alloc(pieces);
    if (image->more_memory == NULL || image->pieces_memory == NULL) {
        return has_no_memory(regions + bytes + pieces, err);
    }
    showing self = {
        .image = image, .regions = image->more_memory, .pieces = image->pieces_memory};
    self.bytes = (uint8_t *)(self.regions + PARTS_MAX);
    self.names = (void *)(self.pieces + PARTS_MAX);
    image->regions = self.regions;
    image->pieces = self.pieces;
    for (size_t i = 0; i < variant->write_count; i++) {
        show_write(&self, &variant->writes[i]);
    }
    return true;
}

/* The bytes of the file and its name, as every image has them. */
static bool keep_file(fettle_image *image, const char *name, fettle_span file,
                      fettle_error *err)
{
    size_t name_size = strlen(name) + 1;
    uint8_t *copy = fettle_alloc(file.size + name_size);
    fettle_sha256 sha256;
    if (copy == NULL) {
        return has_no_memory(file.size + name_size, err);
    }
    memcpy(copy, file.data, file.size);
    memcpy(copy + file.size, name, name_size);
    image->memory = copy;
    image->file = (fettle_span){copy, file.size};
    image->name = (const char *)(copy + file.size);
    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, image->file);
    fettle_sha256_finish(&sha256, image->sha256);
    return true;
}

static void free_package(void *memory)
{
    fettle_pycom_package *package = memory;
    fettle_free(package->memory);
    fettle_free(package);
}

/* By the application in it, which nobody renames; else by the name of the package. */
static void find_version(const fettle_pycom_package *package,
                         const fettle_pycom_variant *variant, char *text, size_t size)
{
    char version[FETTLE_MODULE_VERSION_SIZE];
    for (size_t i = 0; i < variant->write_count; i++) {
        const fettle_pycom_write *write = &variant->writes[i];
        if (write->is_application && fettle_pycom_version_in(write->data, version)) {
            fettle_text_append(text, size, version);
            return;
        }
    }
    fettle_text_append_escaped(text, size, package->named.version);
}

/* "4 MB, 8 MB (shown)": for how much flash there are scripts that can be used. */
static void list_layouts(const fettle_pycom_package *package,
                         const fettle_pycom_variant *shown, char *text, size_t size)
{
    static const uint32_t sizes[] = {FETTLE_PYCOM_4MB, FETTLE_PYCOM_8MB, 0};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        const fettle_pycom_variant *found = NULL;
        bool is_encrypted = i % 2 != 0;
        for (size_t k = 0; k < package->variant_count; k++) {
            const fettle_pycom_variant *each = &package->variants[k];
            bool is_one = each->flash_size == sizes[i / 2] &&
                          each->is_encrypted == is_encrypted &&
                          each->why.code == FETTLE_E_NONE;
            found = is_one && (found == NULL || each == shown) ? each : found;
        }
        if (found == NULL) {
            continue;
        }
        fettle_text_append(text, size, text[0] != '\0' ? ", " : "");
        if (found->flash_size != 0) {
            append_size(text, size, found->flash_size);
        } else {
            fettle_text_append(text, size, "any");
        }
        fettle_text_append(text, size, is_encrypted ? " encrypted" : "");
        fettle_text_append(text, size, found == shown ? " (shown)" : "");
    }
}

static bool fill(fettle_image *image, const fettle_archive *archive, unsigned flags,
                 fettle_error *err)
{
    fettle_pycom_package *package = fettle_alloc(sizeof *package);
    if (package == NULL) {
        return has_no_memory(sizeof *package, err);
    }
    image->package = package;
    image->free_package = free_package;
    fettle_pycom_read_name(&package->named, image->name);
    if (!keep_members(package, archive, err) || !read_scripts(package, flags, err)) {
        return false;
    }
    package->family = find_family(package);
    if (package->family != NULL) {
        fettle_text_append(image->module, sizeof image->module, package->family->word);
    }
    const fettle_pycom_variant *shown = find_shown(package, err);
    if (shown == NULL) {
        return false;
    }
    find_version(package, shown, image->version, sizeof image->version);
    list_layouts(package, shown, image->layouts, sizeof image->layouts);
    return show(image, shown, err);
}

/* By what is in it: a script, or what there would be a script for. */
static bool is_package(const fettle_archive *archive)
{
    bool has_loader = false, has_table = false;
    for (size_t i = 0; i < archive->count; i++) {
        const char *name = without_folders(archive->members[i].name);
        fettle_pycom_variant ignored;
        if (is_script(name, &ignored)) {
            return true;
        }
        has_loader |= fettle_text_begins_with(name, "bootloader");
        has_table |= fettle_text_begins_with(name, "partitions");
    }
    return has_loader && has_table;
}

fettle_image *fettle_pycom_read_package(const char *name, const fettle_archive *archive,
                                        unsigned flags, fettle_error *err)
{
    if (!is_package(archive)) {
        *err = (fettle_error){.code = FETTLE_E_NONE};
        return NULL;
    }
    fettle_image *image = fettle_alloc(sizeof *image);
    if (image == NULL) {
        (void)has_no_memory(sizeof *image, err);
        return NULL;
    }
    image->format = FETTLE_IMAGE_PACKAGE;
    if (!keep_file(image, name, archive->file, err) || !fill(image, archive, flags, err)) {
        fettle_image_free(image);
        return NULL;
    }
    return image;
}
