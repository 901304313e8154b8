/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes files for ESP chips, for tests:
 *
 *   fettle-make-esp app FILE [CHIP_ID [SIZE [PROJECT [VERSION [SEED]]]]]   SIZE: bytes of code
 *   fettle-make-esp loader FILE [CHIP_ID]
 *   fettle-make-esp esp8266 FILE [SIZE]
 *   fettle-make-esp table FILE
 *   fettle-make-esp merged FILE [CHIP_ID]      bootloader at 0x1000 for ids 0 and 2, else at 0
 *   fettle-make-esp elf FILE                   the first bytes of one
 */
#include "tests/tools/esp_make.h"

#include <stdio.h>

enum { ROOM = 16 * 1024 * 1024, USUAL_CODE = 20000 };

static const char *word(int argc, char **argv, int i, const char *otherwise)
{
    return argc > i ? argv[i] : otherwise;
}

static esp_make app_of(int argc, char **argv)
{
    return (esp_make){
        .kind = ESP_MAKE_APP,
        .chip_id = (uint16_t)strtoul(word(argc, argv, 3, "0"), NULL, 0),
        .max_full = 0xFFFF,
        .mode = 2,
        .size_frequency = 0x2F,
        .has_hash = true,
        .code = strtoul(word(argc, argv, 4, "20000"), NULL, 0),
        .project = word(argc, argv, 5, "blink"),
        .version = word(argc, argv, 6, "1.2.3"),
        .idf = "v5.3.1",
        .seed = (uint8_t)strtoul(word(argc, argv, 7, "1"), NULL, 0),
    };
}

static esp_make loader_of(int argc, char **argv)
{
    esp_make wish = app_of(argc < 4 ? argc : 4, argv);
    wish.kind = ESP_MAKE_LOADER;
    wish.code = USUAL_CODE;
    wish.seed = 9;
    return wish;
}

static bool make(esp_writer *file, int argc, char **argv)
{
    const char *kind = argv[1];
    esp_make app = app_of(argc, argv), loader = loader_of(argc, argv);
    if (strcmp(kind, "app") == 0) {
        esp_put_image(file, &app);
    } else if (strcmp(kind, "loader") == 0) {
        esp_put_image(file, &loader);
    } else if (strcmp(kind, "esp8266") == 0) {
        size_t size = strtoul(word(argc, argv, 3, "20000"), NULL, 0);
        esp_put_image(
            file, &(esp_make){
                      .is_esp8266 = true, .code = size, .mode = 2, .size_frequency = 0x40});
    } else if (strcmp(kind, "table") == 0) {
        esp_put_usual_table(file);
    } else if (strcmp(kind, "merged") == 0) {
        app.code = USUAL_CODE;
        esp_pad_to(file, app.chip_id == 0 || app.chip_id == 2 ? 0x1000 : 0);
        esp_put_image(file, &loader);
        esp_pad_to(file, 0x8000);
        esp_put_usual_table(file);
        esp_pad_to(file, 0x10000);
        esp_put_image(file, &app);
    } else if (strcmp(kind, "elf") == 0) {
        const uint8_t elf[52] = {0x7F, 'E', 'L', 'F', 1, 1, 1, [16] = 2, [18] = 0x5E};
        esp_put(file, elf, sizeof elf);
    }
    return file->size > 0;
}

int main(int argc, char **argv)
{
    esp_writer file = {.bytes = malloc(ROOM), .room = ROOM};
    if (argc < 3 || file.bytes == NULL || !make(&file, argc, argv)) {
        fputs("usage: fettle-make-esp app|loader|esp8266|table|merged|elf FILE ...\n",
              stderr);
        return 2;
    }
    FILE *out = fopen(argv[2], "wb");
    bool is_good = out != NULL && fwrite(file.bytes, 1, file.size, out) == file.size;
    is_good = out != NULL && fclose(out) == 0 && is_good;
    free(file.bytes);
    return is_good ? 0 : 1;
}
