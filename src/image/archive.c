/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive, and nothing but it; see archive.h. It reads from memory, twice: gzip as a stream of bytes, whose checksum is looked
 * at here, because libarchive doesn't; then tar in what came out.
 */
#include "image/archive.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>

#include <string.h>

enum {
    TAR_MAX = FETTLE_ARCHIVE_BYTES_MAX + FETTLE_ARCHIVE_MEMBERS_MAX * 4096 + 64 * 1024,
    ROOM_FIRST = 1024 * 1024,
    TRAILER_SIZE = 8, /* of gzip: CRC-32 and size, RFC 1952 section 2.3.1 */
    EMPTY_GZIP = 18,  /* header and trailer, and nothing else */
    REASON_SIZE = 200,
};

typedef struct archive reader;

bool fettle_archive_is_there(void)
{
    return true;
}

static bool is_bad(fettle_error *err, const char *format, const fettle_words *words)
{
    char text[REASON_SIZE];

    fettle_words_render(text, sizeof text, format, words);
    fettle_error_set(err, FETTLE_E_FILE_BAD_ARCHIVE, &(fettle_words){.text = text});
    return false;
}

static bool has_no_memory(size_t size, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
    return false;
}

static bool has_too_much(fettle_error *err)
{
    return is_bad(err, "more than {limit} bytes are in it",
                  &(fettle_words){.limit = FETTLE_ARCHIVE_BYTES_MAX});
}

/* What libarchive says, cut short. */
static bool tell(reader *from, const char *format, fettle_error *err)
{
    const char *text = archive_error_string(from);

    return is_bad(err, format,
                  &(fettle_words){.text = text != NULL ? text : "no reason given"});
}

/* ---- gzip ---- */

/* Bytes that grow while they come. */
typedef struct inflated {
    uint8_t *bytes;
    size_t size, room;
} inflated;

static bool make_room(inflated *self, fettle_error *err)
{
    size_t room = self->room == 0 ? ROOM_FIRST : 2 * self->room;

    if (self->size < self->room) {
        return true;
    }
    room = room < TAR_MAX ? room : TAR_MAX;
    if (self->size >= room) {
        return has_too_much(err);
    }
    uint8_t *bytes = fettle_alloc(room);
    if (bytes == NULL) {
        return has_no_memory(room, err);
    }
    if (self->size > 0) {
        memcpy(bytes, self->bytes, self->size);
    }
    fettle_free(self->bytes);
    self->bytes = bytes;
    self->room = room;
    return true;
}

static bool take_stream(reader *from, inflated *out, fettle_error *err)
{
    for (;;) {
        if (!make_room(out, err)) {
            return false;
        }
        la_ssize_t got =
            archive_read_data(from, out->bytes + out->size, out->room - out->size);
        if (got < 0) {
            return tell(from, "it is cut or damaged ({text})", err);
        }
        if (got == 0) {
            return true;
        }
        out->size += (size_t)got;
    }
}

/* The last eight bytes are about everything in front of them: a file that is cut or has bytes behind its end has others there. */
static bool check_trailer(fettle_span file, const inflated *out, fettle_error *err)
{
    char stored[16] = "", made[16] = "";
    const uint8_t *trailer = file.data + file.size - TRAILER_SIZE;
    uint32_t crc = ~fettle_crc32(~0u, (fettle_span){out->bytes, out->size});

    if (fettle_get32(trailer + 4) != (uint32_t)out->size) {
        return is_bad(err, "it is cut, or something stands behind its end", NULL);
    }
    if (fettle_get32(trailer) == crc) {
        return true;
    }
    fettle_text_append_hex(stored, sizeof stored, fettle_get32(trailer), 8);
    fettle_text_append_hex(made, sizeof made, crc, 8);
    fettle_error_set(err, FETTLE_E_FILE_DAMAGED,
                     &(fettle_words){.text = stored, .text2 = made});
    return false;
}

static bool open_gzip(reader *from, fettle_span file, inflated *out, fettle_error *err)
{
    struct archive_entry *entry;

    if (archive_read_support_filter_gzip(from) < ARCHIVE_WARN ||
        archive_read_support_format_raw(from) != ARCHIVE_OK ||
        archive_read_open_memory(from, file.data, file.size) != ARCHIVE_OK ||
        archive_read_next_header(from, &entry) != ARCHIVE_OK) {
        return tell(from, "it is cut or damaged ({text})", err);
    }
    return take_stream(from, out, err) && check_trailer(file, out, err);
}

static bool inflate_all(fettle_span file, inflated *out, fettle_error *err)
{
    if (file.size < EMPTY_GZIP) {
        return is_bad(err, "it is cut after {size} bytes",
                      &(fettle_words){.size = file.size});
    }
    reader *from = archive_read_new();
    if (from == NULL) {
        return has_no_memory(file.size, err);
    }
    bool is_good = open_gzip(from, file, out, err);
    (void)archive_read_free(from);
    return is_good;
}

/* ---- tar ---- */

typedef struct listing {
    reader *from;
    fettle_archive *archive;
    size_t bytes; /* of all members so far */
    fettle_error *err;
} listing;

