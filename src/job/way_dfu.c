/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of USB DFU: what the job's stages mean to the engine in proto/dfu.c. Which interface and
 * which size of transfers is read from the descriptors; what is odd about the loader comes from the
 * board's row.
 */
#include "job/way_dfu.h"

#include "job/memories.h"
#include "job/script.h"

#include <string.h>

static const fettle_board_row *row_of(const fettle_job_engine *job)
{
    return job->plan->row;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

enum { ERR_STALLEDPKT = 15, CHOKED_SIZE_MIN = 128 };

/* Some loaders in ROM choke on the transfers that they ask for, and take them at half the size. */
static bool has_choked(const fettle_job_engine *job)
{
    const fettle_error *error = &job->first_error;
    return job->tries > 0 && error->stage >= FETTLE_STAGE_COMPARE &&
           error->stage <= FETTLE_STAGE_VERIFY &&
           (error->code == FETTLE_E_NO_ANSWER ||
            (error->code == FETTLE_E_BOARD_REFUSED && error->device == ERR_STALLEDPKT));
}

/* The person's wish, the row's number and the system's limit make it smaller, never larger. */
static uint16_t transfer_size(const fettle_job_engine *job)
{
    size_t size =
        fettle_dfu_transfer_size(job->interface, job->descriptors.bMaxPacketSize0);
    size_t wished = job->plan->transfer_size;
    size_t known = row_of(job)->memory.transfer_size;
    size_t limit = job->sight.largest_control;
    size = known > 0 ? min_size(size, known) : size;
    size = limit > 0 ? min_size(size, limit) : size;
    size = has_choked(job) && size >= 2 * CHOKED_SIZE_MIN ? size / 2 : size;
    return (uint16_t)(wished > 0 && !fettle_job_quirks(job)->whole_blocks
                          ? min_size(size, wished)
                          : size);
}

enum { DFUSE_VERSION = 0x011A };

static bool is_dfuse(const fettle_job_engine *job)
{
    return job->interface->bcdDFUVersion == DFUSE_VERSION &&
           !fettle_job_quirks(job)->never_dfuse;
}

static void read_traits(const fettle_job_engine *job, fettle_dfu_traits *traits)
{
    const fettle_dfu_interface *interface = job->interface;
    const fettle_dfu_quirks *quirks = fettle_job_quirks(job);
    *traits = (fettle_dfu_traits){
        .interface = interface->number,
        .alternate = interface->alternates[0],
        /* Once it was open another setting may be active still, where a link is kept. */
        .needs_select = (interface->alternates[0] != 0 ||
                         (job->has_target && interface->alternate_count > 1)) &&
                        !quirks->never_select,
        .transfer_size = transfer_size(job),
        .wTransferSize = interface->wTransferSize,
        .wDetachTimeOut = interface->wDetachTimeOut,
        .will_detach = (interface->bmAttributes & FETTLE_DFU_WILL_DETACH) != 0,
        .is_tolerant = (interface->bmAttributes & FETTLE_DFU_MANIFESTATION_TOLERANT) != 0,
        .ignores_abort = quirks->ignores_abort,
        .block_is_place = quirks->block_is_place,
        .reads_in_download = quirks->reads_in_download,
        .ends_at_manifest = is_dfuse(job),
        .clears_stuck_erase = quirks->clears_stuck_erase,
        .reads_before_leaving = quirks->reads_before_leaving,
        .force_detach = quirks->force_detach,
        .ignores_poll_time = quirks->ignores_poll_time,
        .never_select = quirks->never_select,
    };
}

bool fettle_dfu_way_meet(fettle_job_engine *job, fettle_error *err)
{
    fettle_span bytes = {job->sight.descriptors, job->sight.descriptors_size};
    job->interface = NULL;
    if (!fettle_usb_descriptors_parse(&job->descriptors, bytes, err)) {
        return false;
    }
    if (job->descriptors.dfu_count == 0) {
        fettle_error_set(err, FETTLE_E_NOT_DFU,
                         &(fettle_words){.text = "none of its interfaces is for updates"});
        return false;
    }
    job->interface = &job->descriptors.dfu[0];
    fettle_dfu_traits traits;
    read_traits(job, &traits);
    fettle_dfu_init(&job->dfu, &traits);
    job->way = is_dfuse(job) ? &fettle_way_dfuse : &fettle_way_dfu;
    return true;
}

bool fettle_dfu_way_is_computer_part(const fettle_job_engine *job)
{
    return job->descriptors.is_computer_part;
}

/* A face that a row names is what it is, whatever its protocol number says. */
fettle_mode fettle_dfu_way_guess(const fettle_job_engine *job)
{
    fettle_usb_descriptors seen;
    fettle_error ignored;
    fettle_mode known = fettle_board_mode_of(row_of(job), job->sight.id);
    size_t face_count = job->plan->face_count + job->plan->stranger_count;
    for (size_t i = 0; known == FETTLE_MODE_UNKNOWN && i < face_count; i++) {
        const fettle_face *face = &job->plan->faces[i];
        bool is_it = face->id.vendor != 0 && face->id.vendor == job->sight.id.vendor &&
                     face->id.product == job->sight.id.product;
        known = is_it ? face->mode : known;
    }
    if (known != FETTLE_MODE_UNKNOWN) {
        return known;
    }
    fettle_span bytes = {job->sight.descriptors, job->sight.descriptors_size};
    if (!fettle_usb_descriptors_parse(&seen, bytes, &ignored)) {
        return FETTLE_MODE_UNKNOWN;
    }
    switch (seen.mode) {
    case FETTLE_DFU_UPDATE:
        return FETTLE_MODE_DFU;
    case FETTLE_DFU_UNSURE:
        return FETTLE_MODE_UNKNOWN;
    default:
        return FETTLE_MODE_APP;
    }
}

fettle_engine *fettle_dfu_way_survey(fettle_job_engine *job)
{
    return fettle_dfu_survey(&job->dfu);
}

fettle_mode fettle_dfu_way_mode(const fettle_job_engine *job)
{
    fettle_mode guessed = fettle_dfu_way_guess(job);
    bool is_app = job->dfu.bState == FETTLE_DFU_APP_IDLE ||
                  job->dfu.bState == FETTLE_DFU_APP_DETACH || job->dfu.was_refused;
    if (guessed != FETTLE_MODE_UNKNOWN) {
        return guessed;
    }
    return is_app ? FETTLE_MODE_APP : FETTLE_MODE_DFU;
}

fettle_survey fettle_dfu_way_found(const fettle_job_engine *job)
{
    return (fettle_survey){
        .id = job->sight.id,
        .bcdDevice = job->sight.bcdDevice,
        .can_download = (job->interface->bmAttributes & FETTLE_DFU_CAN_DNLOAD) != 0,
        .can_upload = (job->interface->bmAttributes & FETTLE_DFU_CAN_UPLOAD) != 0,
        .memory_size = row_of(job)->memory.size,
    };
}

bool fettle_dfu_way_was_cut_off(const fettle_job_engine *job)
{
    return job->dfu.bState == FETTLE_DFU_DNLOAD_SYNC ||
           job->dfu.bState == FETTLE_DFU_DNBUSY ||
           job->dfu.bState == FETTLE_DFU_DNLOAD_IDLE;
}

bool fettle_dfu_way_can_enter(const fettle_job_engine *job)
{
    fettle_usb_descriptors seen;
    fettle_error ignored;
    fettle_span bytes = {job->sight.descriptors, job->sight.descriptors_size};
    return job->sight.kind == FETTLE_LINK_USB &&
           fettle_usb_descriptors_parse(&seen, bytes, &ignored) && seen.dfu_count > 0;
}

fettle_engine *fettle_dfu_way_enter(fettle_job_engine *job)
{
    return fettle_dfu_detach(&job->dfu);
}

bool fettle_dfu_way_has_made_way(const fettle_job_engine *job)
{
    return !job->dfu.was_refused;
}

static bool can_read(const fettle_job_engine *job)
{
    return fettle_dfu_way_found(job).can_upload;
}

static bool can_read_early(const fettle_job_engine *job)
{
    return job->dfu.traits.reads_in_download;
}

/* After manifestation only a tolerant board takes requests again; one that leaves in its own time does. */
static bool can_read_after(const fettle_job_engine *job)
{
    return job->dfu.traits.is_tolerant || fettle_job_quirks(job)->leaves_by_itself;
}

static fettle_engine *compare(fettle_job_engine *job, bool all)
{
    return fettle_dfu_compare(&job->dfu, job->plan->payload, job->plan->keeps_from,
                              job->plan->keeps_to, all);
}

static uint32_t differences(const fettle_job_engine *job, uint32_t *first_block,
                            uint32_t *address)
{
    const fettle_dfu_difference *difference = &job->dfu.difference;
    *first_block = difference->first;
    *address = difference->first * job->dfu.traits.transfer_size;
    return difference->count;
}

static fettle_engine *write(fettle_job_engine *job, bool repair)
{
    return fettle_dfu_download(&job->dfu, job->plan->payload,
                               repair ? &job->dfu.difference : NULL);
}

static fettle_engine *finish(fettle_job_engine *job)
{
    return fettle_dfu_finish(&job->dfu, job->plan->payload.size);
}

static bool needs_end(const fettle_job_engine *job)
{
    return !job->dfu.traits.block_is_place;
}

static bool was_ended(const fettle_job_engine *job)
{
    return job->dfu.end_was_taken && !job->dfu.lost_completion;
}

static bool was_answered(const fettle_job_engine *job)
{
    return !job->dfu.lost_completion;
}

/* Not that anybody knows. */
static bool never(const fettle_job_engine *job)
{
    (void)job;
    return false;
}

static bool was_checked(const fettle_job_engine *job)
{
    return job->dfu.was_manifested;
}

static fettle_engine *leave(fettle_job_engine *job)
{
    const fettle_dfu_quirks *quirks = fettle_job_quirks(job);
    if (quirks->leaves_by_itself) {
        return NULL;
    }
    return quirks->leaves_by_detach ? fettle_dfu_detach(&job->dfu)
                                    : fettle_dfu_leave(&job->dfu);
}

/*
 * A DETACH in update mode isn't in the specification, but some boards take it, and only it, for "leave". Most stall
 * it, which is no failure, and may be in dfuERROR then.
 */
fettle_engine *fettle_dfu_way_leave_otherwise(fettle_job_engine *job, unsigned nth)
{
    if (fettle_job_quirks(job)->leaves_by_itself || nth > 1) {
        return NULL;
    }
    return nth == 0 ? fettle_dfu_detach(&job->dfu) : fettle_dfu_idle(&job->dfu);
}

/* An upload that isn't over, or a download that nobody goes on with. */
fettle_engine *fettle_dfu_way_rest(fettle_job_engine *job)
{
    bool is_begun = job->dfu.bState == FETTLE_DFU_UPLOAD_IDLE ||
                    job->dfu.bState == FETTLE_DFU_DNLOAD_IDLE;
    return is_begun && !job->dfu.traits.ignores_abort ? fettle_dfu_idle(&job->dfu) : NULL;
}

static bool has_left(const fettle_job_engine *job)
{
    return job->dfu.has_left;
}

static fettle_engine *read(fettle_job_engine *job, uint8_t *buffer, size_t size)
{
    return fettle_dfu_upload(&job->dfu, buffer, size);
}

static size_t read_count(const fettle_job_engine *job)
{
    return job->dfu.count;
}

enum { ERR_WRITE = 3 };

/* Where one memory holds the image that runs, and nothing says which one. */
static const char *hint(const fettle_job_engine *job)
{
    bool is_refused_at_once = job->engine.error.code == FETTLE_E_BOARD_REFUSED &&
                              job->engine.error.device == ERR_WRITE && job->dfu.offset == 0;
    bool has_another = job->interface->alternate_count > 1 &&
                       job->interface->alternates[0] == 0 &&
                       job->interface->alternates[1] == 1;
    return is_refused_at_once && has_another && job->plan->memory[0] == '\0'
               ? "Its first memory may be the image that runs, which can't be written: run "
                 "the same command with --memory 1."
               : NULL;
}

/* ---- which memory, and which part of the file ---- */

static fettle_engine *name(fettle_job_engine *job)
{
    return fettle_job_needs_names(job) ? fettle_names_read(&job->names, job->interface)
                                       : NULL;
}

static bool refuse_image(const char *text, const fettle_job_engine *job, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_IMAGE_NOT_FOR_BOARD,
                     &(fettle_words){.board = fettle_job_board_name(job), .text = text});
    return false;
}

