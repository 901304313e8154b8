/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole job over DfuSe, with the input in the place of the board. Under it lies a board that behaves
 * (dfuse_board.h): where the input says 0, or has ended, that one answers. Every other byte spoils one effect: another
 * kind of outcome, performed or not before; another count; other bytes, also in the name of a memory; another face on
 * the bus; a board that is gone for good.
 *
 *   bytes 0 to 17   the board, the wishes and the image: see struct header
 *   the rest        one effect after the other, see the OP_s
 *
 * Whatever is answered, the job ends, in bounded effects and time on the clock, gives back its memory, and has words
 * for a failure. Nothing is erased, written or unprotected but what the wishes allow and the content needs. "Read back"
 * is only said where since the last change every byte that counts was delivered as it should be; and as long as the
 * input hasn't told lies, it is true, and nothing else on the board has changed. See dfuse_watch.c.
 */
#include "fuzz/dfuse_watch.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MS     ((fettle_us)1000)
#define SECOND ((fettle_us)1000000)
#define HOUR   (3600 * SECOND)
#define A_BYTE \
    (130 * SECOND) /* of the input can cost that much: a board that is busy, and given up */

enum {
    BUFFER = 2048,
    TIDY_EFFECTS = 16,
    EFFECTS_MAX = 400000,
    SMALL_MEMORY = 1000, /* bytes that a job gets at a time where there is little memory */

    /* header.board */
    ROW = 15,
    REPEATS = 1 << 4, /* the input's last byte, for ever */
    SIZE_SHIFT = 5,   /* which wTransferSize */

    /* header.verb */
    VERB = 7,
    STAYS = 1 << 3,
    NO_READING = 1 << 4,
    HAS_PERSON = 1 << 5,
    IS_DRY = 1 << 6,
    WAS_UNFINISHED = 1 << 7,

    /* header.wishes */
    ERASES_REST = 1 << 0,
    WRITES_ALL = 1 << 1,
    MASS_ERASES = 1 << 2,
    UNPROTECTS = 1 << 3,
    WRITES_SPECIAL = 1 << 4,
    HAS_ADDRESS = 1 << 5,
    REMEMBERS = 1 << 6,       /* an earlier update was cut off, and its rests were kept */
    REMEMBERS_WRONG = 1 << 7, /* they are of another time */

    /* header.more */
    MEMORY_WISH = 15,
    HAS_LITTLE_MEMORY = 1 << 4,
    WANTS_SMALL_BLOCKS = 1 << 5,
    SECOND_REGION = 1 << 6,
    IS_RAW = 1 << 7, /* where there is one region: it has no address of its own */

    /* regions[].is */
    STYLE = 3,
    HAS_ALTERNATE = 1 << 2,
    ALTERNATE_SHIFT = 3, /* two bits: a memory of the board */
    IS_LARGE = 1 << 5,
    BASE_SHIFT = 6, /* two bits: the memory whose first address it is counted from */

    /* a byte of the rest */
    KIND = 15,    /* 0, 5 and 6: as it should be */
    OP_CALM = 1,  /* so are as many more effects as the next byte says */
    OP_LONG_CALM, /* .. and sixteen times that */
    OP_STATUS,    /* of GETSTATUS: the next bytes are bStatus and bState */
    OP_BUSY,      /* of GETSTATUS: for as many seconds as the next byte says */
    OP_OTHER_BYTES = 7,
    OP_TIMEOUT,
    OP_STALL,
    OP_GONE,
    OP_CANCEL,
    OP_ERROR, /* the next byte says why */
    OP_COUNT, /* the next byte is the count, the ones after it the bytes */
    OP_FLIP,
    OP_SWALLOW, /* said to be done, and not done */
    IS_PERFORMED = 1 << 4,
    SHOWS_APP = 1 << 5,
    SHOWS_UPDATE = 1 << 6, /* both: another board */
    IS_LOST = 1 << 7,      /* and never seen again */
};

/* How the input begins. */
struct header {
    uint8_t board, habits, verb, wishes, more;
    uint8_t address[2]; /* from the base of the memory, signed */
    uint8_t length[2];
    uint8_t spare;
    struct header_region {
        uint8_t is, size, offset[2];
    } regions[WATCH_REGIONS_MAX];
};

/* What the input hasn't decided yet. */
struct input {
    const uint8_t *data;
    size_t size, used, calm;
    uint8_t last;
    bool repeats;
};

