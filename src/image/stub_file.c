/* SPDX-License-Identifier: Apache-2.0 */
#include "image/stub_file.h"

#include "base/alloc.h"
#include "image/json.h"

#include <string.h>

static bool refuse(const char *text, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_FILE_BAD_STUB, &(fettle_words){.text = text});
    return false;
}

/* RFC 4648, section 4. -1: it is no such digit. */
static int digit_of(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 64; i++) {
        if (digits[i] == c) {
            return i;
        }
    }
    return -1;
}

/* Into `out`, which has room for three bytes of every four characters. False: it isn't base64. */
static bool decode(const char *text, uint8_t *out, size_t *size)
{
    size_t length = strlen(text);
    *size = 0;
    if (length % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < length; i += 4) {
        uint32_t bits = 0;
        bool is_last = i + 4 == length;
        size_t filling = is_last && text[i + 3] == '=' ? 1u + (text[i + 2] == '=') : 0;
        for (size_t k = 0; k < 4; k++) {
            int digit = k >= 4 - filling ? 0 : digit_of(text[i + k]);
            if (digit < 0) {
                return false;
            }
            bits = bits << 6 | (uint32_t)digit;
        }
        for (size_t k = 0; k < 3 - filling; k++) {
            out[(*size)++] = (uint8_t)(bits >> (16 - 8 * k));
        }
    }
    return true;
}

static bool read_number(const fettle_json *root, const char *key, uint32_t *number)
{
    uint64_t value;
    bool is_one =
        fettle_json_number(fettle_json_get(root, key), &value) && value <= UINT32_MAX;
    *number = is_one ? (uint32_t)value : 0;
    return is_one;
}

/* Characters of a part; 0: it isn't there. */
static size_t length_of(const fettle_json *root, const char *key)
{
    const char *text = fettle_json_text(fettle_json_get(root, key));
    return text != NULL ? strlen(text) : 0;
}

static bool fill(fettle_stub_file *stub, const fettle_json *root, fettle_error *err)
{
    uint8_t *room = (uint8_t *)(stub + 1);
    const char *text = fettle_json_text(fettle_json_get(root, "text"));
    const char *data = fettle_json_text(fettle_json_get(root, "data"));
    if (!decode(text, room, &stub->text.size) || stub->text.size == 0) {
        return refuse("its \"text\" is no base64", err);
    }
    stub->text.data = room;
    room += stub->text.size;
    if (data != NULL && !decode(data, room, &stub->data.size)) {
        return refuse("its \"data\" is no base64", err);
    }
    stub->data.data = room;
    if (!read_number(root, "entry", &stub->entry) ||
        !read_number(root, "text_start", &stub->text_address) ||
        (stub->data.size > 0 && !read_number(root, "data_start", &stub->data_address))) {
        return refuse("it doesn't say where it goes in the chip's memory", err);
    }
    return true;
}

fettle_stub_file *fettle_stub_file_new(fettle_span json, fettle_error *err)
{
    if (json.size > FETTLE_STUB_FILE_MAX) {
        fettle_error_set(err, FETTLE_E_FILE_TOO_LARGE,
                         &(fettle_words){.size = json.size, .limit = FETTLE_STUB_FILE_MAX});
        return NULL;
    }
    fettle_json *root = fettle_json_new(json, err);
    fettle_stub_file *stub = NULL;
    size_t text = length_of(root, "text"), data = length_of(root, "data");
    if (root != NULL && (text == 0 || text / 4 * 3 > FETTLE_STUB_PART_MAX ||
                         data / 4 * 3 > FETTLE_STUB_PART_MAX)) {
        (void)refuse("it has no \"text\" that a chip could take", err);
    } else if (root != NULL) {
        size_t size = sizeof *stub + (text / 4 + data / 4 + 2) * 3;
        stub = fettle_alloc(size);
        if (stub == NULL) {
            fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
        } else if (!fill(stub, root, err)) {
            fettle_free(stub);
            stub = NULL;
        }
    }
    fettle_json_free(root);
    return stub;
}

void fettle_stub_file_free(fettle_stub_file *stub)
{
    fettle_free(stub);
}
