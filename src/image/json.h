/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON texts (RFC 8259) as values to be asked: the only header of ours behind which jansson is. Bounded: 4 MiB, 32 levels.
 * Objects with the same key twice are refused, since nobody can say which of them counts.
 *
 * Values belong to the text they are of, and live as long as its root. What isn't there is NULL, and every question may be
 * put to NULL, so that a path through objects needs no checks in between.
 */
#ifndef FETTLE_IMAGE_JSON_H
#define FETTLE_IMAGE_JSON_H

#include "base/error.h"

enum {
    FETTLE_JSON_SIZE_MAX = 4 * 1024 * 1024,
    FETTLE_JSON_DEPTH_MAX = 32,
};

typedef struct fettle_json fettle_json; /* one value */

/* Is jansson built in? Without it fettle_json_new() fails with NOT_SUPPORTED. */
bool fettle_json_is_there(void);

/* NULL: FILE_BAD_JSON with the place, FILE_TOO_LARGE, NO_MEMORY. */
fettle_json *fettle_json_new(fettle_span text, fettle_error *err);
void fettle_json_free(fettle_json *root); /* takes NULL; the root only */

bool fettle_json_is_object(const fettle_json *value);
bool fettle_json_is_array(const fettle_json *value);

/* The value of a key of an object; NULL: there is none, or it is no object. */
const fettle_json *fettle_json_get(const fettle_json *value, const char *key);

/* Items of an array, or members of an object, in the order of the text; 0 for anything else. */
size_t fettle_json_count(const fettle_json *value);

/* Item `i` of an array. */
const fettle_json *fettle_json_at(const fettle_json *value, size_t i);

/* Calls `each` for every member of an object in the order of the text, until it returns false. False: it did. */
bool fettle_json_each(const fettle_json *value,
                      bool (*each)(void *user, const char *key, const fettle_json *value),
                      void *user);

/* The text of a string, which has no NUL in it; NULL: it is no string. */
const char *fettle_json_text(const fettle_json *value);

/* A whole number that isn't negative. False: it is something else. */
bool fettle_json_number(const fettle_json *value, uint64_t *number);

/* true, and also "true", as ESP-IDF writes it. */
bool fettle_json_is_true(const fettle_json *value);

#endif
