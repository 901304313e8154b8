/* SPDX-License-Identifier: Apache-2.0 */
/* Stub files of ESP chips: whatever is taken has parts of bounded size, and all of their bytes can be read. */
#include "base/error.h"
#include "image/stub_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned sum_of(fettle_span span)
{
    unsigned sum = 0;
    for (size_t i = 0; i < span.size; i++) {
        sum += span.data[i];
    }
    return sum;
}

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_stub_file *stub = fettle_stub_file_new((fettle_span){data, size}, &err);
    must((stub != NULL) == (err.code == FETTLE_E_NONE));
    if (stub != NULL) {
        must(stub->text.size > 0 && stub->text.size <= FETTLE_STUB_PART_MAX);
        must(stub->data.size <= FETTLE_STUB_PART_MAX);
        must(stub->text.size + stub->data.size <= size);
        must(sum_of(stub->text) <= 255 * stub->text.size);
        must(sum_of(stub->data) <= 255 * stub->data.size);
    }
    fettle_stub_file_free(stub);
    return 0;
}