/* This kind of loader takes one piece of content, and knows by itself where it goes. */
static bool check_image(fettle_job_engine *job, fettle_error *err)
{
    const fettle_image *image = job->plan->image;
    if (job->plan->has_address) {
        fettle_error_set(err, FETTLE_E_NO_ADDRESSES, NULL);
        return false;
    }
    if (job->plan->mass_erases) {
        return refuse_image("its loader erases by itself", job, err);
    }
    if (image != NULL && image->region_count > 1) {
        return refuse_image("the file has content for several addresses, and this board's "
                            "loader takes only one piece",
                            job, err);
    }
    if (image != NULL && image->regions[0].has_address && !job->has_target) {
        fettle_script_note(job, FETTLE_NOTE_ADDRESS_UNUSED);
        job->has_target = true;
    }
    return true;
}

static bool settle(fettle_job_engine *job, fettle_error *err)
{
    size_t index = 0;
    const fettle_image *image = job->plan->image;
    bool is_named = job->plan->memory[0] != '\0';
    if (job->plan->kind == FETTLE_TASK_ERASE) {
        fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                         &(fettle_words){.text = "plain DFU has no word for erasing: the "
                                                 "loader does that when it is written to"});
        return false;
    }
    if (!check_image(job, err)) {
        return false;
    }
    if (is_named ? !fettle_job_find_memory(job, &index, err)
                 : image != NULL && image->regions[0].has_alternate &&
                       !fettle_job_find_alternate(job, image->regions[0].alternate, &index,
                                                  err)) {
        return false;
    }
    fettle_dfu_set_alternate(&job->dfu, job->interface->alternates[index]);
    return true;
}

