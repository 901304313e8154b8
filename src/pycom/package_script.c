/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One script of a package. Two forms: of old an array of steps, later an object with that array and with partitions by name. A step
 * erases, writes, or writes "without protection"; numbers are hexadecimal texts, as in the vendor's tool, with or without 0x.
 *
 * What a script erases is only looked at: fettle erases what it writes, and what a person asks for.
 */
#include "pycom/package.h"

#include "base/text.h"
#include "image/json.h"
#include "pycom/tables.h"

#include <string.h>

enum { PLACES_MAX = 32, ITEMS = 3 };

/* A place of the flash that has a name. */
typedef struct place {
    const char *name;
    uint32_t address, size;
} place;

/* Where the vendor's tool looks when a script says nothing of it. */
static const place fixed_places[] = {
    {"bootloader", FETTLE_PYCOM_LOADER, FETTLE_PYCOM_LOADER_ROOM},
    {"partitions", FETTLE_TABLE_ADDRESS, FETTLE_TABLE_ROOM},
    {"secureboot", 0, FETTLE_TABLE_ADDRESS},
    {"nvs", 0x9000, 0x7000},
    {"config", FETTLE_PYCOM_CONFIG_ADDRESS, FETTLE_PYCOM_CONFIG_SECTOR},
    {"cb", FETTLE_PYCOM_CONFIG_ADDRESS, FETTLE_PYCOM_CONFIG_SECTOR},
    {"fs", 0x380000, 0x7F000},
    {"fs1", 0x400000, 0x400000},
};

typedef struct reading {
    fettle_pycom_variant *variant;
    const fettle_pycom_package *package;
    size_t place_count;
    place places[PLACES_MAX]; /* of the script */
    fettle_error *err;
} reading;

static const char *text_or(const fettle_json *value, const char *otherwise)
{
    const char *text = fettle_json_text(value);
    return text != NULL ? text : otherwise;
}

/* ---- numbers and places ---- */

static bool read_hex(const char *text, uint32_t *number)
{
    enum { DIGITS = 8 };
    size_t length = 0;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
    }
    *number = 0;
    for (; text[length] != '\0'; length++) {
        unsigned digit = fettle_text_digit(text[length]);
        if (digit > 15 || length == DIGITS) {
            return false;
        }
        *number = *number << 4 | digit;
    }
    return length > 0;
}

static bool read_number(const fettle_json *value, uint32_t *number)
{
    uint64_t large = 0;
    if (fettle_json_number(value, &large)) {
        *number = (uint32_t)large;
        return large <= UINT32_MAX;
    }
    const char *text = fettle_json_text(value);
    return text != NULL && read_hex(text, number);
}

static bool add_place(void *user, const char *key, const fettle_json *value)
{
    reading *self = user;
    place *next = &self->places[self->place_count];
    if (self->place_count == PLACES_MAX) {
        return fettle_pycom_bad_package(self->err,
                                        "a script has more than {limit} partitions",
                                        &(fettle_words){.limit = PLACES_MAX});
    }
    if (fettle_json_count(value) != 2 ||
        !read_number(fettle_json_at(value, 0), &next->address) ||
        !read_number(fettle_json_at(value, 1), &next->size)) {
        return fettle_pycom_bad_package(
            self->err, "its partition \"{text}\" isn't an address and a size",
            &(fettle_words){.text = key});
    }
    next->name = key;
    self->place_count++;
    return true;
}

static const place *find_place(const place *places, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (fettle_text_is_equal(places[i].name, name)) {
            return &places[i];
        }
    }
    return NULL;
}

/* What a target says: by name of the script, of the table, of what always is; else a number, up to the end of what is there. */
static bool find_target(const reading *self, const char *target, place *found)
{
    const fettle_pycom_variant *variant = self->variant;
    const place *named = find_place(self->places, self->place_count, target);
    const fettle_partition *row =
        variant->has_table ? fettle_partitions_find_label(&variant->table, target) : NULL;
    *found = (place){.name = target};
    if (named == NULL && row == NULL) {
        named =
            find_place(fixed_places, sizeof fixed_places / sizeof *fixed_places, target);
    }
    if (named != NULL) {
        found->address = named->address;
        found->size = named->size;
        return true;
    }
    if (row != NULL) {
        found->address = row->address;
        found->size = row->size;
        return true;
    }
    found->name = "";
    return read_hex(target, &found->address);
}

