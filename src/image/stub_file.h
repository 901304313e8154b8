/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Espressif's published stubs: small programs that the ROM of an ESP chip loads into its RAM, and that write and read
 * flash faster than it does. JSON with base64 in it, the same in their first and second generation.
 */
#ifndef FETTLE_IMAGE_STUB_FILE_H
#define FETTLE_IMAGE_STUB_FILE_H

#include "base/error.h"

enum {
    FETTLE_STUB_FILE_MAX = 256 * 1024, /* bytes; the largest published one has 20 KiB */
    FETTLE_STUB_PART_MAX = 64 * 1024,  /* bytes of text, and of data */
};

typedef struct fettle_stub_file {
    uint32_t entry, text_address, data_address;
    fettle_span text; /* never empty */
    fettle_span data; /* may be empty */
} fettle_stub_file;

/*
 * Reads one; the text isn't needed afterwards. NULL: FILE_BAD_JSON, FILE_BAD_STUB, FILE_TOO_LARGE, NO_MEMORY, NOT_SUPPORTED
 * where JSON isn't built in.
 */
fettle_stub_file *fettle_stub_file_new(fettle_span json, fettle_error *err);
void fettle_stub_file_free(fettle_stub_file *stub); /* takes NULL */

#endif
