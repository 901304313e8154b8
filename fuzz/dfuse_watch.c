/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/dfuse_watch.h"

#include "base/bytes.h"

#define HOUR ((fettle_us)3600 * 1000000) /* longer than anything that a job waits for */

/* ---- keeping book ---- */

/* NULL: nothing can be there. */
static struct seen *seen_of(struct watch *watch, int alternate, uint32_t address,
                            size_t *offset)
{
    struct memory *memory = board_memory_of(watch->board, alternate);
    return memory != NULL && board_offset_of(memory, address, offset)
               ? &watch->seen[memory - watch->board->memories]
               : NULL;
}

static void note_change(struct watch *watch)
{
    watch->changes++;
    watch->age++;
}

/* ---- what may be asked of the board ---- */

static void must_allow_change(const struct watch *watch, bool may_erase_only)
{
    const fettle_memory_map *map = meant_map(watch, watch->view.alternate);
    must(!watch->plan->is_dry &&
         (watch->plan->kind == FETTLE_TASK_UPDATE ||
          (may_erase_only && watch->plan->kind == FETTLE_TASK_ERASE)));
    must(map != NULL);
    must(!meant_is_special(map) ||
         (watch->plan->memory[0] != '\0' && watch->plan->writes_special));
}

static void mark_erased(struct seen *seen, size_t offset)
{
    seen->flags[offset] |= IS_ERASED;
    seen->flags[offset] &= (uint8_t)~IS_WRITTEN;
}

/* What is kept was read before. */
static void check_page_erase(struct watch *watch, const fettle_page *page)
{
    int alternate = watch->view.alternate;
    const struct memory *memory = board_memory_of(watch->board, alternate);
    struct seen *seen = &watch->seen[memory - watch->board->memories];
    for (size_t i = 0; i < BOARD_WINDOW; i++) {
        uint32_t address = (uint32_t)(memory->row->base + i), *equal_in;
        if (address - page->address < page->size) {
            must(!meant_keeps_rest(watch, alternate) ||
                 (seen->flags[i] & (IS_KNOWN | IS_ERASED)) != 0 ||
                 meant_content(watch, alternate, address, &equal_in) != NULL);
            mark_erased(seen, i);
        }
    }
}

static void check_erase(struct watch *watch, uint32_t address)
{
    int alternate = watch->view.alternate;
    fettle_page page;
    must_allow_change(watch, true);
    must(fettle_memory_map_page(meant_map(watch, alternate), address, &page));
    must(page.address == address && page.can_erase && page.can_write);
    must(meant_is_page(watch, alternate, &page));
    check_page_erase(watch, &page);
    note_change(watch);
}

static void check_mass_erase(struct watch *watch)
{
    const struct memory *memory = board_memory_of(watch->board, watch->view.alternate);
    must_allow_change(watch, true);
    must(watch->plan->mass_erases && watch->view.alternate == meant_main(watch)->alternate);
    for (size_t i = 0; i < BOARD_WINDOW; i++) {
        mark_erased(&watch->seen[memory - watch->board->memories], i);
    }
    note_change(watch);
}

static void check_unprotect(struct watch *watch)
{
    must(watch->plan->unprotects && !watch->plan->is_dry);
    must(watch->was_refused && !watch->was_unprotected);
    watch->was_unprotected = true;
    note_change(watch);
}

static void check_command(struct watch *watch, const fettle_control *control)
{
    uint32_t address = control->wLength == 5 ? fettle_get32(control->out + 1) : 0;
    watch->view.has_pointer = watch->view.is_setting = false;
    must(watch->job->has_target && watch->view.alternate != NOWHERE);
    switch (control->out[0]) {
    case BOARD_SET_ADDRESS:
        must(control->wLength == 5);
        watch->view.is_setting = true;
        watch->view.pointer = address;
        break;
    case BOARD_ERASE:
        must(control->wLength == 5 || control->wLength == 1);
        if (control->wLength == 1) {
            check_mass_erase(watch);
        } else {
            check_erase(watch, address);
        }
        break;
    default:
        must(control->out[0] == BOARD_UNPROTECT && control->wLength == 1);
        check_unprotect(watch);
        break;
    }
}

