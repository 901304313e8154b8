/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config block in a layout. Nothing of a file gets into its sector; what is there stays, comes back from a copy where it is lost or
 * was cut off, and has another region where somebody wants one.
 */
#include "pycom/layout.h"

#include "base/text.h"
#include "image/esp_content.h"
#include "pycom/config.h"
#include "pycom/modules.h"
#include "pycom/regions.h"

#include <string.h>

enum { PAGE = 256 }; /* flash is programmed in such */

/* ---- what others want there ---- */

/* What of a piece lies in the block. */
static fettle_span in_config(const fettle_esp_piece *piece)
{
    const uint64_t config_end =
        (uint64_t)FETTLE_PYCOM_CONFIG_ADDRESS + FETTLE_PYCOM_CONFIG_SECTOR;
    uint64_t end = (uint64_t)piece->address + piece->data.size;
    uint64_t from = piece->address > FETTLE_PYCOM_CONFIG_ADDRESS
                        ? piece->address
                        : (uint64_t)FETTLE_PYCOM_CONFIG_ADDRESS;
    end = end < config_end ? end : config_end;
    if (from >= end) {
        return (fettle_span){0};
    }
    return (fettle_span){piece->data.data + (from - piece->address), (size_t)(end - from)};
}

bool fettle_pycom_cut_config(const fettle_module_look *look, bool is_ours,
                             fettle_esp_layout *layout, fettle_observed *observed,
                             fettle_error *err)
{
    for (size_t i = 0; i < layout->count; i++) {
        fettle_esp_piece piece = layout->pieces[i];
        fettle_span covered = in_config(&piece);
        fettle_pycom_part parts[2];
        if (covered.size == 0) {
            continue;
        }
        if (!fettle_esp_is_blank(covered)) {
            if (!is_ours) {
                return fettle_pycom_refuse(
                    look->board,
                    "it needs the flash at {address}, where this board keeps ids and keys "
                    "that can't be replaced",
                    &(fettle_words){.address = FETTLE_PYCOM_CONFIG_ADDRESS}, err);
            }
            fettle_note_add(observed, FETTLE_NOTE_BLOCK_KEPT,
                            &(fettle_words){.address = FETTLE_PYCOM_CONFIG_ADDRESS});
            if (fettle_pycom_is_block(covered)) {
                fettle_note_add(observed, FETTLE_NOTE_MEANT_FOR_RESTORE, NULL);
            }
        }
        size_t count = fettle_pycom_cut(piece.address, piece.data, parts);
        fettle_pycom_take_out(layout, i);
        for (size_t k = 0; k < count; k++) {
            fettle_esp_piece part = {parts[k].address, parts[k].data};
            if (!fettle_pycom_put(layout, look->board, part, err)) {
                return false;
            }
        }
        i--; /* it is in order, and the next one is here now; `put` looked at all of them */
    }
    return true;
}

/* ---- what is to be there ---- */

/*
 * Was a write of `kept` cut off behind the first pages? From some page on all is blank that was not, and in front of it all is as it
 * was, but for the region, which that write may have been about.
 */
static bool is_cut_off(fettle_span board, fettle_span kept)
{
    size_t end = FETTLE_PYCOM_CONFIG_SIZE;
    while (end > PAGE &&
           fettle_esp_is_blank((fettle_span){board.data + end - PAGE, PAGE})) {
        end -= PAGE;
    }
    fettle_span lost = {kept.data + end, FETTLE_PYCOM_CONFIG_SIZE - end};
    const size_t behind = FETTLE_PYCOM_REGION_AT + 1;
    return !fettle_esp_is_blank(lost) &&
           memcmp(board.data, kept.data, FETTLE_PYCOM_REGION_AT) == 0 &&
           memcmp(board.data + behind, kept.data + behind, end - behind) == 0;
}

/* Only what is blank is filled again: what a person has set since stays. */
static void fill_blanks(uint8_t *block, fettle_span kept, size_t from)
{
    for (size_t i = from; i < FETTLE_PYCOM_CONFIG_SECTOR; i++) {
        block[i] = block[i] == 0xFF ? kept.data[i] : block[i];
    }
}

/* Everything behind the credentials is blank: then all that there was is gone. */
static bool is_rest_blank(const uint8_t *block)
{
    return fettle_esp_is_blank(
        (fettle_span){block + FETTLE_PYCOM_CREDENTIALS,
                      FETTLE_PYCOM_CONFIG_SIZE - FETTLE_PYCOM_CREDENTIALS});
}

