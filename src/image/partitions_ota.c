/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which application is started: two copies of a number that only goes up, each in a sector of its own, so that one of them is
 * whole whenever the power fails. The highest one that is valid counts, less one, modulo the number of slots.
 */
#include "base/bytes.h"
#include "base/hash.h"
#include "image/partitions.h"

#include <assert.h>
#include <string.h>

enum {
    SECTOR = FETTLE_OTADATA_SIZE / 2,
    ENTRY_SIZE = 32,
    SEQUENCE_SIZE = 4,
    STATE_AT = 24,
    CRC_AT = 28,

    STATE_INVALID = 3, /* a loader with rollback has given it up, or the application has */
    STATE_ABORTED = 4,
};

#define BLANK 0xFFFFFFFFu

/* zlib's CRC-32 of the number, begun with all bits set as its argument: its own inversion makes that a zero register. */
static uint32_t crc_of(const uint8_t *sequence)
{
    return ~fettle_crc32(0, (fettle_span){sequence, SEQUENCE_SIZE});
}

void fettle_otadata_read(fettle_otadata *otadata, fettle_span bytes)
{
    *otadata = (fettle_otadata){0};
    for (size_t i = 0; i < 2; i++) {
        fettle_ota_entry *entry = &otadata->entries[i];
        entry->sequence = entry->state = BLANK;
        if (bytes.size < i * SECTOR + ENTRY_SIZE) {
            continue;
        }
        const uint8_t *at = bytes.data + i * SECTOR;
        entry->sequence = fettle_get32(at);
        entry->state = fettle_get32(at + STATE_AT);
        entry->is_valid = entry->sequence != BLANK && entry->state != STATE_INVALID &&
                          entry->state != STATE_ABORTED &&
                          fettle_get32(at + CRC_AT) == crc_of(at);
    }
}

/* The copy that counts; NULL: neither does. */
static const fettle_ota_entry *active(const fettle_otadata *otadata)
{
    const fettle_ota_entry *best = NULL;

    for (size_t i = 0; otadata != NULL && i < 2; i++) {
        const fettle_ota_entry *entry = &otadata->entries[i];
        if (entry->is_valid && (best == NULL || entry->sequence > best->sequence)) {
            best = entry;
        }
    }
    return best;
}

static void write_entry(uint8_t *at, uint32_t sequence, uint32_t state)
{
    fettle_put32(at, sequence);
    fettle_put32(at + STATE_AT, state);
    fettle_put32(at + CRC_AT, crc_of(at));
}

void fettle_otadata_write(uint8_t bytes[FETTLE_OTADATA_SIZE], const fettle_otadata *before,
                          unsigned slot, unsigned slot_count)
{
    const fettle_ota_entry *last = active(before);
    uint32_t sequence = slot + 1;
    size_t sector = 0;

    assert(slot < slot_count && slot_count <= FETTLE_OTA_SLOTS_MAX);
    memset(bytes, 0xFF, FETTLE_OTADATA_SIZE);
    if (last != NULL && last->sequence < BLANK - slot_count - 1) { /* else it begins anew */
        size_t kept = last == &before->entries[0] ? 0 : SECTOR;
        sector = SECTOR - kept;
        write_entry(bytes + kept, last->sequence, last->state);
        sequence = last->sequence + 1;
        while ((sequence - 1) % slot_count != slot) {
            sequence++;
        }
    }
    write_entry(bytes + sector, sequence, BLANK);
}

unsigned fettle_partitions_slot_count(const fettle_partitions *partitions)
{
    unsigned count = 0;

    while (count < FETTLE_OTA_SLOTS_MAX &&
           fettle_partitions_find(partitions, FETTLE_PARTITION_APP,
                                  (uint8_t)(FETTLE_PARTITION_APP_OTA_0 + count)) != NULL) {
        count++;
    }
    return count;
}

static const fettle_partition *slot(const fettle_partitions *partitions, unsigned index)
{
    return fettle_partitions_find(partitions, FETTLE_PARTITION_APP,
                                  (uint8_t)(FETTLE_PARTITION_APP_OTA_0 + index));
}

static const fettle_partition *factory(const fettle_partitions *partitions)
{
    return fettle_partitions_find(partitions, FETTLE_PARTITION_APP,
                                  FETTLE_PARTITION_APP_FACTORY);
}

const fettle_partition *fettle_partitions_running(const fettle_partitions *partitions,
                                                  const fettle_otadata *otadata)
{
    unsigned count = fettle_partitions_slot_count(partitions);
    const fettle_ota_entry *entry = active(otadata);

    if (entry != NULL && count > 0) {
        return slot(partitions, (entry->sequence - 1) % count);
    }
    return factory(partitions) != NULL ? factory(partitions) : slot(partitions, 0);
}

const fettle_partition *fettle_partitions_next(const fettle_partitions *partitions,
                                               const fettle_otadata *otadata)
{
    unsigned count = fettle_partitions_slot_count(partitions);
    const fettle_partition *running = fettle_partitions_running(partitions, otadata);

    if (count == 0) {
        return NULL;
    }
    if (running == NULL || running == factory(partitions)) {
        return slot(partitions, 0);
    }
    return slot(partitions, (running->subtype - FETTLE_PARTITION_APP_OTA_0 + 1u) % count);
}