/* As erased bytes are on some board. */
static bool is_blank(uint8_t byte)
{
    return byte == 0x00 || byte == 0xff;
}

/* What isn't content is the page's rest, or blank. */
static void check_beside(struct watch *watch, const fettle_page *page, uint32_t address,
                         uint8_t byte)
{
    size_t offset;
    const struct memory *memory = board_memory_of(watch->board, watch->view.alternate);
    must(page->can_erase);
    if (!meant_keeps_rest(watch, watch->view.alternate)) {
        must(is_blank(byte));
    } else if (!watch->has_lied && !watch->was_unprotected &&
               board_offset_of(memory, address, &offset)) {
        must(byte == memory->before[offset]);
    }
}

static void check_byte(struct watch *watch, uint32_t address, uint8_t byte)
{
    int alternate = watch->view.alternate;
    fettle_page page;
    uint32_t *equal_in;
    size_t offset;
    must(fettle_memory_map_page(meant_map(watch, alternate), address, &page) &&
         page.can_write);
    must(meant_holds(watch, alternate, &page));
    const uint8_t *content = meant_content(watch, alternate, address, &equal_in);
    if (content != NULL) {
        must(byte == *content);
    } else {
        check_beside(watch, &page, address, byte);
    }
    struct seen *seen = seen_of(watch, alternate, address, &offset);
    if (seen != NULL) {
        must(!page.can_erase ||
             (seen->flags[offset] & (IS_ERASED | IS_WRITTEN)) == IS_ERASED);
        seen->flags[offset] |= IS_WRITTEN;
    }
}

/*
 * One byte alone is nothing that loaders take: only where the page ends with it, and the byte in front of it can't be
 * sent along, because it was sent already.
 */
static void check_least(struct watch *watch, uint32_t address)
{
    int alternate = watch->view.alternate;
    fettle_page page;
    size_t offset;
    must(fettle_memory_map_page(meant_map(watch, alternate), address, &page));
    bool is_last = page.address + (page.size - 1) == address;
    const struct seen *before = seen_of(watch, alternate, address - 1, &offset);
    must(!page.can_erase || (is_last && (page.size == 1 || before == NULL ||
                                         (before->flags[offset] & IS_WRITTEN) != 0)));
}

static void check_data(struct watch *watch, const fettle_control *control)
{
    uint16_t transfer_size = watch->job->dfu.traits.transfer_size;
    uint32_t block = (uint32_t)control->wValue - BOARD_FIRST_BLOCK;
    uint32_t address = watch->view.pointer + block * transfer_size;
    must_allow_change(watch, false);
    must(watch->job->has_target && watch->view.alternate != NOWHERE &&
         watch->view.has_pointer);
    must(control->wValue >= BOARD_FIRST_BLOCK && control->wValue != UINT16_MAX);
    must((uint64_t)watch->view.pointer + (uint64_t)block * transfer_size +
             control->wLength <=
         (uint64_t)UINT32_MAX + 1);
    must(control->wLength <= transfer_size);
    /* Loaders disagree what numbers count: their own blocks, or blocks as long as these. */
    must(block == 0 || control->wLength == watch->board->wTransferSize);
    watch->view.has_pointer = control->wLength == watch->board->wTransferSize;
    if (control->wLength == 1) {
        check_least(watch, address);
    }
    for (uint32_t i = 0; i < control->wLength; i++) {
        check_byte(watch, address + i, control->out[i]);
    }
    note_change(watch);
}

/* The end marker makes it jump to its pointer. */
static void check_leave(const struct watch *watch)
{
    bool changes =
        watch->plan->kind == FETTLE_TASK_UPDATE || watch->plan->kind == FETTLE_TASK_ERASE;
    must(watch->plan->kind != FETTLE_TASK_SURVEY && !(changes && watch->plan->is_dry));
    must(watch->job->has_target && watch->view.has_pointer);
    must(meant_is_start(watch, watch->view.pointer));
}