struct fuzz {
    const struct header *header;
    struct input input;
    struct board board;
    fettle_image *image;
    fettle_plan plan;
    fettle_job_engine job;
    fettle_task task;
    fettle_us now;
    bool was_cancelled;
    bool is_clumsy; /* the person presses nothing this time */
    unsigned tidy_effects;

    struct watch watch;
    uint8_t content[WATCH_REGIONS_MAX][WATCH_CONTENT_MAX], buffer[BUFFER];
};

static uint8_t next_byte(struct input *input)
{
    if (input->used < input->size) {
        input->last = input->data[input->used++];
        return input->last;
    }
    return input->repeats ? input->last : 0;
}

/* ---- the board that behaves ---- */

/* Only what a bus may do: a board that matches, or none until the deadline. */
static fettle_outcome on_open(struct fuzz *fuzz, const fettle_effect *effect)
{
    struct board *board = &fuzz->board;
    if (effect->ask == FETTLE_ASK_UPDATE_MODE && !fuzz->is_clumsy && board->is_app) {
        board_show(board, false);
    }
    board_describe(board);
    if (board->is_away || fettle_match_face(&effect->open.match, &board->sight) == NULL) {
        fuzz->now = effect->until > fuzz->now ? effect->until : fuzz->now;
        return (fettle_outcome){.kind = FETTLE_TIMEOUT};
    }
    board->selected =
        board_memory_of(board, 0) != NULL ? board_memory_of(board, 0) : &board->memories[0];
    return (fettle_outcome){.kind = FETTLE_OK, .sight = &board->sight};
}

static fettle_outcome behave(struct fuzz *fuzz, const fettle_effect *effect)
{
    switch (effect->kind) {
    case FETTLE_EFFECT_OPEN:
        return on_open(fuzz, effect);
    case FETTLE_EFFECT_SLEEP:
        fuzz->now = effect->until > fuzz->now ? effect->until : fuzz->now;
        return (fettle_outcome){.kind = FETTLE_OK};
    case FETTLE_EFFECT_CONTROL:
        return board_on_control(&fuzz->board, &effect->control);
    case FETTLE_EFFECT_RESET:
        return board_on_reset(&fuzz->board);
    default:
        must(effect->kind == FETTLE_EFFECT_SELECT && effect->select.interface == 0);
        return board_on_select(&fuzz->board, effect->select.alternate);
    }
}

/* ---- what the input makes of it ---- */

/* What memories have been called, or could be. */
static const char *const odd_names[] = {
    "",
    "@",
    "@Internal Flash",
    "@Internal Flash  /0x08000000/04*",
    "@Internal Flash  /0x08000000/16*128Bg/0x0800",
    "@Internal Flash  /0x08000000/16*128Bg,",
    "@Internal Flash  /0x08000000/16*128Bg,08*256Bg\xC3\xA9\x01 garbage",
    "@Twice /0x08000000/16*128Bg/0x08000040/16*128Bg",
    "@Too far /0xFFFFFF00/04*128Bg",
    "@Huge /0x00000000/4095*1Mg",
    "@Many /0x08000000/999999*1Bg",
    "@One page /0x08000000/01*064Mg",
    "@Nothing in it /0x08000000/00*128Bg",
    "@Option Bytes  /0x08000000/16*128Bg",
    "@OTP /0x08000000/16*128 g",
    "@Device Feature/0x08000000/16*128Bg",
    "@{board} /0x08000000/16*128Bg",
    "@Read only /0x08000000/16*128Ba",
    "@Not to be read /0x08000000/16*128Bf",
    "@RAM /0x08000000/16*128Be",
    "@Small pages /0x08000000/64*032Bg",
    "@Large pages /0x08000000/01*004Kg",
    "Internal Flash  /0x08000000/16*128Bg",
    "\n\x1b[31m@/",
};
enum { ODD_NAMES = sizeof odd_names / sizeof *odd_names };

/* One of them, or what follows in the input; in UTF-16, or as some boards do in bytes. */
static fettle_outcome other_name(struct fuzz *fuzz, const fettle_control *control)
{
    uint8_t choice = next_byte(&fuzz->input);
    const char *odd = choice < ODD_NAMES ? odd_names[choice] : NULL;
    size_t length = odd != NULL ? strlen(odd) : (size_t)choice - ODD_NAMES;
    bool is_wide = choice < ODD_NAMES || choice % 2 == 0;
    size_t count = 2;
    for (size_t i = 0; i < length && count + 2 <= control->wLength; i++) {
        control->in[count++] = odd != NULL ? (uint8_t)odd[i] : next_byte(&fuzz->input);
        if (is_wide) {
            control->in[count++] = 0;
        }
    }
    control->in[0] = (uint8_t)(count < UINT8_MAX ? count : UINT8_MAX);
    control->in[1] = BOARD_STRING;
    return (fettle_outcome){.kind = FETTLE_OK, .count = count};
}

