/* SPDX-License-Identifier: Apache-2.0 */
/* Where the stub of an ESP chip comes from: a person's word, else what the
 * store has. */
#include "api/job_inside.h"
#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

/* A file that nobody has named, and that can't be read, is none: the ROM does
 * without. */
static fettle_stub_file *find_in_store(const fettle_job *job, const char *chip)
{
    const fettle_context *context = job->context;
    char key[64] = "stubs/";
    size_t size = 0;
    fettle_error ignored;
    uint8_t *bytes = context->store != NULL ? fettle_alloc(FETTLE_STUB_FILE_MAX) : NULL;
    fettle_stub_file *stub = NULL;
    fettle_text_append(key, sizeof key, chip);
    fettle_text_append(key, sizeof key, ".json");
    if (bytes != NULL &&
        context->store->get(context->store_self, key, bytes, FETTLE_STUB_FILE_MAX, &size)) {
        stub = fettle_stub_file_new((fettle_span){bytes, size}, &ignored);
    }
    fettle_free(bytes);
    return stub;
}

bool fettle_stub_take(fettle_job *job, fettle_error *err)
{
    if (job->wishes.stub.size == 0) {
        return true;
    }
    job->stub_file = fettle_stub_file_new(job->wishes.stub, err);
    return job->stub_file != NULL;
}

bool fettle_stub_find(void *self, const char *chip, fettle_esp_stub *stub)
{
    fettle_job *job = self;
    if (job->stub_file == NULL) {
        job->stub_file = find_in_store(job, chip);
    }
    const fettle_stub_file *file = job->stub_file;
    if (file == NULL) {
        return false;
    }
    *stub = (fettle_esp_stub){.text = file->text,
                              .data = file->data,
                              .text_address = file->text_address,
                              .data_address = file->data_address,
                              .entry = file->entry};
    return true;
}