/* By its name it is no DfuSe: then there are no commands, and blocks are the file's. */
static void check_plain(struct watch *watch, const fettle_control *control)
{
    size_t at = (size_t)control->wValue * watch->job->dfu.traits.transfer_size;
    must(watch->names[0][0] != '\0' && watch->names[0][0] != '@');
    if (control->wLength == 0) {
        return;
    }
    must(watch->plan->kind == FETTLE_TASK_UPDATE && !watch->plan->is_dry);
    must(control->wLength <= watch->job->dfu.traits.transfer_size);
    must(at + control->wLength <= watch->plan->payload.size);
    must(memcmp(control->out, watch->plan->payload.data + at, control->wLength) == 0);
    watch->changes++;
}

/* 0 is no size; see fettle_dfu_transfer_size(). */
static uint16_t largest_block(const struct watch *watch)
{
    uint16_t said = watch->board->wTransferSize;
    uint16_t wished = (uint16_t)watch->plan->transfer_size;
    said = said > 0 ? said : 64;
    return wished > 0 && wished < said ? wished : said;
}

static void check_dnload(struct watch *watch, const fettle_control *control)
{
    must(control->wLength <= largest_block(watch));
    if (watch->job->way == &fettle_way_dfu) {
        check_plain(watch, control);
    } else if (control->wLength == 0) {
        check_leave(watch);
    } else if (control->wValue == BOARD_COMMAND) {
        check_command(watch, control);
    } else {
        check_data(watch, control);
    }
}

static void check_upload(const struct watch *watch, const fettle_control *control)
{
    must(control->wLength == watch->job->dfu.traits.transfer_size);
    if (watch->job->way == &fettle_way_dfu) {
        return;
    }
    if (control->wValue == BOARD_COMMAND) {
        must(watch->plan->kind == FETTLE_TASK_SURVEY);
        return;
    }
    must(control->wValue >= BOARD_FIRST_BLOCK && control->wValue != UINT16_MAX);
    must(control->wValue == BOARD_FIRST_BLOCK ||
         control->wLength == watch->board->wTransferSize);
    must(watch->job->has_target && watch->view.alternate != NOWHERE &&
         watch->view.has_pointer);
}

void watch_effect(struct watch *watch, const fettle_effect *effect, fettle_us now)
{
    const fettle_control *control = &effect->control;
    must(effect->until <= now + HOUR);
    if (!watch->is_placed && watch->job->dfuse.target != NULL) {
        meant_place(watch);
    }
    if (effect->kind != FETTLE_EFFECT_CONTROL) {
        return;
    }
    must((control->out == NULL || control->in == NULL) &&
         (control->wLength > 0) == (control->out != NULL || control->in != NULL));
    if (board_is_request(effect, BOARD_OUT, BOARD_DNLOAD)) {
        check_dnload(watch, control);
    } else if (board_is_request(effect, BOARD_IN, BOARD_UPLOAD)) {
        check_upload(watch, control);
    }
}

/* ---- what came of it ---- */

static void note_name(struct watch *watch, const fettle_control *control, size_t count,
                      bool is_told)
{
    size_t memory = (size_t)(control->wValue & 0xFF) - BOARD_FIRST_STRING;
    watch->has_brace =
        watch->has_brace || (is_told && memchr(control->in, '{', count) != NULL);
    if (memory >= watch->board->row->memory_count ||
        control->in != watch->job->names.answer) { /* the reason of a refusal */
        return;
    }
    watch->names[memory][0] = '\0';
    if (is_told && control->in[0] <= count) { /* else it is a part of one, and is no name */
        fettle_names_decode(watch->names[memory], sizeof watch->names[memory], control->in,
                            count);
    }
}

static void note_status(struct watch *watch, const uint8_t *answer)
{
    watch->was_refused = watch->was_refused || answer[0] == BOARD_ERR_VENDOR;
    if (watch->view.is_setting && answer[0] == 0 && answer[4] == FETTLE_DFU_DNLOAD_IDLE) {
        watch->view.is_setting = false;
        watch->view.has_pointer = true;
    }
}

static void note_delivered(struct watch *watch, const fettle_control *control, size_t count)
{
    int alternate = watch->view.alternate;
    uint32_t block = (uint32_t)control->wValue - BOARD_FIRST_BLOCK;
    uint32_t address = watch->view.pointer + block * control->wLength;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *equal_in;
        size_t offset;
        const uint8_t *content = meant_content(watch, alternate, address + i, &equal_in);
        if (content != NULL) {
            *equal_in = control->in[i] == *content ? watch->age : 0;
        }
        struct seen *seen = seen_of(watch, alternate, address + i, &offset);
        if (seen != NULL) {
            bool is_new = (seen->flags[offset] & IS_ERASED) == 0;
            seen->value[offset] = control->in[i];
            seen->age[offset] = watch->age;
            seen->flags[offset] |= is_new ? IS_KNOWN : 0;
        }
    }
}