static bool is_bad_member(const listing *self, const char *name, const char *why)
{
    char shown[80] = "";

    fettle_text_append_escaped(shown, sizeof shown, name != NULL ? name : "");
    return is_bad(self->err, "the member \"{text}\" {text2}",
                  &(fettle_words){.text = shown, .text2 = why});
}

static const char *refuse_kind(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL ||
        archive_entry_filetype(entry) == AE_IFLNK) {
        return "is a link";
    }
    return archive_entry_filetype(entry) == AE_IFREG ? NULL : "is no file";
}

static bool read_member(listing *self, fettle_archive_member *member, int64_t wanted)
{
    size_t size = (size_t)wanted, at = 0;

    if (wanted < 0 || wanted > (int64_t)FETTLE_ARCHIVE_BYTES_MAX ||
        self->bytes + size > FETTLE_ARCHIVE_BYTES_MAX) {
        return has_too_much(self->err);
    }
    uint8_t *bytes = fettle_alloc(size + 1);
    if (bytes == NULL) {
        return has_no_memory(size, self->err);
    }
    self->archive->memory[self->archive->count] = bytes;
    while (at < size) {
        la_ssize_t got = archive_read_data(self->from, bytes + at, size - at);
        if (got < 0) {
            return tell(self->from, "it is cut or damaged ({text})", self->err);
        }
        if (got == 0) {
            return is_bad_member(self, member->name, "is cut");
        }
        at += (size_t)got;
    }
    member->data = (fettle_span){bytes, size};
    self->bytes += size;
    return true;
}

static bool add_member(listing *self, struct archive_entry *entry)
{
    fettle_archive *archive = self->archive;
    const char *path = archive_entry_pathname(entry);
    const char *why = "is none";

    if (archive_entry_filetype(entry) == AE_IFDIR) {
        return true;
    }
    if (archive->count == FETTLE_ARCHIVE_MEMBERS_MAX) {
        return is_bad(self->err, "it has more than {limit} members",
                      &(fettle_words){.limit = FETTLE_ARCHIVE_MEMBERS_MAX});
    }
    fettle_archive_member *member = &archive->members[archive->count];
    if (path == NULL || !fettle_archive_clean_name(member->name, path, &why)) {
        return is_bad_member(self, path, why);
    }
    why = refuse_kind(entry);
    if (why != NULL) {
        return is_bad_member(self, member->name, why);
    }
    if (fettle_archive_find(archive, member->name) != NULL) {
        return is_bad_member(self, member->name, "is there twice");
    }
    if (!read_member(self, member, archive_entry_size(entry))) {
        return false;
    }
    archive->count++;
    return true;
}

static bool list(listing *self, fettle_span tar)
{
    struct archive_entry *entry;
    int got;

    if (archive_read_support_format_tar(self->from) != ARCHIVE_OK ||
        archive_read_open_memory(self->from, tar.data, tar.size) != ARCHIVE_OK) {
        return tell(self->from, "it can't be read ({text})", self->err);
    }
    while ((got = archive_read_next_header(self->from, &entry)) == ARCHIVE_OK) {
        if (!add_member(self, entry)) {
            return false;
        }
    }
    if (got != ARCHIVE_EOF) {
        return tell(self->from, "it is cut or damaged ({text})", self->err);
    }
    return self->archive->count > 0 || is_bad(self->err, "no file is in it", NULL);
}

/* The end of a tar is two blank blocks; without them it was cut between two members. */
static bool has_end(fettle_span tar)
{
    enum { BLOCK = 512, END = 2 * BLOCK };

    for (size_t i = tar.size > END ? tar.size - END : 0; i < tar.size; i++) {
        if (tar.data[i] != 0) {
            return false;
        }
    }
    return tar.size > END && tar.size % BLOCK == 0;
}

static bool read_tar(fettle_archive *archive, fettle_span tar, fettle_error *err)
{
    listing self = {.from = archive_read_new(), .archive = archive, .err = err};

    if (self.from == NULL) {
        return has_no_memory(tar.size, err);
    }
    bool is_good = list(&self, tar) &&
                   (has_end(tar) || is_bad(err, "it is cut: its end is missing", NULL));
    (void)archive_read_free(self.from);
    return is_good;
}

fettle_archive *fettle_archive_new(fettle_span file, fettle_error *err)
{
    inflated out = {.bytes = NULL};
    bool is_gzip = file.size >= 2 && file.data[0] == 0x1F && file.data[1] == 0x8B;

    if (file.size > FETTLE_ARCHIVE_FILE_MAX) {
        fettle_error_set(
            err, FETTLE_E_FILE_TOO_LARGE,
            &(fettle_words){.size = file.size, .limit = FETTLE_ARCHIVE_FILE_MAX});
        return NULL;
    }
    fettle_archive *archive = fettle_alloc(sizeof *archive);
    if (archive == NULL) {
        (void)has_no_memory(sizeof *archive, err);
        return NULL;
    }
    archive->file = file;
    bool is_good =
        (!is_gzip || inflate_all(file, &out, err)) &&
        read_tar(archive, is_gzip ? (fettle_span){out.bytes, out.size} : file, err);
    fettle_free(out.bytes);
    if (!is_good) {
        fettle_archive_free(archive);
        return NULL;
    }
    return archive;
}
