/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory strings of DfuSe devices (ST UM0424, section 10.3.2), read from left to right by functions
 * that stand in the order of the grammar:
 *
 *     string   = "@" name run { run }
 *     run      = "/0x" address "/" zone { "," zone }      the zones lie behind each other
 *     zone     = [ count "*" ] size [ "B" | "K" | "M" ] type       blanks may stand before the type
 *     type     = "a" to "g": its low three bits are 1 readable, 2 erasable, 4 writable
 *
 * A comma with a digit behind it, or "/0x", promises more, which must then be there: a string that was
 * cut in the middle of a zone is refused. Anything else behind a zone ends the string, since real boards
 * send what lay behind it in their memory.
 */
#include "proto/memory_map.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

#define SPACE_SIZE UINT64_C(0x100000000) /* addresses have 32 bits */

enum {
    KIB = 1024,
    TYPE_READ = 1,
    TYPE_ERASE = 2,
    TYPE_WRITE = 4,
    TYPE_BITS = 7,
    TYPE_FEATURES = TYPE_READ | TYPE_WRITE, /* of "Device Feature", whatever it says */
    SHOWN_SIZE = 128,                       /* of the string in a message */
};

typedef struct cursor {
    const char *at;
    const char *wrong; /* NULL: nothing yet */
    uint64_t address;  /* of the next zone */
} cursor;

static bool refuse(cursor *in, const char *why)
{
    in->wrong = why;
    return false;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool is_address_start(const char *text)
{
    return text[0] == '/' && text[1] == '0' && (text[2] == 'x' || text[2] == 'X');
}

static bool take(cursor *in, char wanted)
{
    bool is_there = *in->at == wanted;
    in->at += is_there ? 1 : 0;
    return is_there;
}

/* All digits that are there; one that is too large for 32 bits is SPACE_SIZE. False: there are none. */
static bool read_number(cursor *in, unsigned base, uint64_t *number)
{
    const char *start = in->at;
    *number = 0;
    for (; fettle_text_digit(*in->at) < base; in->at++) {
        *number = *number * base + fettle_text_digit(*in->at);
        *number = *number > SPACE_SIZE ? SPACE_SIZE : *number;
    }
    return in->at > start;
}

/* ---- one zone ---- */

static uint64_t read_multiplier(cursor *in)
{
    if (take(in, 'K')) {
        return KIB;
    }
    if (take(in, 'M')) {
        return (uint64_t)KIB * KIB;
    }
    (void)take(in, 'B');
    return 1;
}

static bool read_type(cursor *in, unsigned *type)
{
    while (take(in, ' ')) {
    }
    if (*in->at < 'a' || *in->at > 'g') {
        return refuse(in, "a zone has no type from a to g");
    }
    *type = (unsigned)*in->at & TYPE_BITS;
    in->at++;
    return true;
}

/* Sorted in; false: no room, or some address is in two zones. */
static bool add_zone(cursor *in, fettle_memory_map *map, const fettle_zone *zone)
{
    uint64_t end = zone->address + (uint64_t)zone->page_size * zone->page_count;
    size_t place = map->zone_count;
    if (map->zone_count == FETTLE_ZONES_MAX) {
        return refuse(in, "it has too many zones");
    }
    while (place > 0 && map->zones[place - 1].address > zone->address) {
        place--;
    }
    if (place > 0) {
        const fettle_zone *before = &map->zones[place - 1];
        if (before->address + (uint64_t)before->page_size * before->page_count >
            zone->address) {
            return refuse(in, "two zones overlap");
        }
    }
    if (place < map->zone_count && map->zones[place].address < end) {
        return refuse(in, "two zones overlap");
    }
    memmove(&map->zones[place + 1], &map->zones[place],
            (map->zone_count - place) * sizeof map->zones[0]);
    map->zones[place] = *zone;
    map->zone_count++;
    return true;
}

static bool read_zone(cursor *in, fettle_memory_map *map, bool is_features)
{
    uint64_t count = 1, size;
    unsigned type;
    if (!read_number(in, 10, &size)) {
        return refuse(in, "there is no zone where one must be");
    }
    if (take(in, '*')) {
        count = size;
        if (!read_number(in, 10, &size)) {
            return refuse(in, "a zone has no page size");
        }
    }
    size *= read_multiplier(in);
    if (!read_type(in, &type)) {
        return false;
    }
    if (count == 0 || size == 0) {
        return refuse(in, "a zone has nothing in it");
    }
    uint64_t room = SPACE_SIZE - in->address;
    if (size >= SPACE_SIZE || count >= SPACE_SIZE || count > room / size) {
        return refuse(in, "a zone ends behind the last address");
    }
    type = is_features ? TYPE_FEATURES : type;
    fettle_zone zone = {
        .address = (uint32_t)in->address,
        .page_size = (uint32_t)size,
        .page_count = (uint32_t)count,
        .can_read = (type & TYPE_READ) != 0,
        .can_erase = (type & TYPE_ERASE) != 0,
        .can_write = (type & TYPE_WRITE) != 0,
    };
    in->address += size * count;
    return add_zone(in, map, &zone);
}

/* ---- an address with its zones ---- */

static bool read_run(cursor *in, fettle_memory_map *map, bool is_features)
{
    in->at += strlen("/0x");
    if (!read_number(in, 16, &in->address)) {
        return refuse(in, "an address has no digits");
    }
    if (in->address >= SPACE_SIZE) {
        return refuse(in, "an address has more than 32 bits");
    }
    if (!take(in, '/')) {
        return refuse(in, "an address has no zones");
    }
    if (!read_zone(in, map, is_features)) {
        return false;
    }
    while (in->at[0] == ',' && is_digit(in->at[1])) {
        in->at++;
        if (!read_zone(in, map, is_features)) {
            return false;
        }
    }
    return true;
}

/* ---- the whole ---- */

/* To the first address; where there is none, to the first slash or the end. */
static size_t name_length(const char *text)
{
    size_t length = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (is_address_start(text + i)) {
            return i;
        }
    }
    while (text[length] != '\0' && text[length] != '/') {
        length++;
    }
    return length;
}