static fettle_outcome other_status(struct fuzz *fuzz, const fettle_effect *effect,
                                   bool is_busy)
{
    uint32_t poll_ms = is_busy ? next_byte(&fuzz->input) * (uint32_t)1000 : 0;
    fettle_outcome outcome = behave(fuzz, effect);
    if (!board_is_getstatus(effect) || outcome.kind != FETTLE_OK) {
        return outcome;
    }
    uint8_t *answer = effect->control.in;
    answer[0] = is_busy ? 0 : next_byte(&fuzz->input);
    answer[1] = (uint8_t)poll_ms;
    answer[2] = (uint8_t)(poll_ms >> 8);
    answer[3] = (uint8_t)(poll_ms >> 16);
    answer[4] = is_busy ? FETTLE_DFU_DNBUSY : next_byte(&fuzz->input);
    return outcome;
}

static fettle_outcome other_count(struct fuzz *fuzz, const fettle_effect *effect)
{
    fettle_outcome outcome = {.kind = FETTLE_OK, .count = next_byte(&fuzz->input)};
    const fettle_control *control = &effect->control;
    if (effect->kind != FETTLE_EFFECT_CONTROL) {
        return behave(fuzz, effect);
    }
    outcome.count = outcome.count < control->wLength ? outcome.count : control->wLength;
    for (size_t i = 0; control->in != NULL && i < outcome.count; i++) {
        control->in[i] = next_byte(&fuzz->input);
    }
    return outcome;
}

static fettle_outcome other_bytes(struct fuzz *fuzz, const fettle_effect *effect,
                                  bool flips)
{
    if (board_is_name(effect) && !flips) {
        return other_name(fuzz, &effect->control);
    }
    fettle_outcome outcome = behave(fuzz, effect);
    if (effect->kind == FETTLE_EFFECT_CONTROL && effect->control.in != NULL) {
        for (size_t i = 0; i < outcome.count && i < (flips ? 1 : 6); i++) {
            effect->control.in[i] =
                flips ? effect->control.in[i] ^ 0x10 : next_byte(&fuzz->input);
        }
    }
    return outcome;
}

static fettle_outcome swallow(struct fuzz *fuzz, const fettle_effect *effect)
{
    bool is_word = effect->kind == FETTLE_EFFECT_SELECT ||
                   (effect->kind == FETTLE_EFFECT_CONTROL && effect->control.in == NULL);
    return is_word ? (fettle_outcome){.kind = FETTLE_OK, .count = effect->control.wLength}
                   : behave(fuzz, effect);
}

static fettle_outcome fail_with(struct fuzz *fuzz, const fettle_effect *effect,
                                fettle_outcome_kind kind, bool is_performed)
{
    if (is_performed) {
        (void)behave(fuzz, effect);
    }
    if (effect->kind == FETTLE_EFFECT_OPEN) {
        board_describe(&fuzz->board);
    }
    fettle_outcome outcome = {.kind = kind};
    if (kind == FETTLE_ERROR) {
        outcome.why = (fettle_why)(1 + next_byte(&fuzz->input) % FETTLE_WHY_SYSTEM);
        outcome.system = outcome.why == FETTLE_WHY_SYSTEM ? -71 : 0;
        outcome.count = outcome.why == FETTLE_WHY_SEVERAL ? 2 : 0;
        outcome.sight = effect->kind == FETTLE_EFFECT_OPEN ? &fuzz->board.sight : NULL;
    } else if (kind == FETTLE_TIMEOUT && effect->until > fuzz->now) {
        fuzz->now = effect->until;
    } else if (kind == FETTLE_CANCELLED) {
        fuzz->was_cancelled = true;
        fuzz->tidy_effects = TIDY_EFFECTS;
    }
    return outcome;
}

