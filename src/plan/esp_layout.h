/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where firmware goes on the flash of an ESP chip: every region of an image
 * gets its address, from the file, from a person, or from what the board has
 * (its partition table, the slot that runs, where its chip wants a bootloader);
 * and whatever can't be right is refused, before the first byte is erased.
 * Pure.
 */
#ifndef FETTLE_PLAN_ESP_LAYOUT_H
#define FETTLE_PLAN_ESP_LAYOUT_H

#include "image/esp_place.h"
#include "plan/plan.h"

/*
 * Places all of the plan's image. Adds to `observed` where things go that
 * nobody has named an address for, and which partitions lose what they hold. A
 * file that covers a whole flash has nothing but 0xFF where the board keeps
 * settings and files: such stretches are left alone, unless the plan gives up
 * the rest.
 *
 * False: ANSWER_NEEDED (nobody says where it goes), NO_SUCH_MEMORY (no such
 * partition), IMAGE_NOT_FOR_BOARD (another chip or revision; a bootloader or
 * table at the wrong place; two files for one place; not at the beginning of a
 * sector), IMAGE_TOO_LARGE (for its partition, or the flash), NOT_SUPPORTED
 * (more pieces than there is room for).
 */
bool fettle_esp_layout_make(fettle_esp_layout *layout, const fettle_plan *plan,
                            const fettle_esp_board *board, fettle_observed *observed,
                            fettle_error *err);

/*
 * A range of the flash by a partition's label; size is the partition's. NULL
 * label: the whole flash. False: NO_SUCH_MEMORY.
 */
bool fettle_esp_layout_range(const fettle_esp_board *board, const char *label,
                             uint32_t *address, uint64_t *size, fettle_error *err);

#endif
