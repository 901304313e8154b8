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
 * for a failure. Nothing is erased, written or unprotected but what the wishes allow and the content needs: see
 * check_erase(), check_data() and their like. "Read back" is only said where since the last change every byte that
 * counts was delivered as it should be; and as long as the input hasn't told lies, it is true.
 */
#include "fuzz/dfuse_board.h"

#include "base/alloc.h"
#include "image/image.h"
#include "job/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MS     ((fettle_us)1000)
#define SECOND ((fettle_us)1000000)
#define HOUR   (3600 * SECOND)

enum {
    REGIONS_MAX = 2,
    CONTENT_MAX = 1024, /* bytes of a region */
    BUFFER = 2048,
    TIDY_EFFECTS = 16,
    EFFECTS_MAX = 400000,
    SMALL_MEMORY = 1000, /* bytes that a job gets at a time where there is little memory */
    NOWHERE = -1,        /* no alternate setting is known to be selected */

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
    } regions[REGIONS_MAX];
};

/* What the input hasn't decided yet. */
struct input {
    const uint8_t *data;
    size_t size, used, calm;
    uint8_t last;
    bool repeats;
};

/* Content, and what was last delivered from its place. */
struct chunk {
    uint8_t alternate;
    uint32_t address;
    fettle_span data;
    uint32_t
        equal_in[CONTENT_MAX * REGIONS_MAX]; /* the `age` in which it was as in the file */
};

/* The same for all other bytes of a memory. */
enum {
    IS_KNOWN = 1,   /* delivered before it was erased */
    IS_ERASED = 2,  /* by us */
    IS_WRITTEN = 4, /* by us, since it was erased */
};
struct seen {
    uint8_t value[BOARD_WINDOW], flags[BOARD_WINDOW];
    uint32_t age[BOARD_WINDOW]; /* in which it was delivered */
};

/* What the board has been told, as far as the job can know. */
struct view {
    int alternate;
    bool has_pointer, is_setting; /* the pointer: set; not answered yet */
    uint32_t pointer;
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
    bool was_cancelled, is_clumsy, has_lied;
    unsigned tidy_effects;