void watch_outcome(struct watch *watch, const fettle_effect *effect,
                   const fettle_outcome *outcome)
{
    bool is_ok = outcome->kind == FETTLE_OK;
    struct view *view = &watch->view;
    bool has_default = board_memory_of(watch->board, 0) != NULL;
    if (effect->kind == FETTLE_EFFECT_OPEN) {
        *view = (struct view){.alternate = has_default ? 0 : NOWHERE};
    } else if (effect->kind == FETTLE_EFFECT_RESET) {
        view->has_pointer = false;
        view->alternate = has_default ? 0 : NOWHERE;
    } else if (effect->kind == FETTLE_EFFECT_SELECT) {
        view->alternate = is_ok ? effect->select.alternate : NOWHERE;
        view->has_pointer = false;
        view->is_setting = false;
    } else if (board_is_name(effect)) {
        note_name(watch, &effect->control, outcome->count, is_ok);
    } else if (board_is_getstatus(effect) && is_ok && outcome->count == 6) {
        note_status(watch, effect->control.in);
    } else if (board_is_request(effect, BOARD_IN, BOARD_UPLOAD) && is_ok &&
               watch->is_placed && effect->control.wValue >= BOARD_FIRST_BLOCK) {
        note_delivered(watch, &effect->control, outcome->count);
    }
}

/* ---- how it may end ---- */

void watch_failure(const struct watch *watch, const fettle_error *error)
{
    must(error->code > FETTLE_E_NONE && error->code < FETTLE_E_COUNT);
    must(error->message[0] != '\0' &&
         memchr(error->message, '\0', sizeof error->message) != NULL);
    must(strchr(error->message, '{') == NULL || watch->has_brace);
    for (const char *at = error->message; *at != '\0'; at++) {
        must((unsigned char)*at >= ' ' && *at != 0x7F); /* nothing that a terminal obeys */
    }
    must(error->hint != NULL && error->hint[0] != '\0' &&
         error->hint[strlen(error->hint) - 1] == '.');
}

/* Every content byte was delivered as in the file. */
static void check_content_read(const struct watch *watch)
{
    must(watch->chunk_count > 0);
    for (size_t i = 0; i < watch->chunk_count; i++) {
        for (size_t k = 0; k < watch->chunks[i].data.size; k++) {
            must(watch->chunks[i].equal_in[k] == watch->age);
        }
    }
}

/* Every byte of the range was delivered as an erased one. */
static void check_blank_read(struct watch *watch)
{
    const fettle_memory_map *map = &meant_main(watch)->map;
    for (size_t i = 0; i < BOARD_WINDOW; i++) {
        struct memory *memory = board_memory_of(watch->board, meant_main(watch)->alternate);
        const struct seen *seen = &watch->seen[memory - watch->board->memories];
        uint32_t address = (uint32_t)(memory->row->base + i);
        fettle_page page;
        if (fettle_memory_map_page(map, address, &page) && page.can_erase &&
            page.can_write && meant_is_page(watch, meant_main(watch)->alternate, &page)) {
            must(seen->age[i] == watch->age);
            must(seen->value[i] == 0xff); /* zeros prove nothing */
        }
    }
}

static void check_evidence(struct watch *watch)
{
    if (watch->job->evidence != FETTLE_EVIDENCE_READBACK || !watch->is_placed) {
        return;
    }
    if (watch->plan->kind == FETTLE_TASK_ERASE) {
        check_blank_read(watch);
    } else {
        check_content_read(watch);
    }
}

/* What was read is what was delivered. */
static void check_read(struct watch *watch)
{
    const fettle_job_engine *job = watch->job;
    must(job->count <= job->buffer_size);
    must(!watch->is_placed || watch->plan->length == 0 ||
         job->count <= watch->plan->length);
    for (size_t i = 0; watch->is_placed && i < job->count; i++) {
        size_t offset;
        uint32_t address = (uint32_t)(job->read_address + i);
        const struct seen *seen =
            seen_of(watch, meant_main(watch)->alternate, address, &offset);
        must(seen == NULL ||
             (seen->age[offset] == watch->age && seen->value[offset] == job->buffer[i]));
    }
}