/* Of a place that only has an address: to the end of what begins there. */
static uint32_t room_at(const fettle_pycom_variant *variant, uint32_t address)
{
    const fettle_partition *row =
        variant->has_table ? fettle_partitions_at(&variant->table, address) : NULL;
    if (row != NULL) {
        return row->address + row->size - address;
    }
    if (address == FETTLE_PYCOM_LOADER) {
        return FETTLE_PYCOM_LOADER_ROOM;
    }
    return address == FETTLE_TABLE_ADDRESS ? FETTLE_TABLE_ROOM : FETTLE_PYCOM_8MB;
}

/* ---- steps ---- */

static const fettle_archive_member *find_member(const reading *self, const char *name)
{
    for (size_t i = 0; i < self->package->member_count; i++) {
        if (fettle_text_is_equal(self->package->members[i].name, name)) {
            return &self->package->members[i];
        }
    }
    return NULL;
}

static bool read_erase(reading *self, const fettle_json *step)
{
    place found;
    uint32_t size = 0;
    const char *target = text_or(fettle_json_at(step, 1), "");
    if (fettle_text_is_equal(target, "all")) {
        self->variant->erases_more = true;
        return true;
    }
    bool is_known = find_target(self, target, &found);
    if (!is_known && read_number(fettle_json_at(step, 1), &found.address)) {
        is_known = true;
        found.name = "";
    }
    bool has_size = read_number(fettle_json_at(step, 2), &size);
    if (!is_known || (found.name[0] == '\0' && !has_size)) {
        return fettle_pycom_bad_package(
            self->err, "it erases \"{text}\", which is no partition and no address",
            &(fettle_words){.text = target});
    }
    self->variant->erases_more = true;
    return true;
}

static bool read_write(reading *self, const fettle_json *step, bool is_unprotected)
{
    fettle_pycom_variant *variant = self->variant;
    const char *target = text_or(fettle_json_at(step, 1), "");
    const char *file = text_or(fettle_json_at(step, 2), "");
    const fettle_archive_member *member = find_member(self, file);
    place found;
    if (variant->write_count == FETTLE_PYCOM_WRITES_MAX) {
        return fettle_pycom_bad_package(self->err,
                                        "a script writes more than {limit} files",
                                        &(fettle_words){.limit = FETTLE_PYCOM_WRITES_MAX});
    }
    if (member == NULL) {
        return fettle_pycom_bad_package(self->err,
                                        "it names \"{text}\", which is not in the package",
                                        &(fettle_words){.text = file});
    }
    if (!find_target(self, target, &found)) {
        found.name = "";
        if (fettle_json_text(fettle_json_at(step, 1)) != NULL ||
            !read_number(fettle_json_at(step, 1), &found.address)) {
            return fettle_pycom_bad_package(
                self->err, "it writes to \"{text}\", which is no partition and no address",
                &(fettle_words){.text = target});
        }
    }
    if (is_unprotected &&
        found.address < FETTLE_PYCOM_CONFIG_ADDRESS + FETTLE_PYCOM_CONFIG_SECTOR &&
        (uint64_t)found.address + member->data.size > FETTLE_PYCOM_CONFIG_ADDRESS) {
        return fettle_pycom_bad_package(
            self->err, "it writes \"{text}\" over the config block without protection",
            &(fettle_words){.text = file});
    }
    fettle_pycom_write *write = &variant->writes[variant->write_count++];
    *write = (fettle_pycom_write){
        .address = found.address,
        .room = found.name[0] != '\0' ? found.size : room_at(variant, found.address),
        .data = member->data,
        .member = member->name,
    };
    fettle_text_append(write->target, sizeof write->target, found.name);
    return true;
}