    struct view view;
    char names[BOARD_MEMORIES_MAX][FETTLE_TEXT_SIZE]; /* as delivered */
    bool has_brace;   /* in something that the board has said */
    bool was_refused; /* for its protection */
    bool was_unprotected;
    unsigned changes; /* of the board, that were asked for */
    uint32_t age;     /* what was delivered in an earlier one may not be so any more */
    bool is_placed;
    size_t chunk_count;
    struct chunk chunks[REGIONS_MAX];
    struct seen seen[BOARD_MEMORIES_MAX];
    uint8_t content[REGIONS_MAX][CONTENT_MAX], buffer[BUFFER];
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

static bool is_request(const fettle_effect *effect, uint8_t bmRequestType, uint8_t bRequest)
{
    return effect->kind == FETTLE_EFFECT_CONTROL &&
           effect->control.bmRequestType == bmRequestType &&
           effect->control.bRequest == bRequest;
}

static bool is_getstatus(const fettle_effect *effect)
{
    return is_request(effect, 0xA1, BOARD_GETSTATUS);
}

static bool is_name(const fettle_effect *effect)
{
    return is_request(effect, BOARD_FROM_DEVICE, BOARD_GET_DESCRIPTOR);
}

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
    if (!is_getstatus(effect) || outcome.kind != FETTLE_OK) {
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
    if (is_name(effect) && !flips) {
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
    fuzz->has_lied = fuzz->has_lied || is_lie(kind);
    return spoil(fuzz, effect, op);
}

/* ---- what is meant ---- */

static const fettle_memory_map *map_of(const struct fuzz *fuzz, int alternate)
{
    const fettle_target *target = &fuzz->job.target;
    for (size_t i = 0; i < target->memory_count; i++) {
        if (target->memories[i].alternate == alternate) {
            return &target->memories[i].map;
        }
    }
    return NULL;
}

static struct seen *seen_of(struct fuzz *fuzz, int alternate, uint32_t address,
                            size_t *offset)
{
    struct memory *memory = board_memory_of(&fuzz->board, alternate);
    return memory != NULL && board_offset_of(memory, address, offset)
               ? &fuzz->seen[memory - fuzz->board.memories]
               : NULL;
}

static const fettle_target_memory *main_memory(const struct fuzz *fuzz)
{
    return &fuzz->job.target.memories[fuzz->job.main_memory];
}

static uint32_t first_writable(const fettle_memory_map *map)
{
    for (size_t i = 0; i < map->zone_count; i++) {
        if (map->zones[i].can_write) {
            return map->zones[i].address;
        }
    }
    return map->zones[0].address;
}

/* Option bytes and the like. */
static bool is_special(const fettle_memory_map *map)
{
    return strncmp(map->name, "Option", 6) == 0 || strncmp(map->name, "OTP", 3) == 0 ||
           strncmp(map->name, "Device Feature", 14) == 0;
}

/* Which memory a region is for; NOWHERE: for none that was asked for. */
static int place(const struct fuzz *fuzz, const fettle_region *region, uint32_t *address)
{
    const fettle_target *target = &fuzz->job.target;
    int alternate = main_memory(fuzz)->alternate;
    fettle_page page;
    *address = region->has_address      ? region->address
               : fuzz->plan.has_address ? fuzz->plan.address
                                        : first_writable(&main_memory(fuzz)->map);
    for (size_t i = target->memory_count; i-- > 0 && region->has_address;) {
        if (fettle_memory_map_page(&target->memories[i].map, *address, &page)) {
            alternate = target->memories[i].alternate;
        }
    }
    alternate = region->has_alternate ? region->alternate : alternate;
    return fuzz->plan.memory[0] == '\0' || alternate == main_memory(fuzz)->alternate
               ? alternate
               : NOWHERE;
}

static bool is_same_map(const fettle_memory_map *a, const fettle_memory_map *b)
{
    for (size_t i = 0; i < a->zone_count; i++) {
        const fettle_zone *one = &a->zones[i], *other = &b->zones[i];
        if (one->address != other->address || one->page_size != other->page_size ||
            one->page_count != other->page_count || one->can_read != other->can_read ||
            one->can_erase != other->can_erase || one->can_write != other->can_write) {
            return false;
        }
    }
    return a->zone_count == b->zone_count && strcmp(a->name, b->name) == 0;
}

/* Names are as they were delivered last; where a table knows that they lie, fettle knows better. */
static void check_maps(const struct fuzz *fuzz)
{
    const fettle_target *target = &fuzz->job.target;
    const struct board *board = &fuzz->board;
    fettle_memory_map map;
    fettle_error err;
    for (size_t i = 0; i < target->memory_count; i++) {
        const fettle_target_memory *memory = &target->memories[i];
        size_t at = 0;
        while (board->row->memories[at].alternate != memory->alternate) {
            must(++at < board->row->memory_count);
        }
        must(fettle_memory_map_parse(&map, fuzz->names[at], &err));
        must(board->row->serial != NULL || is_same_map(&map, &memory->map));
    }
    must(fuzz->job.main_memory < target->memory_count);
    uint8_t wished = (uint8_t)(fuzz->plan.memory[0] - '0');
    must(wished > 9 || fuzz->plan.memory[1] != '\0' ||
         main_memory(fuzz)->alternate == wished);
}

/* Once the job has settled what goes where, so do we. */
static void place_content(struct fuzz *fuzz)
{
    const fettle_image *image = fuzz->plan.image;
    check_maps(fuzz);
    fuzz->is_placed = true;
    for (size_t i = 0; image != NULL && i < image->region_count; i++) {
        struct chunk *chunk = &fuzz->chunks[fuzz->chunk_count];
        int alternate = place(fuzz, &image->regions[i], &chunk->address);
        chunk->alternate = (uint8_t)alternate;
        chunk->data = image->regions[i].data;
        fuzz->chunk_count += alternate != NOWHERE ? 1 : 0;
    }
}

/* The content byte at this place; NULL: there is none. */
static const uint8_t *content_at(struct fuzz *fuzz, int alternate, uint32_t address,
                                 uint32_t **equal_in)
{
    for (size_t i = 0; i < fuzz->chunk_count; i++) {
        struct chunk *chunk = &fuzz->chunks[i];
        if (chunk->alternate == alternate && address >= chunk->address &&
            address - chunk->address < chunk->data.size) {
            *equal_in = &chunk->equal_in[address - chunk->address];
            return &chunk->data.data[address - chunk->address];
        }
    }
    return NULL;
}

static bool holds_content(const struct fuzz *fuzz, int alternate, const fettle_page *page)
{
    for (size_t i = 0; i < fuzz->chunk_count; i++) {
        const struct chunk *chunk = &fuzz->chunks[i];
        if (chunk->alternate == alternate &&
            chunk->address < (uint64_t)page->address + page->size &&
            page->address < (uint64_t)chunk->address + chunk->data.size) {
            return true;
        }
    }
    return false;
}

/* The range of `erase`. */
static bool is_in_range(const struct fuzz *fuzz, int alternate, const fettle_page *page)
{
    const fettle_plan *plan = &fuzz->plan;
    uint32_t from =
        plan->has_address ? plan->address : first_writable(&main_memory(fuzz)->map);
    uint64_t end = (uint64_t)from + (plan->length > 0 ? plan->length : 1);
    bool is_all = !plan->has_address && plan->length == 0;
    return alternate == main_memory(fuzz)->alternate &&
           (is_all || (page->address < end && from < (uint64_t)page->address + page->size));
}

static bool is_meant(const struct fuzz *fuzz, int alternate, const fettle_page *page)
{
    return fuzz->plan.kind == FETTLE_TASK_ERASE ? is_in_range(fuzz, alternate, page)
                                                : holds_content(fuzz, alternate, page);
}

static bool keeps_rest(const struct fuzz *fuzz)
{
    return fuzz->plan.kind == FETTLE_TASK_UPDATE && !fuzz->plan.erases_rest &&
           !fuzz->plan.mass_erases && (fuzz->board.habits & BOARD_NO_UPLOAD) == 0;
}

/* ---- what may be asked of the board ---- */

static void note_change(struct fuzz *fuzz)
{
    fuzz->changes++;
    fuzz->age++;
}

static void must_allow_change(const struct fuzz *fuzz, bool may_erase_only)
{
    const fettle_memory_map *map = map_of(fuzz, fuzz->view.alternate);
    must(!fuzz->plan.is_dry && (fuzz->plan.kind == FETTLE_TASK_UPDATE ||
                                (may_erase_only && fuzz->plan.kind == FETTLE_TASK_ERASE)));
    must(map != NULL);
    must(!is_special(map) || (fuzz->plan.memory[0] != '\0' && fuzz->plan.writes_special));
}

static void check_erase(struct fuzz *fuzz, uint32_t address)
{
    int alternate = fuzz->view.alternate;
    fettle_page page;
    uint32_t *equal_in;
    size_t offset;
    must_allow_change(fuzz, true);
    must(fettle_memory_map_page(map_of(fuzz, alternate), address, &page));
    must(page.address == address && page.can_erase && page.can_write);
    must(is_meant(fuzz, alternate, &page));
    for (uint32_t i = 0; i < page.size; i++) {
        struct seen *seen = seen_of(fuzz, alternate, address + i, &offset);
        if (seen == NULL) {
            continue;
        }
        must(!keeps_rest(fuzz) || (seen->flags[offset] & (IS_KNOWN | IS_ERASED)) != 0 ||
             content_at(fuzz, alternate, address + i, &equal_in) != NULL);
        seen->flags[offset] |= IS_ERASED;
        seen->flags[offset] &= (uint8_t)~IS_WRITTEN;
    }
    note_change(fuzz);
}

static void check_mass_erase(struct fuzz *fuzz)
{
    must_allow_change(fuzz, true);
    must(fuzz->plan.mass_erases && fuzz->view.alternate == main_memory(fuzz)->alternate);
    struct memory *memory = board_memory_of(&fuzz->board, fuzz->view.alternate);
    struct seen *seen = &fuzz->seen[memory - fuzz->board.memories];
    for (size_t i = 0; i < BOARD_WINDOW; i++) {
        seen->flags[i] |= IS_ERASED;
        seen->flags[i] &= (uint8_t)~IS_WRITTEN;
    }
    note_change(fuzz);
}

static void check_unprotect(struct fuzz *fuzz)
{
    must(fuzz->plan.unprotects && !fuzz->plan.is_dry);
    must(fuzz->was_refused && !fuzz->was_unprotected);
    fuzz->was_unprotected = true;
    note_change(fuzz);
}

static void check_command(struct fuzz *fuzz, const fettle_control *control)
{
    uint32_t address = control->wLength == 5 ? fettle_get32(control->out + 1) : 0;
    fuzz->view.has_pointer = fuzz->view.is_setting = false;
    must(fuzz->job.has_target && fuzz->view.alternate != NOWHERE);
    switch (control->out[0]) {
    case BOARD_SET_ADDRESS:
        must(control->wLength == 5);
        fuzz->view.is_setting = true;
        fuzz->view.pointer = address;
        break;
    case BOARD_ERASE:
        must(control->wLength == 5 || control->wLength == 1);
        if (control->wLength == 1) {
            check_mass_erase(fuzz);
        } else {
            check_erase(fuzz, address);
        }
        break;
    default:
        must(control->out[0] == BOARD_UNPROTECT && control->wLength == 1);
        check_unprotect(fuzz);
        break;
    }
}

/* As erased bytes are on some board. */
static bool is_blank(uint8_t byte)
{
    return byte == 0x00 || byte == 0xff;
}

/* What isn't content is the page's rest, or blank. */
static void check_beside(struct fuzz *fuzz, const fettle_page *page, uint32_t address,
                         uint8_t byte)
{
    size_t offset;
    const struct memory *memory = board_memory_of(&fuzz->board, fuzz->view.alternate);
    must(page->can_erase);
    if (!keeps_rest(fuzz)) {
        must(is_blank(byte));
    } else if (!fuzz->has_lied && !fuzz->was_unprotected &&
               board_offset_of(memory, address, &offset)) {
        must(byte == memory->before[offset]);
    }
}

static void check_byte(struct fuzz *fuzz, uint32_t address, uint8_t byte)
{
    int alternate = fuzz->view.alternate;
    fettle_page page;
    uint32_t *equal_in;
    size_t offset;
    must(fettle_memory_map_page(map_of(fuzz, alternate), address, &page) && page.can_write);
    must(holds_content(fuzz, alternate, &page));
    const uint8_t *content = content_at(fuzz, alternate, address, &equal_in);
    if (content != NULL) {
        must(byte == *content);
    } else {
        check_beside(fuzz, &page, address, byte);
    }
    struct seen *seen = seen_of(fuzz, alternate, address, &offset);
    if (seen != NULL) {
        must(!page.can_erase ||
             (seen->flags[offset] & (IS_ERASED | IS_WRITTEN)) == IS_ERASED);
        seen->flags[offset] |= IS_WRITTEN;
    }
}

/* One byte alone is nothing that loaders take: only where there is no other that may be sent with it. */
static void check_least(struct fuzz *fuzz, uint32_t address)
{
    fettle_page page;
    must(fettle_memory_map_page(map_of(fuzz, fuzz->view.alternate), address, &page));
    must(!page.can_erase || page.address + (page.size - 1) == address ||
         fuzz->job.dfu.traits.transfer_size == 1);
}

static void check_data(struct fuzz *fuzz, const fettle_control *control)
{
    uint16_t transfer_size = fuzz->job.dfu.traits.transfer_size;
    uint32_t block = (uint32_t)control->wValue - BOARD_FIRST_BLOCK;
    uint32_t address = fuzz->view.pointer + block * transfer_size;
    must_allow_change(fuzz, false);
    must(fuzz->job.has_target && fuzz->view.alternate != NOWHERE && fuzz->view.has_pointer);
    must(control->wValue >= BOARD_FIRST_BLOCK && control->wValue != UINT16_MAX);
    must((uint64_t)fuzz->view.pointer + (uint64_t)block * transfer_size +
             control->wLength <=
         (uint64_t)UINT32_MAX + 1);
    must(control->wLength <= transfer_size);
    /* Loaders disagree what numbers count: their own blocks, or blocks as long as these. */
    must(block == 0 || control->wLength == fuzz->board.wTransferSize);
    fuzz->view.has_pointer = control->wLength == fuzz->board.wTransferSize;
    if (control->wLength == 1) {
        check_least(fuzz, address);
    }
    for (uint32_t i = 0; i < control->wLength; i++) {
        check_byte(fuzz, address + i, control->out[i]);
    }
    note_change(fuzz);
}

/* The end marker makes it jump to its pointer. */
static void check_leave(const struct fuzz *fuzz)
{
    const struct chunk *lowest = NULL;
    bool changes =
        fuzz->plan.kind == FETTLE_TASK_UPDATE || fuzz->plan.kind == FETTLE_TASK_ERASE;
    must(fuzz->plan.kind != FETTLE_TASK_SURVEY && !(changes && fuzz->plan.is_dry));
    must(fuzz->job.has_target && fuzz->view.has_pointer);
    for (size_t i = 0; i < fuzz->job.target.memory_count && lowest == NULL; i++) {
        const fettle_target_memory *memory = &fuzz->job.target.memories[i];
        for (size_t k = 0; k < fuzz->chunk_count && !is_special(&memory->map); k++) {
            const struct chunk *chunk = &fuzz->chunks[k];
            bool is_lower = lowest == NULL || chunk->address < lowest->address;
            lowest = chunk->alternate == memory->alternate && is_lower ? chunk : lowest;
        }
    }
    must(fuzz->view.pointer ==
         (lowest != NULL ? lowest->address : first_writable(&main_memory(fuzz)->map)));
}

/* By its name it is no DfuSe: then there are no commands, and blocks are the file's. */
static void check_plain(struct fuzz *fuzz, const fettle_control *control)
{
    size_t at = (size_t)control->wValue * fuzz->job.dfu.traits.transfer_size;
    must(fuzz->names[0][0] != '\0' && fuzz->names[0][0] != '@');
    if (control->wLength == 0) {
        return;
    }
    must(fuzz->plan.kind == FETTLE_TASK_UPDATE && !fuzz->plan.is_dry);
    must(control->wLength <= fuzz->job.dfu.traits.transfer_size);
    must(at + control->wLength <= fuzz->plan.payload.size);
    must(memcmp(control->out, fuzz->plan.payload.data + at, control->wLength) == 0);
    fuzz->changes++;
}

/* 0 is no size; see fettle_dfu_transfer_size(). */
static uint16_t largest_block(const struct fuzz *fuzz)
{
    uint16_t said = fuzz->board.wTransferSize;
    uint16_t wished = (uint16_t)fuzz->plan.transfer_size;
    said = said > 0 ? said : 64;
    return wished > 0 && wished < said ? wished : said;
}

static void check_dnload(struct fuzz *fuzz, const fettle_control *control)
{
    must(control->wLength <= largest_block(fuzz));
    if (fuzz->job.way == &fettle_way_dfu) {
        check_plain(fuzz, control);
    } else if (control->wLength == 0) {
        check_leave(fuzz);
    } else if (control->wValue == BOARD_COMMAND) {
        check_command(fuzz, control);
    } else {
        check_data(fuzz, control);
    }
}

static void check_upload(const struct fuzz *fuzz, const fettle_control *control)
{
    must(control->wLength == fuzz->job.dfu.traits.transfer_size);
    if (fuzz->job.way == &fettle_way_dfu) {
        return;
    }
    if (control->wValue == BOARD_COMMAND) {
        must(fuzz->plan.kind == FETTLE_TASK_SURVEY);
        return;
    }
    must(control->wValue >= BOARD_FIRST_BLOCK && control->wValue != UINT16_MAX);
    must(control->wValue == BOARD_FIRST_BLOCK ||
         control->wLength == fuzz->board.wTransferSize);
    must(fuzz->job.has_target && fuzz->view.alternate != NOWHERE && fuzz->view.has_pointer);
}

static void check_effect(struct fuzz *fuzz, const fettle_effect *effect)
{
    const fettle_control *control = &effect->control;
    must(effect->until <= fuzz->now + HOUR);
    if (!fuzz->is_placed && fuzz->job.dfuse.target != NULL) {
        place_content(fuzz);
    }
    if (effect->kind != FETTLE_EFFECT_CONTROL) {
        return;
    }
    must((control->out == NULL || control->in == NULL) &&
         (control->wLength > 0) == (control->out != NULL || control->in != NULL));
    if (is_request(effect, 0x21, BOARD_DNLOAD)) {
        check_dnload(fuzz, control);
    } else if (is_request(effect, 0xA1, BOARD_UPLOAD)) {
        check_upload(fuzz, control);
    }
}

/* ---- what came of it ---- */

static void note_name(struct fuzz *fuzz, const fettle_control *control, size_t count,
                      bool is_told)
{
    size_t memory = (size_t)(control->wValue & 0xFF) - BOARD_FIRST_STRING;
    fuzz->has_brace =
        fuzz->has_brace || (is_told && memchr(control->in, '{', count) != NULL);
    if (memory >= fuzz->board.row->memory_count ||
        control->in != fuzz->job.names.answer) { /* the reason of a refusal */
        return;
    }
    fuzz->names[memory][0] = '\0';
    if (is_told) {
        fettle_names_decode(fuzz->names[memory], sizeof fuzz->names[memory], control->in,
                            count);
    }
}

static void note_status(struct fuzz *fuzz, const uint8_t *answer)
{
    fuzz->was_refused = fuzz->was_refused || answer[0] == BOARD_ERR_VENDOR;
    if (fuzz->view.is_setting && answer[0] == 0 && answer[4] == FETTLE_DFU_DNLOAD_IDLE) {
        fuzz->view.is_setting = false;
        fuzz->view.has_pointer = true;
    }
}

static void note_delivered(struct fuzz *fuzz, const fettle_control *control, size_t count)
{
    int alternate = fuzz->view.alternate;
    uint32_t block = (uint32_t)control->wValue - BOARD_FIRST_BLOCK;
    uint32_t address = fuzz->view.pointer + block * control->wLength;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *equal_in;
        size_t offset;
        const uint8_t *content = content_at(fuzz, alternate, address + i, &equal_in);
        if (content != NULL) {
            *equal_in = control->in[i] == *content ? fuzz->age : 0;
        }
        struct seen *seen = seen_of(fuzz, alternate, address + i, &offset);
        if (seen != NULL) {
            bool is_new = (seen->flags[offset] & IS_ERASED) == 0;
            seen->value[offset] = control->in[i];
            seen->age[offset] = fuzz->age;
            seen->flags[offset] |= is_new ? IS_KNOWN : 0;
        }
    }
}

static void note_outcome(struct fuzz *fuzz, const fettle_effect *effect,
                         const fettle_outcome *outcome)
{
    bool is_ok = outcome->kind == FETTLE_OK;
    struct view *view = &fuzz->view;
    if (effect->kind == FETTLE_EFFECT_OPEN) {
        bool has_default = board_memory_of(&fuzz->board, 0) != NULL;
        *view = (struct view){.alternate = has_default ? 0 : NOWHERE};
    } else if (effect->kind == FETTLE_EFFECT_RESET) {
        /* Systems bring the setting back. That the pointer stays is hoped for where ABORTs were lost. */
        fuzz->has_lied = fuzz->has_lied || view->has_pointer;
    } else if (effect->kind == FETTLE_EFFECT_SELECT) {
        *view = (struct view){.alternate = is_ok ? effect->select.alternate : NOWHERE};
    } else if (is_name(effect)) {
        note_name(fuzz, &effect->control, outcome->count, is_ok);
    } else if (is_getstatus(effect) && is_ok && outcome->count == 6) {
        note_status(fuzz, effect->control.in);
    } else if (is_request(effect, 0xA1, BOARD_UPLOAD) && is_ok && fuzz->is_placed &&
               effect->control.wValue >= BOARD_FIRST_BLOCK) {
        note_delivered(fuzz, &effect->control, outcome->count);
    }
}

/* ---- how it may end ---- */

static void check_failure(const struct fuzz *fuzz, const fettle_error *error)
{
    must(error->code > FETTLE_E_NONE && error->code < FETTLE_E_COUNT);
    must(error->message[0] != '\0' &&
         memchr(error->message, '\0', sizeof error->message) != NULL);
    must(strchr(error->message, '{') == NULL || fuzz->has_brace);
    for (const char *at = error->message; *at != '\0'; at++) {
        must((unsigned char)*at >= ' ' && *at != 0x7F); /* nothing that a terminal obeys */
    }
    must(error->hint != NULL && error->hint[0] != '\0' &&
         error->hint[strlen(error->hint) - 1] == '.');
}

/* Every content byte was delivered as in the file. */
static void check_content_read(const struct fuzz *fuzz)
{
    must(fuzz->chunk_count > 0);
    for (size_t i = 0; i < fuzz->chunk_count; i++) {
        for (size_t k = 0; k < fuzz->chunks[i].data.size; k++) {
            must(fuzz->chunks[i].equal_in[k] == fuzz->age);
        }
    }
}

/* Every byte of the range was delivered as an erased one. */
static void check_blank_read(struct fuzz *fuzz)
{
    const fettle_memory_map *map = &main_memory(fuzz)->map;
    for (size_t i = 0; i < BOARD_WINDOW; i++) {
        struct memory *memory = board_memory_of(&fuzz->board, main_memory(fuzz)->alternate);
        const struct seen *seen = &fuzz->seen[memory - fuzz->board.memories];
        uint32_t address = (uint32_t)(memory->row->base + i);
        fettle_page page;
        if (fettle_memory_map_page(map, address, &page) && page.can_erase &&
            page.can_write && is_in_range(fuzz, main_memory(fuzz)->alternate, &page)) {
            must(seen->age[i] == fuzz->age);
            must(is_blank(seen->value[i]));
        }
    }
}

static void check_evidence(struct fuzz *fuzz)
{
    if (fuzz->job.evidence != FETTLE_EVIDENCE_READBACK || !fuzz->is_placed) {
        return;
    }
    if (fuzz->plan.kind == FETTLE_TASK_ERASE) {
        check_blank_read(fuzz);
    } else {
        check_content_read(fuzz);
    }
}

/* What was read is what was delivered. */
static void check_read(struct fuzz *fuzz)
{
    const fettle_job_engine *job = &fuzz->job;
    must(job->count <= sizeof fuzz->buffer);
    must(!fuzz->is_placed || fuzz->plan.length == 0 || job->count <= fuzz->plan.length);
    for (size_t i = 0; fuzz->is_placed && i < job->count; i++) {
        size_t offset;
        uint32_t address = (uint32_t)(job->read_address + i);
        const struct seen *seen =
            seen_of(fuzz, main_memory(fuzz)->alternate, address, &offset);
        must(seen == NULL ||
             (seen->age[offset] == fuzz->age && seen->value[offset] == fuzz->buffer[i]));
    }
}

static void check_success(struct fuzz *fuzz)
{
    const fettle_job_engine *job = &fuzz->job;
    static const fettle_job_end ends[] = {
        [FETTLE_TASK_UPDATE] = FETTLE_JOB_UPDATED,  [FETTLE_TASK_READ] = FETTLE_JOB_READ,
        [FETTLE_TASK_VERIFY] = FETTLE_JOB_VERIFIED, [FETTLE_TASK_RESET] = FETTLE_JOB_RESET,
        [FETTLE_TASK_SURVEY] = FETTLE_JOB_SURVEYED, [FETTLE_TASK_ERASE] = FETTLE_JOB_ERASED,
    };
    must(job->engine.error.code == FETTLE_E_NONE);
    must(job->end == ends[fuzz->plan.kind] ||
         (job->end == FETTLE_JOB_UNCHANGED && fuzz->plan.kind == FETTLE_TASK_UPDATE) ||
         (job->end == FETTLE_JOB_PLANNED && fuzz->plan.is_dry));
    must(job->end != FETTLE_JOB_UPDATED || fuzz->changes > 0);
    must(job->end != FETTLE_JOB_ERASED || fuzz->changes > 0);
    must((job->end != FETTLE_JOB_UNCHANGED && job->end != FETTLE_JOB_PLANNED) ||
         fuzz->changes == 0);
    must(job->end != FETTLE_JOB_VERIFIED || job->evidence == FETTLE_EVIDENCE_READBACK);
    check_evidence(fuzz);
    if (job->end == FETTLE_JOB_READ) {
        check_read(fuzz);
    }
}

/* May this byte of the board be another one now? */
static bool may_differ(struct fuzz *fuzz, const struct memory *memory, size_t i,
                       bool is_proven)
{
    int alternate = memory->row->alternate;
    uint32_t address = (uint32_t)(memory->row->base + i), *equal_in;
    const fettle_memory_map *map = map_of(fuzz, alternate);
    fettle_page page;
    if (map == NULL || !fettle_memory_map_page(map, address, &page) ||
        !is_meant(fuzz, alternate, &page)) {
        return false;
    }
    return !is_proven || content_at(fuzz, alternate, address, &equal_in) != NULL ||
           (!keeps_rest(fuzz) && is_blank(memory->bytes[i]));
}

static void check_content_there(struct fuzz *fuzz)
{
    for (size_t i = 0; i < fuzz->chunk_count; i++) {
        const struct chunk *chunk = &fuzz->chunks[i];
        const struct memory *memory = board_memory_of(&fuzz->board, chunk->alternate);
        size_t offset;
        must(board_offset_of(memory, chunk->address, &offset));
        must(chunk->data.size <= BOARD_WINDOW - offset);
        must(memcmp(memory->bytes + offset, chunk->data.data, chunk->data.size) == 0);
    }
}

/* As long as nobody told it lies: what it says of the board is true, and nothing else was touched. */
static void check_board(struct fuzz *fuzz, bool is_proven)
{
    if (fuzz->has_lied || fuzz->was_unprotected || !fuzz->is_placed) {
        return;
    }
    for (size_t i = 0; i < fuzz->board.row->memory_count; i++) {
        const struct memory *memory = &fuzz->board.memories[i];
        for (size_t k = 0; k < BOARD_WINDOW; k++) {
            must(memory->bytes[k] == memory->before[k] ||
                 may_differ(fuzz, memory, k, is_proven));
        }
    }
    if (is_proven) {
        check_content_there(fuzz);
    }
}

static void run(struct fuzz *fuzz)
{
    fettle_outcome outcome;
    const fettle_outcome *last = NULL;
    fettle_us latest = HOUR + fuzz->input.size * 130 * SECOND;
    for (unsigned effects = 0;; effects++) {
        fettle_effect effect = fettle_task_step(&fuzz->task, last, fuzz->now);
        if (effect.kind == FETTLE_EFFECT_DONE) {
            check_success(fuzz);
            check_board(fuzz, fuzz->job.evidence == FETTLE_EVIDENCE_READBACK);
            return;
        }
        if (effect.kind == FETTLE_EFFECT_FAILED) {
            check_failure(fuzz, &fuzz->job.engine.error);
            check_board(fuzz, false);
            return;
        }
        if (fuzz->was_cancelled && fuzz->tidy_effects-- == 0) {
            return; /* the runner ends it here */
        }
        must(effects < EFFECTS_MAX && fuzz->now < latest);
        check_effect(fuzz, &effect);
        outcome = perform(fuzz, &effect);
        note_outcome(fuzz, &effect, &outcome);
        last = &outcome;
    }
}

/* ---- what is wanted ---- */

static void *take_little(size_t size)
{
    return size <= SMALL_MEMORY ? fettle_alloc(size) : NULL;
}

/* An earlier update has erased this page, and kept what was in it; or that was long ago. */
static bool recall(void *user, const char *path, uint8_t alternate, uint32_t address,
                   uint8_t *bytes, uint32_t size)
{
    struct fuzz *fuzz = user;
    struct memory *memory = board_memory_of(&fuzz->board, alternate);
    size_t offset;
    must(strcmp(path, "usb:1-1") == 0 && memory != NULL);
    if (!board_offset_of(memory, address, &offset) || size > BOARD_WINDOW - offset) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        bool is_wrong = (fuzz->header->wishes & REMEMBERS_WRONG) != 0;
        bytes[i] = memory->before[offset + i] ^ (is_wrong ? 0xA5 : 0);
        if (!is_wrong && memory->bytes[offset + i] == memory->before[offset + i]) {
            memory->bytes[offset + i] = fuzz->board.row->blank;
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
    fettle_region regions[REGIONS_MAX];
    fettle_image images[REGIONS_MAX];
    fettle_image_part parts[REGIONS_MAX];
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
    fuzz->view.alternate = NOWHERE;
    fuzz->age = 1;
    board_init(
        &fuzz->board,
        &board_rows[(header->board & ROW) % (sizeof board_rows / sizeof *board_rows)],
        header->habits, sizes[header->board >> SIZE_SHIFT]);
    if (make_image(fuzz, &err)) {
        if (make_plan(fuzz, &err)) {
            run_job(fuzz);
        } else {
            check_failure(fuzz, &err);
        }
    }
    fettle_image_free(fuzz->image);
    free(fuzz);
    return 0;
}