/* What never happens to this effect is left as it should be. */
static bool can_happen(const struct fuzz *fuzz, const fettle_effect *effect, unsigned kind)
{
    bool is_sleep = effect->kind == FETTLE_EFFECT_SLEEP;
    bool is_open = effect->kind == FETTLE_EFFECT_OPEN;
    switch (kind) {
    case OP_TIMEOUT:
    case OP_ERROR:
        return !is_sleep;
    case OP_STALL:
    case OP_GONE:
        return !is_sleep && !is_open;
    case OP_CANCEL:
        return !fuzz->was_cancelled; /* it is told once */
    default:
        return true;
    }
}

/* Who is on the bus when it is looked at, and who at the desk. */
static void change_faces(struct fuzz *fuzz, const fettle_effect *effect, uint8_t op)
{
    struct board *board = &fuzz->board;
    fuzz->is_clumsy = (op & SHOWS_APP) != 0;
    if (effect->kind == FETTLE_EFFECT_OPEN && (op & (SHOWS_APP | SHOWS_UPDATE)) != 0) {
        board_show(board, (op & SHOWS_UPDATE) == 0);
        board->is_stranger = (op & SHOWS_APP) != 0 && (op & SHOWS_UPDATE) != 0;
    }
    board->is_away = board->is_away || (op & IS_LOST) != 0;
}

static fettle_outcome spoil(struct fuzz *fuzz, const fettle_effect *effect, uint8_t op)
{
    static const fettle_outcome_kind kinds[] = {FETTLE_TIMEOUT, FETTLE_STALL, FETTLE_GONE,
                                                FETTLE_CANCELLED, FETTLE_ERROR};
    unsigned kind = op & KIND;
    switch (kind) {
    case OP_TIMEOUT:
    case OP_STALL:
    case OP_GONE:
    case OP_CANCEL:
    case OP_ERROR:
        return fail_with(fuzz, effect, kinds[kind - OP_TIMEOUT], (op & IS_PERFORMED) != 0);
    case OP_STATUS:
    case OP_BUSY:
        return other_status(fuzz, effect, kind == OP_BUSY);
    case OP_COUNT:
        return other_count(fuzz, effect);
    case OP_OTHER_BYTES:
    case OP_FLIP:
        return other_bytes(fuzz, effect, kind == OP_FLIP);
    case OP_SWALLOW:
        return swallow(fuzz, effect);
    default:
        return behave(fuzz, effect);
    }
}

static bool is_lie(unsigned kind)
{
    return kind == OP_STATUS || kind == OP_BUSY || kind == OP_OTHER_BYTES ||
           kind == OP_COUNT || kind == OP_FLIP || kind == OP_SWALLOW;
}

static fettle_outcome perform(struct fuzz *fuzz, const fettle_effect *effect)
{
    fuzz->now += MS;
    if (fuzz->input.calm > 0) {
        fuzz->input.calm--;
        return behave(fuzz, effect);
    }
    uint8_t op = next_byte(&fuzz->input);
    unsigned kind = op & KIND;
    if (kind == OP_CALM || kind == OP_LONG_CALM) {
        fuzz->input.calm = next_byte(&fuzz->input) * (kind == OP_CALM ? 1u : 16u);
        return behave(fuzz, effect);
    }
    change_faces(fuzz, effect, op);
    if (!can_happen(fuzz, effect, kind)) {
        return behave(fuzz, effect);
    }
    fuzz->watch.has_lied = fuzz->watch.has_lied || is_lie(kind);
    return spoil(fuzz, effect, op);
}

/* ---- the job ---- */

static void run(struct fuzz *fuzz)
{
    fettle_outcome outcome;
    const fettle_outcome *last = NULL;
    fettle_us latest = HOUR + fuzz->input.size * A_BYTE;
    for (unsigned effects = 0;; effects++) {
        fettle_effect effect = fettle_task_step(&fuzz->task, last, fuzz->now);
        if (effect.kind >= FETTLE_EFFECT_DONE) {
            watch_end(&fuzz->watch, effect.kind == FETTLE_EFFECT_DONE);
            return;
        }
        if (fuzz->was_cancelled && fuzz->tidy_effects-- == 0) {
            return; /* the runner ends it here */
        }
        must(effects < EFFECTS_MAX && fuzz->now < latest);
        watch_effect(&fuzz->watch, &effect, fuzz->now);
        outcome = perform(fuzz, &effect);
        watch_outcome(&fuzz->watch, &effect, &outcome);
        last = &outcome;
    }
}

/* ---- what is wanted ---- */