static bool read_step(reading *self, const fettle_json *step)
{
    const char *what = text_or(fettle_json_at(step, 0), "");
    size_t items = fettle_json_is_array(step) ? fettle_json_count(step) : 0;
    if (fettle_text_is_equal(what, "e") && (items == ITEMS || items == ITEMS - 1)) {
        return read_erase(self, step);
    }
    bool is_write = fettle_text_is_equal(what, "w"),
         is_other = fettle_text_is_equal(what, "o");
    if ((is_write || is_other) && items == ITEMS) {
        return read_write(self, step, is_other);
    }
    return fettle_pycom_bad_package(self->err,
                                    "a step of it is none: \"{text}\" with {count} items",
                                    &(fettle_words){.text = what, .count = items});
}

/* ---- the table ---- */

/* The script's own partitions must be where the table has them. Of one that the vendor made the script has less than the table. */
static bool check_places(const reading *self)
{
    const fettle_pycom_variant *variant = self->variant;
    for (size_t i = 0; variant->has_table && i < self->place_count; i++) {
        const place *each = &self->places[i];
        const fettle_partition *row =
            fettle_partitions_find_label(&variant->table, each->name);
        if (row != NULL && (row->address != each->address || row->size < each->size)) {
            return fettle_pycom_bad_package(
                self->err,
                "its script has partition \"{text}\" at {address} with {size} bytes, and "
                "its partition table has it elsewhere",
                &(fettle_words){
                    .text = each->name, .address = each->address, .size = each->size});
        }
    }
    return true;
}

/* The member that the script puts where a table belongs, before anything else is placed by it. */
static bool find_table(reading *self, const fettle_json *steps)
{
    fettle_pycom_variant *variant = self->variant;
    for (size_t i = 0; !variant->is_encrypted && i < fettle_json_count(steps); i++) {
        const fettle_json *step = fettle_json_at(steps, i);
        const char *what = text_or(fettle_json_at(step, 0), "");
        const fettle_archive_member *member =
            find_member(self, text_or(fettle_json_at(step, 2), ""));
        if (fettle_text_is_equal(what, "e") || member == NULL ||
            !fettle_partitions_is_table(member->data)) {
            continue;
        }
        if (variant->has_table) {
            return fettle_pycom_bad_package(self->err, "it writes two partition tables",
                                            NULL);
        }
        if (!fettle_partitions_read(&variant->table, member->data, FETTLE_TABLE_ADDRESS,
                                    self->err)) {
            fettle_error_wrap(self->err, FETTLE_CLAUSE_OPEN_FILE,
                              &(fettle_words){.file = member->name});
            return false;
        }
        variant->has_table = true;
    }
    return true;
}

/* ---- the whole ---- */

static bool read_root(reading *self, const fettle_json *root)
{
    const fettle_json *steps = root, *partitions = fettle_json_get(root, "partitions");
    if (fettle_json_is_object(root)) {
        steps = fettle_json_get(root, "script");
        if (partitions != NULL && !fettle_json_is_object(partitions)) {
            return fettle_pycom_bad_package(self->err, "its \"partitions\" are no object",
                                            NULL);
        }
    }
    size_t count = fettle_json_is_array(steps) ? fettle_json_count(steps) : 0;
    if (count == 0 || count > FETTLE_PYCOM_STEPS_MAX) {
        return fettle_pycom_bad_package(
            self->err, "a script has 1 to {limit} steps, and this one {count}",
            &(fettle_words){.limit = FETTLE_PYCOM_STEPS_MAX, .count = count});
    }
    if (!fettle_json_each(partitions, add_place, self) || !find_table(self, steps) ||
        !check_places(self)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_step(self, fettle_json_at(steps, i))) {
            return false;
        }
    }
    return self->variant->write_count > 0 ||
           fettle_pycom_bad_package(self->err, "its script writes nothing", NULL);
}

bool fettle_pycom_read_script(fettle_pycom_variant *variant, fettle_span script,
                              const fettle_pycom_package *package, unsigned flags,
                              fettle_error *err)
{
    fettle_json *root = fettle_json_new(script, err);
    if (root == NULL) {
        return false;
    }
    reading self = {.variant = variant, .package = package, .err = err};
    bool is_good = read_root(&self, root);
    fettle_json_free(root);
    return is_good && fettle_pycom_check_variant(variant, flags, err);
}
