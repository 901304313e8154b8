/* SPDX-License-Identifier: Apache-2.0 */
/* Where there is no jansson: the rest works, and says so. */
#include "image/json.h"

bool fettle_json_is_there(void)
{
    return false;
}

fettle_json *fettle_json_new(fettle_span text, fettle_error *err)
{
    (void)text;
    fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                     &(fettle_words){.text = "this fettle was built without jansson, and "
                                             "reads no JSON files"});
    return NULL;
}

void fettle_json_free(fettle_json *root)
{
    (void)root;
}

bool fettle_json_is_object(const fettle_json *value)
{
    (void)value;
    return false;
}

bool fettle_json_is_array(const fettle_json *value)
{
    (void)value;
    return false;
}

const fettle_json *fettle_json_get(const fettle_json *value, const char *key)
{
    (void)value;
    (void)key;
    return NULL;
}

size_t fettle_json_count(const fettle_json *value)
{
    (void)value;
    return 0;
}

const fettle_json *fettle_json_at(const fettle_json *value, size_t i)
{
    (void)value;
    (void)i;
    return NULL;
}

bool fettle_json_each(const fettle_json *value,
                      bool (*each)(void *user, const char *key, const fettle_json *value),
                      void *user)
{
    (void)value;
    (void)each;
    (void)user;
    return true;
}

const char *fettle_json_text(const fettle_json *value)
{
    (void)value;
    return NULL;
}

bool fettle_json_number(const fettle_json *value, uint64_t *number)
{
    (void)value;
    (void)number;
    return false;
}

bool fettle_json_is_true(const fettle_json *value)
{
    (void)value;
    return false;
}