static void *take_little(size_t size)
{
    return size <= SMALL_MEMORY ? fettle_alloc(size) : NULL;
}

/*
 * An earlier update has erased this page and written the beginning of what it meant to, and kept all that it took; or
 * that was long ago.
 */
static bool recall(void *user, const char *path, uint8_t alternate, uint32_t address,
                   uint8_t *bytes, uint32_t size)
{
    struct fuzz *fuzz = user;
    struct memory *memory = board_memory_of(&fuzz->board, alternate);
    bool is_wrong = (fuzz->header->wishes & REMEMBERS_WRONG) != 0;
    size_t offset;
    must(strcmp(path, "usb:1-1") == 0 && memory != NULL);
    if (!board_offset_of(memory, address, &offset) || size > BOARD_WINDOW - offset) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t before = memory->before[offset + i];
        bool is_first = memory->bytes[offset + i] == before;
        bytes[i] = before ^ (is_wrong ? 0xA5 : 0);
        bytes[size + i] = i < size / 4 ? before ^ 0x3C : bytes[i];
        if (!is_wrong && is_first) {
            memory->bytes[offset + i] =
                i < size / 8 ? bytes[size + i] : fuzz->board.row->blank;
        }
    }
    return true;
}

static uint32_t base_of(const struct fuzz *fuzz, unsigned memory)
{
    const struct board_row *row = fuzz->board.row;
    return row->memories[memory % row->memory_count].base;
}

static const char *memory_wish(uint8_t more)
{
    static const char *const wishes[] = {
        NULL,
        NULL,
        "0",
        "1",
        "2",
        "3",
        "Internal",
        "bank b",
        "Option Bytes",
        "OTP",
        "Device Feature",
        "option",
        "Internal Flash",
        "300",
        "nothing",
        "0x1",
    };
    return wishes[more & MEMORY_WISH];
}

static bool make_plan(struct fuzz *fuzz, fettle_error *err)
{
    static const fettle_task_kind kinds[] = {
        FETTLE_TASK_UPDATE, FETTLE_TASK_UPDATE, FETTLE_TASK_UPDATE, FETTLE_TASK_ERASE,
        FETTLE_TASK_READ,   FETTLE_TASK_VERIFY, FETTLE_TASK_RESET,  FETTLE_TASK_SURVEY,
    };
    const struct header *header = fuzz->header;
    fettle_task_kind kind = kinds[header->verb & VERB];
    bool has_image = kind == FETTLE_TASK_UPDATE || kind == FETTLE_TASK_VERIFY;
    uint16_t length = fettle_get16(header->length);
    uint32_t offset = fettle_get16(header->address); /* the upper half is in front of it */
    offset -= offset > INT16_MAX ? UINT16_MAX + UINT32_C(1) : 0;
    fettle_plan_question question;
    fettle_plan_wishes wishes = {
        .kind = kind,
        .path = "usb:1-1",
        .wait = (header->verb & HAS_PERSON) != 0 ? 60 * SECOND : 0,
        .may_read = (header->verb & NO_READING) == 0,
        .stays = (header->verb & STAYS) != 0,
        .is_dry = (header->verb & IS_DRY) != 0,
        .was_unfinished = (header->verb & WAS_UNFINISHED) != 0,
        .transfer_size = (header->more & WANTS_SMALL_BLOCKS) != 0 ? header->spare : 0,
        .to = (header->verb & STAYS) != 0 ? FETTLE_MODE_DFU : FETTLE_MODE_APP,
        .memory = memory_wish(header->more),
        .has_address = (header->wishes & HAS_ADDRESS) != 0,
        .address = base_of(fuzz, 0) + offset,
        .length = length == UINT16_MAX ? UINT32_MAX : length,
        .erases_rest = (header->wishes & ERASES_REST) != 0,
        .writes_all = (header->wishes & WRITES_ALL) != 0,
        .mass_erases = (header->wishes & MASS_ERASES) != 0,
        .writes_special = (header->wishes & WRITES_SPECIAL) != 0,
        .unprotects = (header->wishes & UNPROTECTS) != 0,
    };
    return fettle_plan_make(&fuzz->plan, has_image ? fuzz->image : NULL,
                            &fettle_board_generic, NULL, &wishes, &question, err);
}

/* ---- the image ---- */

