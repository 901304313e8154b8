/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson, and nothing but it; see json.h. Depth is measured before it reads, because its own bound is far above ours.
 */
#include "image/json.h"

#include "base/text.h"

#include <jansson.h>

bool fettle_json_is_there(void)
{
    return true;
}

/* A fettle_json is a json_t: ours is only a name for it. */
static json_t *own(const fettle_json *value)
{
    union { /* jansson asks for values that it may change, and changes none */
        const fettle_json *ours;
        json_t *theirs;
    } same = {.ours = value};

    return same.theirs;
}

/* Levels of [ and {, those in strings not counted. */
static size_t depth_of(fettle_span text)
{
    size_t depth = 0, deepest = 0;
    bool is_text = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (is_text) {
            i += byte == '\\';
            is_text = byte != '"';
        } else if (byte == '[' || byte == '{') {
            depth++;
            deepest = depth > deepest ? depth : deepest;
        } else if (byte == ']' || byte == '}') {
            depth -= depth > 0;
        } else {
            is_text = byte == '"';
        }
    }
    return deepest;
}

static fettle_json *refuse(const json_error_t *problem, fettle_error *err)
{
    char text[JSON_ERROR_TEXT_LENGTH + 64] = "line ";

    fettle_text_append_number(text, sizeof text,
                              problem->line > 0 ? (uint64_t)problem->line : 1);
    fettle_text_append(text, sizeof text, ": ");
    fettle_text_append(text, sizeof text, problem->text);
    fettle_error_set(err, FETTLE_E_FILE_BAD_JSON, &(fettle_words){.text = text});
    return NULL;
}

fettle_json *fettle_json_new(fettle_span text, fettle_error *err)
{
    json_error_t problem = {.line = 1};
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF}; /* of UTF-8, as editors put it */
    size_t marked = text.size >= sizeof mark && text.data[0] == mark[0] &&
                            text.data[1] == mark[1] && text.data[2] == mark[2]
                        ? sizeof mark
                        : 0;

    if (text.size > FETTLE_JSON_SIZE_MAX) {
        fettle_error_set(err, FETTLE_E_FILE_TOO_LARGE,
                         &(fettle_words){.size = text.size, .limit = FETTLE_JSON_SIZE_MAX});
        return NULL;
    }
    if (depth_of(text) > FETTLE_JSON_DEPTH_MAX) {
        fettle_error_set(err, FETTLE_E_FILE_BAD_JSON,
                         &(fettle_words){.text = "it has more than 32 levels"});
        return NULL;
    }
    json_t *root = json_loadb((const char *)text.data + marked, text.size - marked,
                              JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL && json_error_code(&problem) == json_error_out_of_memory) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = text.size});
        return NULL;
    }
    return root != NULL ? (fettle_json *)root : refuse(&problem, err);
}

void fettle_json_free(fettle_json *root)
{
    json_decref(own(root));
}

bool fettle_json_is_object(const fettle_json *value)
{
    return json_is_object(own(value));
}

bool fettle_json_is_array(const fettle_json *value)
{
    return json_is_array(own(value));
}

const fettle_json *fettle_json_get(const fettle_json *value, const char *key)
{
    return (const fettle_json *)json_object_get(own(value), key);
}

size_t fettle_json_count(const fettle_json *value)
{
    return json_is_object(own(value)) ? json_object_size(own(value))
                                      : json_array_size(own(value));
}

const fettle_json *fettle_json_at(const fettle_json *value, size_t i)
{
    return (const fettle_json *)json_array_get(own(value), i);
}

bool fettle_json_each(const fettle_json *value,
                      bool (*each)(void *user, const char *key, const fettle_json *value),
                      void *user)
{
    json_t *object = own(value);

    for (void *at = json_object_iter(object); at != NULL;
         at = json_object_iter_next(object, at)) {
        if (!each(user, json_object_iter_key(at),
                  (const fettle_json *)json_object_iter_value(at))) {
            return false;
        }
    }
    return true;
}

const char *fettle_json_text(const fettle_json *value)
{
    return json_string_value(own(value));
}

bool fettle_json_number(const fettle_json *value, uint64_t *number)
{
    if (!json_is_integer(own(value)) || json_integer_value(own(value)) < 0) {
        return false;
    }
    *number = (uint64_t)json_integer_value(own(value));
    return true;
}

bool fettle_json_is_true(const fettle_json *value)
{
    const char *text = fettle_json_text(value);

    return json_is_true(own(value)) || (text != NULL && fettle_text_is_equal(text, "true"));
}