const fettle_way fettle_way_dfu = {
    .proof = FETTLE_EVIDENCE_READBACK,
    .meet = fettle_dfu_way_meet,
    .is_computer_part = fettle_dfu_way_is_computer_part,
    .guess = fettle_dfu_way_guess,
    .survey = fettle_dfu_way_survey,
    .mode = fettle_dfu_way_mode,
    .found = fettle_dfu_way_found,
    .was_cut_off = fettle_dfu_way_was_cut_off,
    .name = name,
    .settle = settle,
    .ask_more = NULL,
    .can_enter = fettle_dfu_way_can_enter,
    .enter = fettle_dfu_way_enter,
    .has_made_way = fettle_dfu_way_has_made_way,
    .can_read = can_read,
    .can_read_early = can_read_early,
    .can_read_after = can_read_after,
    .compare = compare,
    .differences = differences,
    .write = write,
    .restarts_itself = never,
    .finish = finish,
    .needs_end = needs_end,
    .was_ended = was_ended,
    .was_answered = was_answered,
    .was_checked = was_checked,
    .leave = leave,
    .has_left = has_left,
    .rest = fettle_dfu_way_rest,
    .hint = hint,
    .leave_otherwise = fettle_dfu_way_leave_otherwise,
    .read = read,
    .read_count = read_count,
};
