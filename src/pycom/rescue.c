/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module that doesn't come up, and its ladder, from what loses nothing to what loses most: safe boot, its settings (NVS), its files,
 * all of it. Its config block with ids and keys is kept on each rung, by what erases and writes (complete.c, job/way_esp_module.c).
 *
 * That safe boot was tried nobody here can see: so that rung names the next one, too.
 */
#include "base/text.h"
#include "pycom/layout.h"

typedef enum rung {
    RUNG_SAFE_BOOT,
    RUNG_SETTINGS,
    RUNG_FILES,
    RUNG_WHOLE,
    RUNG_OTHER, /* nothing of what is in its flash can be the reason */
    RUNG_NOTHING_THERE,
    RUNG_POWER,
} rung;

#define BARE_SAFE_BOOT                                                                \
    "safe boot: connect G28 with 3V3 (or hold Safe Boot) and press reset; it starts " \
    "without its main.py"
#define SAFE_BOOT \
    BARE_SAFE_BOOT ", and held for 3 to 6 seconds it starts the firmware from before"
#define POWER                                                                          \
    "Its power fails, and erasing is no help: take a short cable and a port of the "   \
    "computer itself, charge the battery, take off what the module feeds; then press " \
    "its reset button."
#define OTHER                                                                       \
    "All of it was written anew, so it is not what was in its flash: take another " \
    "version of the firmware, and check its power. Its ids and keys are still there."

#define FIRST_SAFE_BOOT(how)                                                          \
    "First what loses nothing, " how ". If it restarts all the same, run the same "   \
    "command with --erase-settings: what the firmware has remembered (NVS) is lost; " \
    "files, ids and keys (the config block) are kept."

/* After an update: what to add to the command that has just run. */
static const char *const hints[] = {
    [RUNG_SAFE_BOOT] = FIRST_SAFE_BOOT(BARE_SAFE_BOOT),
    [RUNG_SETTINGS] =
        "Run the same command with --erase-settings: what the firmware has remembered "
        "(NVS) is lost; files, ids and keys (the config block) are kept.",
    [RUNG_FILES] =
        "Run the same command with --erase-settings --erase-files: the files on it are "
        "lost, too; its ids and keys (the config block) are kept.",
    [RUNG_WHOLE] =
        "Run the same command with --mass-erase: everything is erased and written anew, "
        "so its files and settings are lost; the config block with its ids and keys is "
        "kept.",
    [RUNG_OTHER] = OTHER,
    [RUNG_NOTHING_THERE] =
        "It finds nothing that starts: run the same command once more, which loses "
        "nothing else. If that is no help, run it with --mass-erase: its files and "
        "settings are lost; the config block with its ids and keys is kept.",
    [RUNG_POWER] = POWER,
};

/* ---- which rung ---- */

static bool is_blank(const fettle_module_distress *distress, fettle_module_range range)
{
    uint64_t end = (uint64_t)range.address + range.size;
    for (size_t i = 0; i < distress->blank_count; i++) {
        const fettle_module_range *blank = &distress->blank[i];
        if (blank->address <= range.address &&
            end <= (uint64_t)blank->address + blank->size) {
            return true;
        }
    }
    return false;
}

/* False: nobody knows where they are. */
static bool find_settings(const fettle_module_look *look, const fettle_partition **row)
{
    *row = look->board->table != NULL
               ? fettle_partitions_find(look->board->table, FETTLE_PARTITION_DATA,
                                        FETTLE_PARTITION_DATA_NVS)
               : NULL;
    return *row != NULL;
}

static bool has_settings(const fettle_module_look *look,
                         const fettle_module_distress *distress)
{
    const fettle_partition *row;
    return distress->is_rerun
               ? !distress->was_erased_settings
               : find_settings(look, &row) &&
                     !is_blank(distress, (fettle_module_range){row->address, row->size});
}

static bool has_files(const fettle_module_look *look,
                      const fettle_module_distress *distress)
{
    fettle_module_range files;
    return distress->is_rerun ? !distress->was_erased_files
                              : fettle_pycom_files_of(look->board->table,
                                                      look->board->flash_size, &files) &&
                                    !is_blank(distress, files);
}

/* Is there firmware from before? The loader starts what its own record names as such, and nothing else. */
static bool has_firmware_before(const fettle_module_look *look,
                                const fettle_module_distress *distress)
{
    const fettle_partitions *table = look->board->table;
    fettle_pycom_seen seen;
    fettle_pycom_otadata now;
    fettle_pycom_see(look, &seen);
    if (table == NULL || !fettle_pycom_otadata_decode(&now, seen.otadata) ||
        now.previous == now.active || now.previous >= FETTLE_PYCOM_SLOTS) {
        return false;
    }
    const fettle_partition *row = fettle_partitions_find(
        table, FETTLE_PARTITION_APP,
        now.previous == FETTLE_PYCOM_FACTORY ? FETTLE_PARTITION_APP_FACTORY
                                             : FETTLE_PARTITION_APP_OTA_0);
    return row != NULL &&
           !is_blank(distress, (fettle_module_range){row->address, row->size});
}

