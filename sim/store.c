/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board's memory and its files. What the board writes goes through to flash= at once, so that the
 * file of a process that was killed holds exactly what the board had got.
 *
 * The file is the raw content of the main memory from its first byte. One that is shorter leaves the
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

static bool read_flash(fettle_sim_board *board, const char *name, char *message,
                       size_t size)
{
    uint8_t first;
    size_t count = fread(&first, 1, 1, board->flash_file);
    if (count == 1) {
        memset(board->memory, board->erased_value, board->memory_size);
        board->memory[0] = first;
        count += fread(board->memory + 1, 1, board->memory_size - 1, board->flash_file);
    }
    if (ferror(board->flash_file)) {
        return say(message, size, "read", name);
    }
    if (count == board->memory_size && fgetc(board->flash_file) != EOF) {
        snprintf(message, size, "%s holds more than the %zu bytes of this board's memory",
                 name, board->memory_size);
        return false;
    }
    return true;
}

static void write_all(fettle_sim_board *board)
{
    if (fseek(board->flash_file, 0, SEEK_SET) == 0) {
        fwrite(board->memory, 1, board->memory_size, board->flash_file);
        fflush(board->flash_file);
    }
}

static bool open_flash(fettle_sim_board *board, size_t ordinal, char *message, size_t size)
{
    char name[SIM_FILE_NAME_SIZE + 16];
    if (!name_file(name, sizeof name, board->settings.flash, ordinal)) {
        snprintf(message, size, "the name of the flash= file is too long");
        return false;
    }
    board->flash_file = fopen(name, "r+b");
    if (board->flash_file == NULL && errno != ENOENT) {
        return say(message, size, "open", name);
    }
    if (board->flash_file != NULL && !read_flash(board, name, message, size)) {
        fclose(board->flash_file);
        board->flash_file = NULL;
        return false;
    }
    if (board->flash_file == NULL) {
        board->flash_file = fopen(name, "w+b");
    }
    if (board->flash_file == NULL) {
        return say(message, size, "create", name);
    }
    write_all(board);
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
    return (settings->log[0] == '\0' || open_log(board, ordinal, message, message_size)) &&
           (settings->flash[0] == '\0' ||
            open_flash(board, ordinal, message, message_size));
}

void fettle_sim_store_close(fettle_sim_board *board)
{
    if (board->flash_file != NULL) {
        write_all(board); /* a test may have written to the memory */
        fclose(board->flash_file);
        board->flash_file = NULL;
    }
    if (board->log_file != NULL) {
        fclose(board->log_file);
        board->log_file = NULL;
    }
}

void fettle_sim_store_write(fettle_sim_board *board, size_t address, const uint8_t *bytes,
                            size_t size)
{
    memcpy(board->memory + address, bytes, size);
    if (board->flash_file != NULL && address + size <= board->memory_size &&
        fseek(board->flash_file, (long)address, SEEK_SET) == 0) {
        fwrite(bytes, 1, size, board->flash_file);
        fflush(board->flash_file);
    }
}
