/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A main() for fuzz targets without a fuzzer: runs each file that is named through the
 * target once. So a corpus is an ordinary test, and a crash found elsewhere can be looked
 * at in a debugger.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The whole file in memory of exactly its size, so that a sanitizer sees a read past its
 * end.
 */
static uint8_t *read_whole(FILE *file, size_t *size)
{
    if (fseek(file, 0, SEEK_END) != 0) {
        return NULL;
    }
    long end = ftell(file);
    if (end < 0 || fseek(file, 0, SEEK_SET) != 0) {
        return NULL;
    }
    *size = (size_t)end;
    uint8_t *data = malloc(*size > 0 ? *size : 1);
    if (data != NULL && fread(data, 1, *size, file) != *size) {
        free(data);
        data = NULL;
    }
    return data;
}

static int replay(const char *path)
{
    size_t size = 0;
    FILE *file = fopen(path, "rb");
    uint8_t *data = file != NULL ? read_whole(file, &size) : NULL;

    if (file != NULL) {
        (void)fclose(file);
    }
    if (data == NULL) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        return EXIT_FAILURE;
    }
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s FILE...\n", argc > 0 ? argv[0] : "replay");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i]) != EXIT_SUCCESS) {
            return EXIT_FAILURE;
        }
    }
    (void)printf("%d inputs replayed\n", argc - 1);
    return EXIT_SUCCESS;
}