static void check_success(struct watch *watch)
{
    const fettle_job_engine *job = watch->job;
    static const fettle_job_end ends[] = {
        [FETTLE_TASK_UPDATE] = FETTLE_JOB_UPDATED,  [FETTLE_TASK_READ] = FETTLE_JOB_READ,
        [FETTLE_TASK_VERIFY] = FETTLE_JOB_VERIFIED, [FETTLE_TASK_RESET] = FETTLE_JOB_RESET,
        [FETTLE_TASK_SURVEY] = FETTLE_JOB_SURVEYED, [FETTLE_TASK_ERASE] = FETTLE_JOB_ERASED,
    };
    must(job->engine.error.code == FETTLE_E_NONE);
    must(job->end == ends[watch->plan->kind] ||
         (job->end == FETTLE_JOB_UNCHANGED && watch->plan->kind == FETTLE_TASK_UPDATE) ||
         (job->end == FETTLE_JOB_PLANNED && watch->plan->is_dry));
    must(job->end != FETTLE_JOB_UPDATED || watch->changes > 0);
    must(job->end != FETTLE_JOB_ERASED || watch->changes > 0);
    must((job->end != FETTLE_JOB_UNCHANGED && job->end != FETTLE_JOB_PLANNED) ||
         watch->changes == 0);
    must(job->end != FETTLE_JOB_VERIFIED || job->evidence == FETTLE_EVIDENCE_READBACK);
    check_evidence(watch);
    if (job->end == FETTLE_JOB_READ) {
        check_read(watch);
    }
}

/* May this byte of the board be another one now? */
static bool may_differ(struct watch *watch, const struct memory *memory, size_t i,
                       bool is_proven)
{
    int alternate = memory->row->alternate;
    uint32_t address = (uint32_t)(memory->row->base + i), *equal_in;
    const fettle_memory_map *map = meant_map(watch, alternate);
    fettle_page page;
    if (map == NULL || !fettle_memory_map_page(map, address, &page) ||
        !meant_is_page(watch, alternate, &page)) {
        return false;
    }
    return !is_proven || meant_content(watch, alternate, address, &equal_in) != NULL ||
           (!meant_keeps_rest(watch, alternate) && is_blank(memory->bytes[i]));
}

static void check_content_there(struct watch *watch)
{
    for (size_t i = 0; i < watch->chunk_count; i++) {
        const struct chunk *chunk = &watch->chunks[i];
        const struct memory *memory = board_memory_of(watch->board, chunk->alternate);
        size_t offset;
        must(board_offset_of(memory, chunk->address, &offset));
        must(chunk->data.size <= BOARD_WINDOW - offset);
        must(memcmp(memory->bytes + offset, chunk->data.data, chunk->data.size) == 0);
    }
}

/* As long as nobody told it lies: what it says of the board is true, and nothing else was touched. */
static void check_board(struct watch *watch, bool is_proven)
{
    if (watch->has_lied || watch->was_unprotected || !watch->is_placed) {
        return;
    }
    for (size_t i = 0; i < watch->board->row->memory_count; i++) {
        const struct memory *memory = &watch->board->memories[i];
        for (size_t k = 0; k < BOARD_WINDOW; k++) {
            must(memory->bytes[k] == memory->before[k] ||
                 may_differ(watch, memory, k, is_proven));
        }
    }
    if (is_proven) {
        check_content_there(watch);
    }
}

void watch_end(struct watch *watch, bool is_done)
{
    if (is_done) {
        check_success(watch);
    } else {
        watch_failure(watch, &watch->job->engine.error);
    }
    check_board(watch, is_done && watch->job->evidence == FETTLE_EVIDENCE_READBACK);
}

void watch_init(struct watch *watch, struct board *board, const fettle_plan *plan,
                fettle_job_engine *job)
{
    watch->board = board;
    watch->plan = plan;
    watch->job = job;
    watch->view.alternate = NOWHERE;
    watch->age = 1;
}
