/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a module's flash becomes what: a package's script on this board, and, whatever else is laid out, the config block and the
 * application that runs afterwards. See board/module.h for what each of these promises.
 */
#ifndef FETTLE_PYCOM_LAYOUT_H
#define FETTLE_PYCOM_LAYOUT_H

#include "base/observe.h"
#include "board/module.h"
#include "image/esp_place.h"
#include "image/image.h"
#include "proto/memory_ops.h"
#include "pycom/otadata.h"
#include "pycom/tables.h"

extern const fettle_module_ops fettle_pycom_module_ops;

/* ---- its parts, for layout.c and complete.c ---- */

bool fettle_pycom_lay_out(const fettle_image *image, const fettle_module_look *look,
                          const fettle_module_wishes *wishes, fettle_module_work *work,
                          const fettle_memory_ops *memory, fettle_observed *observed,
                          fettle_error *err);
bool fettle_pycom_is_worth_keeping(const fettle_module_look *look);
bool fettle_pycom_has_others(const fettle_module_look *look);
bool fettle_pycom_find_region(const char *country, char *region, size_t region_size,
                              char *text, size_t size);
bool fettle_pycom_complete(const fettle_module_look *look,
                           const fettle_module_wishes *wishes, fettle_module_work *work,
                           const fettle_memory_ops *memory, fettle_observed *observed,
                           fettle_error *err);

bool fettle_pycom_restore(const fettle_module_look *look,
                          const fettle_module_backup *backup, uint8_t *range, size_t size,
                          fettle_observed *observed, fettle_error *err);
void fettle_pycom_rescue(const fettle_module_look *look,
                         const fettle_module_distress *distress,
                         fettle_module_rescue *rescue);
/* What becomes of what is on the board, once all is laid out; `table` will hold, NULL: none that is known. */
void fettle_pycom_tell_fates(const fettle_module_look *look, const fettle_partitions *table,
                             fettle_module_work *work);

/* Which module it is, as somebody says, or as it was the last time; NULL: nobody knows. */
const char *fettle_pycom_name_of(const fettle_module_look *look);

/* That it has no ids and keys, where it has to have some or may. */
void fettle_pycom_note_missing(const fettle_module_look *look, fettle_observed *observed);

void fettle_pycom_tell_radio(const fettle_module_look *look, fettle_module_radio *radio);

/* IMAGE_NOT_FOR_BOARD with a clause made of a format. Always false. */
bool fettle_pycom_refuse(const fettle_esp_board *board, const char *format,
                         const fettle_words *words, fettle_error *err);

/* Memory that pieces lie in, noted in `work`. NULL: NO_MEMORY. */
uint8_t *fettle_pycom_take(fettle_module_work *work, const fettle_memory_ops *memory,
                           size_t size, fettle_error *err);

/* Puts a piece in its place. False: something is there, or there is no room for more of them. */
bool fettle_pycom_put(fettle_esp_layout *layout, const fettle_esp_board *board,
                      fettle_esp_piece piece, fettle_error *err);

void fettle_pycom_take_out(fettle_esp_layout *layout, size_t at);

/* Does a piece have one of these bytes, or another one of their sectors? */
bool fettle_pycom_is_covered(const fettle_esp_layout *layout, uint64_t address,
                             uint64_t size);

/* What look->ranges has of these, with size 0 where it hasn't. */
typedef struct fettle_pycom_seen {
    fettle_span config, otadata, loader;
    fettle_span files; /* the beginning of what may be a file system that is in the way, */
    uint32_t files_address; /* at this address */
} fettle_pycom_seen;
void fettle_pycom_see(const fettle_module_look *look, fettle_pycom_seen *seen);

/*
 * Takes what lies in the sector of the config block out of all pieces. `is_ours`: the table that will hold is a module's. False:
 * firmware of another kind wants that sector for itself; it would not work without, and doesn't get it.
 */
bool fettle_pycom_cut_config(const fettle_module_look *look, bool is_ours,
                             fettle_esp_layout *layout, fettle_observed *observed,
                             fettle_error *err);

/* The piece of the config block as it is to be: mended, and with the region that is wished for. Notes say what of that was done. */
bool fettle_pycom_put_config(const fettle_module_look *look, const fettle_pycom_seen *seen,
                             const fettle_module_wishes *wishes, fettle_module_work *work,
                             const fettle_memory_ops *memory, fettle_observed *observed,
                             fettle_error *err);

/*
 * The piece of otadata that has `slot` run with an image of `size` bytes, by the table that will hold, where the board's own doesn't
 * say so already; and a note where another slot ran.
 */
typedef struct fettle_pycom_start {
    const fettle_partitions *table;
    uint32_t slot, size;
} fettle_pycom_start;
bool fettle_pycom_put_otadata(const fettle_module_look *look,
                              const fettle_pycom_start *start, fettle_module_work *work,
                              const fettle_memory_ops *memory, fettle_observed *observed,
                              fettle_error *err);

/*
 * The table by which what is on the board was put there; `table` will hold. Where an update was cut off while it wrote the table, the
 * board has none or the first rows of one: then it is the one that was kept. NULL: none that is known.
 */
const fettle_partitions *fettle_pycom_table_before(const fettle_module_look *look,
                                                   const fettle_partitions *table);

/* "dio, 80 MHz, 8 MB": what a header says, into `text`. */
void fettle_pycom_describe_header(const fettle_esp_image *image, char *text, size_t size);

/* What a header has to say on a board with that much flash. False: no code for that size. */
bool fettle_pycom_right_header(uint64_t flash_size, fettle_esp_patch *patch);
bool fettle_pycom_is_header(const fettle_esp_image *image, const fettle_esp_patch *patch);

#endif
