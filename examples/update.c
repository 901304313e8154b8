/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a firmware file on a board, prints what happens, and says how it ended:
 *
 *     cc update.c -o update $(pkg-config --cflags --libs fettle)
 *     ./update FILE [BOARD [REVISION]]
 *
 * BOARD is a port, VENDOR:PRODUCT, a serial or a board's name; without it, the one that the file fits.
 * Exit statuses are those of the program fettle. Ctrl-C stops it in an orderly way. Also compiles as C++.
 */
#include <fettle/fettle.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define SECOND ((fettle_us)1000000)

/* The one call that is safe in a signal handler: the job tidies up, then ends as interrupted. */
static fettle_job *volatile running;

static void on_interrupt(int number)
{
    (void)number;
    if (running != NULL) {
        fettle_job_cancel(running);
    }
}

/* Called in the thread that runs the job. Everything that `event` points to is valid during the call only. */
static void on_event(void *user, const fettle_event *event)
{
    (void)user;
    switch (event->kind) {
    case FETTLE_EVENT_STAGE:
        printf("\n%s", fettle_stage_name(event->stage));
        break;
    case FETTLE_EVENT_PROGRESS:
        printf("\r%s %3u %%", fettle_stage_name(event->stage),
               (unsigned)(event->progress / 10000));
        break;
    case FETTLE_EVENT_ASK:
        printf("\nplease do this now:\n%s\n", event->text);
        break;
    case FETTLE_EVENT_NOTE:
        printf("\nnote (%s): %s", event->slug, event->text);
        break;
    case FETTLE_EVENT_BOARD_LEFT:
    case FETTLE_EVENT_BOARD_BACK:
        printf("\n%s: %s", fettle_event_name(event->kind), event->text);
        break;
    case FETTLE_EVENT_DONE:
    case FETTLE_EVENT_FAILED:
        printf("\n");
        break;
    default: /* there may be more kinds one day; what isn't known can be left alone */
        break;
    }
    fflush(stdout);
}

static int say(const fettle_error *err)
{
    fprintf(stderr, "update: %s\n  %s\n", err->message, err->hint);
    return fettle_code_exit_status(err->code);
}

/* A program with a window would ask here. This one takes answers from its command line only. */
static int refuse_question(const fettle_question *question)
{
    fprintf(stderr, "update: %s\n  give REVISION as one of: %s\n", question->ask,
            question->values);
    return fettle_code_exit_status(FETTLE_E_ANSWER_NEEDED);
}

static int show_result(const fettle_job *job)
{
    const fettle_result *result = fettle_job_result(job);
    if (result->error != NULL) {
        return say(result->error);
    }
    printf("%s on %s: %s, proof: %s\n", result->name, result->path,
           fettle_outcome_name(result->outcome), fettle_proof_name(result->verified));
    printf("%lu transfers, %lu bytes out, %lu bytes in\n",
           (unsigned long)result->wire.transfers, (unsigned long)result->wire.bytes_out,
           (unsigned long)result->wire.bytes_in);
    return 0;
}

static int run(fettle_context *context, const fettle_image *image,
               const fettle_wishes *wishes)
{
    fettle_error err;
    fettle_job *job = fettle_job_new(context, FETTLE_VERB_UPDATE, image, wishes, &err);
    if (job == NULL) {
        return say(&err); /* refused by the file, tables and wishes: nothing was touched */
    }
    printf("%s\n", fettle_job_plan_text(job));

    int status;
    const fettle_question *question = fettle_job_question(job, 0);
    if (question != NULL) {
        status = refuse_question(question);
    } else {
        running = job;
        signal(SIGINT, on_interrupt);
        (void)fettle_job_run(job, on_event, NULL, &err);
        signal(SIGINT, SIG_DFL);
        running = NULL;
        status = show_result(job);
    }
    fettle_job_free(job);
    return status;
}

int main(int argc, char **argv)
{
    fettle_error err;
    fettle_wishes wishes;
    memset(&wishes, 0, sizeof wishes);

    if (argc < 2 || argc > 4 || strcmp(argv[1], "--help") == 0) {
        printf("usage: update FILE [BOARD [REVISION]]\n");
        return argc == 2 ? 0 : 2;
    }
    wishes.board = argc > 2 ? argv[2] : NULL;
    wishes.revision = argc > 3 ? argv[3] : NULL;
    wishes.wait =
        60 * SECOND; /* for a board that isn't there yet, and for a person's hand */

    fettle_image *image = fettle_image_load(argv[1], 0, &err);
    if (image == NULL) {
        return say(&err);
    }
    fettle_context *context = fettle_context_new(&err);
    bool is_ready = context != NULL && fettle_context_add_usb(context, &err);
    int status = is_ready ? run(context, image, &wishes) : say(&err);
    fettle_context_free(context);
    fettle_image_free(image);
    return status;
}
