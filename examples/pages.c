/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memories of a board with a DfuSe loader (STM32 and its relatives), and an update of it:
 *
 *     cc pages.c -o pages $(pkg-config --cflags --libs fettle)
 *     ./pages BOARD                          shows the map of its memories
 *     ./pages BOARD FILE[@ADDRESS]...        writes the pages that differ, and reads them back
 *
 * BOARD is a port, VENDOR:PRODUCT or a serial, or one that a USB/IP server offers (usbip://HOST/BUSID), which can
 * be a virtual one:
 *
 *     fettle-sim stm32f4 --usbip 127.0.0.1:3240 &
 *     ./pages usbip://127.0.0.1/1-1 boot.hex application.bin@0x08004000
 *
 * What else is in a page that is covered in part is put back. This program gives the library no store to keep
 * those bytes in meanwhile, so they are gone if it is cut off; docs/library.md tells of stores. Also compiles as C++.
 */
#include <fettle/fettle.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND ((fettle_us)1000000)

enum { FILES_MAX = 8 };

static int say(const fettle_error *err)
{
    fprintf(stderr, "pages: %s\n  %s\n", err->message, err->hint);
    return fettle_code_exit_status(err->code);
}

/* ---- the board ---- */

/* Puts the path by which the board is known into `wishes`; `path` must outlive it. */
static bool reach(fettle_context *context, const char *board, char path[FETTLE_PATH_SIZE],
                  fettle_wishes *wishes, fettle_error *err)
{
    wishes->board = board;
    if (strncmp(board, "usbip://", strlen("usbip://")) != 0) {
        return fettle_context_add_usb(context, err);
    }
    if (!fettle_context_add_usbip(context, board, path, err)) {
        return false;
    }
    wishes->board = path[0] != '\0' ? path : NULL;
    return true;
}

static void show_zone(const fettle_zone_facts *zone)
{
    printf("  0x%08x: %u pages of %u bytes%s%s%s\n", (unsigned)zone->address,
           (unsigned)zone->page_count, (unsigned)zone->page_size,
           zone->can_read ? ", read" : "", zone->can_erase ? ", erase" : "",
           zone->can_write ? ", write" : "");
}

static int show_memories(fettle_context *context, const fettle_wishes *wishes)
{
    fettle_error err;
    fettle_job *job = fettle_job_new(context, FETTLE_VERB_SURVEY, NULL, wishes, &err);
    if (job == NULL || !fettle_job_run(job, NULL, NULL, &err)) {
        fettle_job_free(job);
        return say(&err);
    }
    const fettle_result *result = fettle_job_result(job);
    printf("%s on %s\n", result->name, result->path);
    for (size_t i = 0; i < result->memory_count; i++) {
        const fettle_memory_facts *memory = &result->memories[i];
        printf("%u %s\n", (unsigned)memory->alternate, memory->name); /* escaped already */
        for (size_t k = 0; k < memory->zone_count; k++) {
            show_zone(&memory->zones[k]);
        }
    }
    fettle_job_free(job);
    return 0;
}

/* ---- the files ---- */

/* FILE or FILE@ADDRESS. The image is the caller's, to be freed. */
static bool load_part(const char *word, fettle_image **image, fettle_part *part,
                      fettle_error *err)
{
    char name[1024];
    const char *at = strrchr(word, '@');
    size_t length = at != NULL ? (size_t)(at - word) : strlen(word);
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    *image = fettle_image_load(name, 0, err);
    part->image = *image;
    part->has_address = at != NULL;
    part->address = at != NULL ? (uint32_t)strtoul(at + 1, NULL, 0) : 0;
    return *image != NULL;
}

/* One file without an address is fine as it is: its content then goes to the beginning of the main memory. */
static fettle_image *load_files(char **words, size_t count, fettle_error *err)
{
    fettle_image *images[FILES_MAX];
    fettle_part parts[FILES_MAX];
    fettle_image *image = NULL;
    size_t loaded = 0;
    while (loaded < count &&
           load_part(words[loaded], &images[loaded], &parts[loaded], err)) {
        loaded++;
    }
    if (loaded == count && count == 1 && !parts[0].has_address) {
        return images[0];
    }
    if (loaded == count) {
        image = fettle_image_join(parts, count, err);
    }
    for (size_t i = 0; i < loaded; i++) {
        fettle_image_free(images[i]); /* all that is joined is copied */
    }
    return image;
}

/* ---- the update ---- */

static void on_event(void *user, const fettle_event *event)
{
    (void)user;
    if (event->kind == FETTLE_EVENT_STAGE) {
        printf("%s\n", fettle_stage_name(event->stage));
    } else if (event->kind == FETTLE_EVENT_NOTE || event->kind == FETTLE_EVENT_ASK) {
        printf("%s\n", event->text);
    }
}

/* What only the board could tell ends a job before anything is changed; a flag is the answer to it. */
static unsigned flag_that_allows(fettle_code code)
{
    switch (code) {
    case FETTLE_E_WOULD_LOSE:
        return FETTLE_WISH_ERASE_REST;
    case FETTLE_E_READ_PROTECTED:
        return FETTLE_WISH_UNPROTECT;
    default:
        return 0;
    }
}

static bool agrees(const fettle_error *err)
{
    char answer[16];
    printf("%s\nErase it all the same? Type yes: ", err->message);
    fflush(stdout);
    return fgets(answer, (int)sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

static bool run_once(fettle_context *context, const fettle_image *image,
                     const fettle_wishes *wishes, fettle_error *err)
{
    fettle_job *job = fettle_job_new(context, FETTLE_VERB_UPDATE, image, wishes, err);
    if (job == NULL) {
        return false;
    }
    bool is_good = fettle_job_run(job, on_event, NULL, err);
    if (is_good) {
        const fettle_result *result = fettle_job_result(job);
        printf("%s, proof: %s\n", fettle_outcome_name(result->outcome),
               fettle_proof_name(result->verified));
    }
    fettle_job_free(job);
    return is_good;
}

static int update(fettle_context *context, const fettle_image *image, fettle_wishes *wishes)
{
    fettle_error err;
    while (!run_once(context, image, wishes, &err)) {
        unsigned flag = flag_that_allows(err.code);
        if (flag == 0 || (wishes->flags & flag) != 0 || !agrees(&err)) {
            return say(&err);
        }
        wishes->flags |= flag;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 2 + FILES_MAX || strcmp(argv[1], "--help") == 0) {
        printf("usage: pages BOARD [FILE[@ADDRESS]...]\n");
        return argc == 2 ? 0 : 2;
    }
    fettle_error err;
    fettle_wishes wishes;
    char path[FETTLE_PATH_SIZE];
    memset(&wishes, 0, sizeof wishes);
    wishes.wait = 60 * SECOND; /* for a board that isn't in its loader yet */

    fettle_image *image = NULL;
    if (argc > 2) {
        image = load_files(argv + 2, (size_t)argc - 2, &err);
        if (image == NULL) {
            return say(&err);
        }
    }
    fettle_context *context = fettle_context_new(&err);
    int status;
    if (context == NULL || !reach(context, argv[1], path, &wishes, &err)) {
        status = say(&err);
    } else if (image == NULL) {
        status = show_memories(context, &wishes);
    } else {
        status = update(context, image, &wishes);
    }
    fettle_context_free(context);
    fettle_image_free(image);
    return status;
}
