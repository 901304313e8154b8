/* SPDX-License-Identifier: Apache-2.0 */
/* What of archives needs no libarchive: telling them, names, and looking things up. */
#include "image/archive.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

bool fettle_archive_is_one(fettle_span file)
{
    enum { TAR_MARK_AT = 257 };                       /* POSIX.1-1988, "ustar" */
    static const uint8_t gzip[] = {0x1F, 0x8B, 0x08}; /* RFC 1952: ID1, ID2, deflate */
    static const char tar[] = "ustar";

    if (file.size >= sizeof gzip && memcmp(file.data, gzip, sizeof gzip) == 0) {
        return true;
    }
    return file.size >= TAR_MARK_AT + sizeof tar - 1 &&
           memcmp(file.data + TAR_MARK_AT, tar, sizeof tar - 1) == 0;
}

void fettle_archive_free(fettle_archive *archive)
{
    if (archive == NULL) {
        return;
    }
    for (size_t i = 0; i < FETTLE_ARCHIVE_MEMBERS_MAX; i++) {
        fettle_free(archive->memory[i]);
    }
    fettle_free(archive);
}

const fettle_archive_member *fettle_archive_find(const fettle_archive *archive,
                                                 const char *name)
{
    for (size_t i = 0; i < archive->count; i++) {
        if (fettle_text_is_equal(archive->members[i].name, name)) {
            return &archive->members[i];
        }
    }
    return NULL;
}

static const char *refuse_name(const char *name)
{
    bool has_drive = name[0] != '\0' && name[1] == ':';

    if (name[0] == '/' || has_drive) {
        return "is absolute";
    }
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '\\' || (uint8_t)*at < ' ' || *at == 0x7F) {
            return "has a character that no such name has";
        }
    }
    return NULL;
}

static size_t part_length(const char *name)
{
    size_t length = 0;

    while (name[length] != '\0' && name[length] != '/') {
        length++;
    }
    return length;
}

static bool is_part(const char *part, size_t length, const char *what)
{
    return length == strlen(what) && memcmp(part, what, length) == 0;
}

bool fettle_archive_clean_name(char out[FETTLE_ARCHIVE_NAME_SIZE], const char *name,
                               const char **why)
{
    out[0] = '\0';
    *why = refuse_name(name);
    while (*why == NULL && *name != '\0') {
        size_t length = part_length(name);
        if (is_part(name, length, "..")) {
            *why = "leads out of the archive";
        } else if (length > 0 && !is_part(name, length, ".")) {
            fettle_text_append(out, FETTLE_ARCHIVE_NAME_SIZE, out[0] != '\0' ? "/" : "");
            if (!fettle_text_append_part(out, FETTLE_ARCHIVE_NAME_SIZE, name, length)) {
                *why = "is too long";
            }
        }
        name += length + (name[length] == '/');
    }
    if (*why == NULL && out[0] == '\0') {
        *why = "is none";
    }
    return *why == NULL;
}