static void read_name(cursor *in, fettle_memory_map *map)
{
    size_t length = name_length(in->at);
    const char *start = in->at;
    in->at += length;
    while (length > 0 && start[0] == ' ') {
        start++;
        length--;
    }
    while (length > 0 && start[length - 1] == ' ') {
        length--;
    }
    (void)fettle_text_append_part(map->name, sizeof map->name, start, length);
}

static bool read_string(cursor *in, fettle_memory_map *map)
{
    if (!take(in, '@')) {
        fettle_text_append(map->name, sizeof map->name, in->at);
        return refuse(in, "it doesn't begin with @");
    }
    read_name(in, map);
    if (!is_address_start(in->at)) {
        return refuse(in, "it has no address");
    }
    bool is_features = fettle_text_is_equal(map->name, "Device Feature");
    while (is_address_start(in->at)) {
        if (!read_run(in, map, is_features)) {
            return false;
        }
    }
    return true;
}

bool fettle_memory_map_parse(fettle_memory_map *map, const char *text, fettle_error *err)
{
    cursor in = {.at = text};
    *map = (fettle_memory_map){.zone_count = 0};
    if (read_string(&in, map)) {
        return true;
    }
    map->zone_count = 0;
    memset(map->zones, 0, sizeof map->zones);

    char shown[SHOWN_SIZE] = "", sentence[2 * SHOWN_SIZE] = "\"";
    fettle_text_append(shown, sizeof shown, text);
    fettle_text_append(sentence, sizeof sentence, shown);
    fettle_text_append(sentence, sizeof sentence, "\" doesn't describe a memory: ");
    fettle_text_append(sentence, sizeof sentence, in.wrong);
    fettle_error_set(err, FETTLE_E_UNEXPECTED_ANSWER, &(fettle_words){.text = sentence});
    return false;
}

bool fettle_memory_map_page(const fettle_memory_map *map, uint32_t address,
                            fettle_page *page)
{
    uint32_t before = 0; /* pages of the zones before */
    for (size_t i = 0; i < map->zone_count; i++) {
        const fettle_zone *zone = &map->zones[i];
        /* A zone before this address may be tested so: the difference is of 32 bits. */
        if (address >= zone->address &&
            (address - zone->address) / zone->page_size < zone->page_count) {
            uint32_t number = (address - zone->address) / zone->page_size;
            *page = (fettle_page){
                .address = zone->address + number * zone->page_size,
                .size = zone->page_size,
                .index = before + number,
                .can_read = zone->can_read,
                .can_erase = zone->can_erase,
                .can_write = zone->can_write,
            };
            return true;
        }
        before += zone->page_count;
    }
    return false;
}

uint64_t fettle_memory_map_size(const fettle_memory_map *map)
{
    uint64_t size = 0;
    for (size_t i = 0; i < map->zone_count; i++) {
        size += (uint64_t)map->zones[i].page_size * map->zones[i].page_count;
    }
    return size;
}

uint64_t fettle_memory_map_page_count(const fettle_memory_map *map)
{
    uint64_t count = 0;
    for (size_t i = 0; i < map->zone_count; i++) {
        count += map->zones[i].page_count;
    }
    return count;
}
