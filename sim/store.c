/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board's memory and its files. What the board writes goes through to flash= at once, so that the
 * file of a process that was killed holds exactly what the board had got.
 *
 * The file is the raw content of the main memory, or of that of a module, from its first byte. One that is shorter leaves the
 * rest blank; an empty one counts as none.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

/* "NAME" for the first board of a spec, "NAME.2" for the second, ... */
static bool name_file(char *name, size_t size, const char *given, size_t ordinal)
{
    int length = ordinal == 1 ? snprintf(name, size, "%s", given)
                              : snprintf(name, size, "%s.%zu", given, ordinal);
    return length > 0 && (size_t)length < size;
}

static bool say(char *message, size_t size, const char *what, const char *name)
{
    snprintf(message, size, "cannot %s %s: %s", what, name, strerror(errno));
    return false;
}

/* A memory that a file stands for. */
typedef struct memory_file {
    FILE **file;
    uint8_t *memory;
    size_t size;
    uint8_t erased_value;
} memory_file;

static memory_file main_of(fettle_sim_board *board)
{
    return (memory_file){&board->flash_file, board->memory, board->memory_size,
                         board->erased_value};
}

static memory_file module_of(fettle_sim_board *board)
{
    return (memory_file){&board->module_file, board->module_memory, board->module_size,
                         0xff};
}

static bool read_flash(const memory_file *its, const char *name, char *message, size_t size)
{
    uint8_t first;
    size_t count = fread(&first, 1, 1, *its->file);
    if (count == 1) {
        memset(its->memory, its->erased_value, its->size);
        its->memory[0] = first;
        count += fread(its->memory + 1, 1, its->size - 1, *its->file);
    }
    if (ferror(*its->file)) {
        return say(message, size, "read", name);
    }
    if (count == its->size && fgetc(*its->file) != EOF) {
        snprintf(message, size, "%s holds more than the %zu bytes of this board's memory",
                 name, its->size);
        return false;
    }
    return true;
}

static void write_all(const memory_file *its)
{
    if (fseek(*its->file, 0, SEEK_SET) == 0) {
        fwrite(its->memory, 1, its->size, *its->file);
        fflush(*its->file);
    }
}

static void close_flash(const memory_file *its)
{
    if (*its->file != NULL) {
        write_all(its); /* a test may have written to the memory */
        fclose(*its->file);
        *its->file = NULL;
    }
}

static void write_through(const memory_file *its, size_t address, const uint8_t *bytes,
                          size_t size)
{
    if (*its->file != NULL && address + size <= its->size &&
        fseek(*its->file, (long)address, SEEK_SET) == 0) {
        fwrite(bytes, 1, size, *its->file);
        fflush(*its->file);
    }
}

/* An empty name: there is no file. */
static bool open_flash(const memory_file *its, const char *given, size_t ordinal,
                       char *message, size_t size)
{
    char name[SIM_FILE_NAME_SIZE + 16];
    if (given[0] == '\0') {
        return true;
    }
    if (!name_file(name, sizeof name, given, ordinal)) {
        snprintf(message, size, "the name of the flash= file is too long");
        return false;
    }
    *its->file = fopen(name, "r+b");
    if (*its->file == NULL && errno != ENOENT) {
        return say(message, size, "open", name);
    }
    if (*its->file != NULL && !read_flash(its, name, message, size)) {
        fclose(*its->file);
        *its->file = NULL;
        return false;
    }
    if (*its->file == NULL) {
        *its->file = fopen(name, "w+b");
    }
    if (*its->file == NULL) {
        return say(message, size, "create", name);
    }
    write_all(its);
    return true;
}

static bool open_log(fettle_sim_board *board, size_t ordinal, char *message, size_t size)
{
    char name[SIM_FILE_NAME_SIZE + 16];
    if (!name_file(name, sizeof name, board->settings.log, ordinal)) {
        snprintf(message, size, "the name of the log= file is too long");
        return false;
    }
    board->log_file = fopen(name, "wb");
    return board->log_file != NULL || say(message, size, "create", name);
}

bool fettle_sim_store_open(fettle_sim_board *board, size_t ordinal, char *message,
                           size_t message_size)
{
    const fettle_sim_settings *settings = &board->settings;
    const memory_file own = main_of(board), module = module_of(board);
    return (settings->log[0] == '\0' || open_log(board, ordinal, message, message_size)) &&
           open_flash(&own, settings->flash, ordinal, message, message_size) &&
           open_flash(&module, settings->module_flash, ordinal, message, message_size);
}

void fettle_sim_store_close(fettle_sim_board *board)
{
    const memory_file own = main_of(board), module = module_of(board);
    close_flash(&own);
    close_flash(&module);
    if (board->log_file != NULL) {
        fclose(board->log_file);
        board->log_file = NULL;
    }
}

void fettle_sim_store_write(fettle_sim_board *board, size_t address, const uint8_t *bytes,
                            size_t size)
{
    const memory_file own = main_of(board);
    memcpy(board->memory + address, bytes, size);
    write_through(&own, address, bytes, size);
}

void fettle_sim_store_write_module(fettle_sim_board *board, size_t address,
                                   const uint8_t *bytes, size_t size)
{
    const memory_file module = module_of(board);
    memcpy(board->module_memory + address, bytes, size);
    write_through(&module, address, bytes, size);
}