/* Whoever has erased something is beyond what loses nothing. */
static bool has_begun(const fettle_module_distress *distress)
{
    return distress->was_erased_settings || distress->was_erased_files;
}

static rung find_rung(const fettle_module_look *look,
                      const fettle_module_distress *distress)
{
    bool settings = has_settings(look, distress), files = has_files(look, distress);
    if (distress->loses_power) {
        return RUNG_POWER;
    }
    if (distress->was_erased_whole) {
        return RUNG_OTHER;
    }
    return distress->finds_nothing            ? RUNG_NOTHING_THERE
           : settings && !has_begun(distress) ? RUNG_SAFE_BOOT
           : settings                         ? RUNG_SETTINGS
           : files                            ? RUNG_FILES
                                              : RUNG_WHOLE;
}

/* ---- in commands ---- */

static void say(char text[FETTLE_MODULE_STEP_SIZE], const char *part)
{
    fettle_text_append(text, FETTLE_MODULE_STEP_SIZE, part);
}

static void say_number(char text[FETTLE_MODULE_STEP_SIZE], const char *name,
                       uint32_t number)
{
    say(text, name);
    fettle_text_append_hex(text, FETTLE_MODULE_STEP_SIZE, number, 1);
}

static void say_port(char text[FETTLE_MODULE_STEP_SIZE],
                     const fettle_module_distress *distress)
{
    say(text, " --board ");
    say(text, distress->port);
}

static void say_settings(const fettle_module_look *look,
                         const fettle_module_distress *distress,
                         char text[FETTLE_MODULE_STEP_SIZE])
{
    const fettle_partition *row;
    if (find_settings(look, &row)) {
        if (fettle_text_is_equal(row->label, "nvs")) {
            say(text, "fettle erase --module --memory nvs");
        } else {
            say_number(text, "fettle erase --module --address 0x", row->address);
            say_number(text, " --length 0x", row->size);
        }
        say_port(text, distress);
        say(text,
            " (its settings, NVS, are lost; files, ids and keys are kept), then fettle "
            "info again");
    }
}

static void say_files(const fettle_module_look *look,
                      const fettle_module_distress *distress,
                      char text[FETTLE_MODULE_STEP_SIZE])
{
    fettle_module_range files;
    if (fettle_pycom_files_of(look->board->table, look->board->flash_size, &files)) {
        say_number(text, "fettle erase --module --address 0x", files.address);
        say_number(text, " --length 0x", files.size);
        say_port(text, distress);
        say(text, " (the files on it are lost; its ids and keys are kept), then fettle "
                  "info again");
    }
}

static void say_whole(const fettle_module_distress *distress,
                      char text[FETTLE_MODULE_STEP_SIZE])
{
    say(text, "fettle update PACKAGE --mass-erase");
    say_port(text, distress);
    say(text, " (all is written anew, so its files and settings are lost; the config block "
              "with ids and keys is kept)");
}

static void say_update(const fettle_module_distress *distress,
                       char text[FETTLE_MODULE_STEP_SIZE])
{
    say(text, "fettle update PACKAGE");
    say_port(text, distress);
    say(text, " (nothing else is lost)");
}

static void say_commands(rung which, const fettle_module_look *look,
                         const fettle_module_distress *distress,
                         fettle_module_rescue *rescue)
{
    switch (which) {
    case RUNG_SAFE_BOOT:
        say(rescue->step, has_firmware_before(look, distress)
                              ? SAFE_BOOT " (nothing is lost)"
                              : BARE_SAFE_BOOT " (nothing is lost)");
        say_settings(look, distress, rescue->or_else);
        break;
    case RUNG_SETTINGS:
        say_settings(look, distress, rescue->step);
        break;
    case RUNG_FILES:
        say_files(look, distress, rescue->step);
        say_whole(distress, rescue->or_else);
        break;
    case RUNG_WHOLE:
    case RUNG_NOTHING_THERE:
        say_update(distress, rescue->step);
        say_whole(distress, rescue->or_else);
        break;
    case RUNG_OTHER:
    case RUNG_POWER:
        say(rescue->step, hints[which]);
        break;
    }
}

void fettle_pycom_rescue(const fettle_module_look *look,
                         const fettle_module_distress *distress,
                         fettle_module_rescue *rescue)
{
    rung which = find_rung(look, distress);
    rescue->hint = which == RUNG_SAFE_BOOT && has_firmware_before(look, distress)
                       ? FIRST_SAFE_BOOT(SAFE_BOOT)
                       : hints[which];
    if (!distress->is_rerun) {
        rescue->hint = which == RUNG_POWER || which == RUNG_OTHER
                           ? hints[which]
                           : "Take the next step that is named above; fettle explain "
                             "no-application has all of them.";
        say_commands(which, look, distress, rescue);
    }
}
