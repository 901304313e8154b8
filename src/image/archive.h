/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives of files: tar, by itself or within gzip. The only header of ours behind which libarchive is. Bounded in every way, and
 * nothing of them ever touches a disk: an archive is a list of names with bytes.
 */
#ifndef FETTLE_IMAGE_ARCHIVE_H
#define FETTLE_IMAGE_ARCHIVE_H

#include "base/error.h"

enum {
    FETTLE_ARCHIVE_FILE_MAX = 16 * 1024 * 1024,  /* bytes of the archive itself */
    FETTLE_ARCHIVE_BYTES_MAX = 64 * 1024 * 1024, /* of all that is in it */
    FETTLE_ARCHIVE_MEMBERS_MAX = 64,
    FETTLE_ARCHIVE_NAME_SIZE = 128, /* of a member, with its NUL */
};

/* A file in it; folders are left out. */
typedef struct fettle_archive_member {
    char name[FETTLE_ARCHIVE_NAME_SIZE]; /* a clean path, see below; untrusted */
    fettle_span data;                    /* the archive's; may be empty */
} fettle_archive_member;

typedef struct fettle_archive {
    fettle_span file; /* all bytes of it; the caller's, and needed as long as the archive */
    size_t count;
    fettle_archive_member members[FETTLE_ARCHIVE_MEMBERS_MAX];

    void *memory[FETTLE_ARCHIVE_MEMBERS_MAX]; /* of each member's bytes; or NULL */
} fettle_archive;

/* Is libarchive built in? Without it fettle_archive_new() fails with NOT_SUPPORTED. */
bool fettle_archive_is_there(void);

/* Does it begin as gzip or tar do? */
bool fettle_archive_is_one(fettle_span file);

/*
 * Reads it whole. NULL: FILE_TOO_LARGE; FILE_BAD_ARCHIVE where it is cut or can't be read, has too much in it, a name that leads
 * out of it, the same name twice, a link or a device; FILE_DAMAGED where gzip's checksum is wrong; NO_MEMORY, NOT_SUPPORTED.
 */
fettle_archive *fettle_archive_new(fettle_span file, fettle_error *err);
void fettle_archive_free(fettle_archive *archive); /* takes NULL */

/* The member with that name; NULL: there is none. */
const fettle_archive_member *fettle_archive_find(const fettle_archive *archive,
                                                 const char *name);

/*
 * Makes a member's name a clean path, without "./" and double slashes, in `out`. False, and `why` says it in words that go behind the
 * name: it is absolute, has "..", a backslash or a control character, is too long, or is none.
 */
bool fettle_archive_clean_name(char out[FETTLE_ARCHIVE_NAME_SIZE], const char *name,
                               const char **why);

#endif