/* Other bytes than the board has; the same; the same but for the last one; blank but for the first one. */
static void fill_content(struct fuzz *fuzz, size_t region, fettle_span *data)
{
    const struct header_region *from = &fuzz->header->regions[region];
    uint8_t *bytes = fuzz->content[region];
    size_t memory = (from->is >> BASE_SHIFT & 3u) % fuzz->board.row->memory_count;
    size_t size = from->size + (size_t)1;
    size *= (from->is & IS_LARGE) != 0 ? 4 : 1;
    for (size_t i = 0; i < size; i++) {
        size_t offset = fettle_get16(from->offset) + i;
        bool is_other =
            (from->is & STYLE) == 0 || ((from->is & STYLE) == 2 && i + 1 == size);
        bytes[i] = (from->is & STYLE) == 3 && i > 0
                       ? fuzz->board.row->blank
                       : board_pattern(memory, offset) ^ (is_other ? 0x5A : 0);
    }
    *data = (fettle_span){bytes, size};
}

/* Raw content has one region; else it is as from a HEX file, or a DfuSe file where it names settings. */
static bool make_image(struct fuzz *fuzz, fettle_error *err)
{
    const struct header *header = fuzz->header;
    fettle_region regions[WATCH_REGIONS_MAX];
    fettle_image images[WATCH_REGIONS_MAX];
    fettle_image_part parts[WATCH_REGIONS_MAX];
    size_t count = (header->more & SECOND_REGION) != 0 ? 2 : 1;
    bool has_address = count > 1 || (header->more & IS_RAW) == 0;
    for (size_t i = 0; i < count; i++) {
        const struct header_region *from = &header->regions[i];
        const struct board_row *row = fuzz->board.row;
        size_t memory = (from->is >> ALTERNATE_SHIFT & 3u) % row->memory_count;
        regions[i] = (fettle_region){
            .has_address = has_address,
            .has_alternate = has_address && (from->is & HAS_ALTERNATE) != 0,
            .alternate = row->memories[memory].alternate,
            .address = base_of(fuzz, from->is >> BASE_SHIFT) + fettle_get16(from->offset),
        };
        fill_content(fuzz, i, &regions[i].data);
        if (has_address && (uint64_t)regions[i].address + regions[i].data.size >
                               (uint64_t)UINT32_MAX + 1) {
            return false; /* no reader of files lets that through */
        }
        images[i] = (fettle_image){.name = "fuzz.hex",
                                   .file = regions[i].data,
                                   .region_count = 1,
                                   .regions = &regions[i]};
        parts[i] = (fettle_image_part){.image = &images[i]};
    }
    fuzz->image = fettle_image_new_joined(parts, count, err);
    return fuzz->image != NULL;
}

static void run_job(struct fuzz *fuzz)
{
    static const fettle_memory_ops plenty = {fettle_alloc, fettle_free};
    static const fettle_memory_ops little = {take_little, fettle_free};
    bool has_little = (fuzz->header->more & HAS_LITTLE_MEMORY) != 0;
    fettle_job_engine_init(&fuzz->job, &fuzz->plan, fuzz->buffer, sizeof fuzz->buffer,
                           has_little ? &little : &plenty);
    fuzz->job.recall = (fuzz->header->wishes & REMEMBERS) != 0 ? recall : NULL;
    fuzz->job.recall_user = fuzz;
    fettle_task_init(&fuzz->task, &fuzz->job.engine);
    run(fuzz);
    fettle_job_engine_finish(&fuzz->job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t sizes[] = {64, 16, 128, 32, 100, 2048, 3, 0};
    if (size < sizeof(struct header)) {
        return 0;
    }
    struct fuzz *fuzz = calloc(1, sizeof *fuzz);
    must(fuzz != NULL);
    fettle_error err = {.code = FETTLE_E_NONE};
    const struct header *header = (const struct header *)data;
    fuzz->header = header;
    fuzz->input = (struct input){.data = data + sizeof *header,
                                 .size = size - sizeof *header,
                                 .repeats = (header->board & REPEATS) != 0};
    board_init(&fuzz->board, &board_rows[(header->board & ROW) % board_row_count],
               header->habits, sizes[header->board >> SIZE_SHIFT]);
    watch_init(&fuzz->watch, &fuzz->board, &fuzz->plan, &fuzz->job);
    if (make_image(fuzz, &err)) {
        if (make_plan(fuzz, &err)) {
            run_job(fuzz);
        } else {
            watch_failure(&fuzz->watch, &err);
        }
    }
    fettle_image_free(fuzz->image);
    free(fuzz);
    return 0;
}