const char *fettle_pycom_name_of(const fettle_module_look *look)
{
    return look->name != NULL ? look->name : look->remembered;
}

void fettle_pycom_note_missing(const fettle_module_look *look, fettle_observed *observed)
{
    const char *name = fettle_pycom_name_of(look);
    const fettle_words words = {.address = FETTLE_PYCOM_CONFIG_ADDRESS};
    if (!fettle_pycom_has_no_ids(name)) {
        fettle_note_add(observed,
                        name != NULL ? FETTLE_NOTE_CREDENTIALS_MISSING
                                     : FETTLE_NOTE_CREDENTIALS_UNSURE,
                        &words);
    }
}

static void mend(const fettle_module_look *look, uint8_t *block, fettle_span board,
                 fettle_span kept, fettle_observed *observed)
{
    const fettle_words words = {.address = FETTLE_PYCOM_CONFIG_ADDRESS};
    bool has_kept =
        kept.size >= FETTLE_PYCOM_CONFIG_SECTOR && fettle_pycom_has_credentials(kept);
    bool is_missing = !fettle_pycom_has_credentials(board);
    if (has_kept && (is_missing || fettle_pycom_is_torn(board, kept))) {
        memcpy(block, kept.data, FETTLE_PYCOM_CREDENTIALS);
        if (is_rest_blank(block)) {
            fill_blanks(block, kept, FETTLE_PYCOM_CREDENTIALS);
        }
        fettle_note_add(observed, FETTLE_NOTE_CREDENTIALS_RESTORED, &words);
    } else if (is_missing) {
        fettle_pycom_note_missing(look, observed);
    } else if (has_kept && is_cut_off(board, kept)) {
        fill_blanks(block, kept, PAGE);
        fettle_note_add(observed, FETTLE_NOTE_BLOCK_TORN, &words);
    }
}

static bool set_region(const fettle_module_look *look, uint8_t *block, const char *name,
                       fettle_observed *observed, fettle_error *err)
{
    uint8_t region, before = block[FETTLE_PYCOM_REGION_AT];
    char text[200] = "there is no LoRa region of that name; there are ";
    if (!fettle_pycom_region_of(name, &region)) {
        fettle_text_append(text, sizeof text, fettle_pycom_region_list);
        fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = text});
        return false;
    }
    if (!fettle_pycom_region_check(fettle_pycom_name_of(look), region, err)) {
        return false;
    }
    if (!fettle_pycom_region_is_taken(look->name, region)) {
        fettle_note_add(observed, FETTLE_NOTE_REGION_UNTAKEN,
                        &(fettle_words){.text = fettle_pycom_region_name(region)});
    }
    if (region != before) {
        const char *was = fettle_pycom_region_name(before);
        fettle_note_add(observed, FETTLE_NOTE_REGION_SET,
                        &(fettle_words){.text = fettle_pycom_region_name(region),
                                        .text2 = was != NULL ? was : "not set"});
        fettle_pycom_set_region(block, FETTLE_PYCOM_CONFIG_SECTOR, region);
    }
    return true;
}

bool fettle_pycom_put_config(const fettle_module_look *look, const fettle_pycom_seen *seen,
                             const fettle_module_wishes *wishes, fettle_module_work *work,
                             const fettle_memory_ops *memory, fettle_observed *observed,
                             fettle_error *err)
{
    if (seen->config.size == 0) {
        return wishes->region == NULL ||
               fettle_pycom_refuse(look->board,
                                   "the config block can't be read, so that no region can "
                                   "be put into it",
                                   NULL, err);
    }
    uint8_t *block = fettle_pycom_take(work, memory, FETTLE_PYCOM_CONFIG_SECTOR, err);
    if (block == NULL) {
        return false;
    }
    memcpy(block, seen->config.data, FETTLE_PYCOM_CONFIG_SECTOR);
    mend(look, block, seen->config, look->kept, observed);
    if (wishes->region != NULL && !set_region(look, block, wishes->region, observed, err)) {
        return false;
    }
    if (block[FETTLE_PYCOM_REGION_AT] == FETTLE_PYCOM_REGION_UNSET && look->name != NULL &&
        fettle_pycom_has_lora(look->name)) {
        fettle_note_add(observed, FETTLE_NOTE_REGION_NOT_SET, NULL);
    }
    fettle_esp_piece piece = {FETTLE_PYCOM_CONFIG_ADDRESS,
                              {block, FETTLE_PYCOM_CONFIG_SECTOR}};
    return fettle_pycom_put(work->layout, look->board, piece, err);
}
