/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a job ends, in words: what was reached and by which proof, or why not and what to do next; and
 * the questions before it begins. See ui.h. A success has no word of failure in it; a failure after
 * a proven write says that the write is proven.
 */
#include "ui.h"

#include "failure.h"
#include "system.h"

#include <stdlib.h>
#include <string.h>

/* ---- success ---- */

static bool has_note(const fettle_result *result, const char *slug)
{
    for (size_t i = 0; i < result->note_count; i++) {
        if (strcmp(result->notes[i].slug, slug) == 0) {
            return true;
        }
    }
    return false;
}

static const char *proof_words(fettle_proof proof)
{
    switch (proof) {
    case FETTLE_PROOF_READBACK:
        return "read back and compared with the file";
    case FETTLE_PROOF_HASH:
        return "the board's own hash of it agrees";
    case FETTLE_PROOF_MANIFEST:
        return "the board checked the whole and took it";
    case FETTLE_PROOF_VERSION:
        return "its application says the new version";
    case FETTLE_PROOF_NONE:
        break;
    }
    return "nothing proves what its memory holds";
}

static void describe_success(char *buf, size_t size, const char *board,
                             const fettle_result *result, bool was_not_to_verify,
                             const char *file)
{
    const char *proof = proof_words(result->verified);
    switch (result->outcome) {
    case FETTLE_OUTCOME_UPDATED:
        snprintf(buf, size, "%s updated; %s.", board, proof);
        break;
    case FETTLE_OUTCOME_RESTORED:
        snprintf(buf, size, "%s restored; %s.", board, proof);
        break;
    case FETTLE_OUTCOME_UNCHANGED:
        snprintf(buf, size, "%s had this firmware already; %s. Nothing was written.", board,
                 proof);
        break;
    case FETTLE_OUTCOME_WRITTEN:
        snprintf(buf, size, "%s written; %s.", board,
                 was_not_to_verify ? "not read back, as you asked" : proof);
        break;
    case FETTLE_OUTCOME_PLANNED:
        snprintf(buf, size, "This was a rehearsal: nothing on %s was changed.", board);
        break;
    case FETTLE_OUTCOME_READ:
        snprintf(buf, size, "%s read: %zu bytes%s%s.", board, result->data.size,
                 file != NULL ? " are in " : "", file != NULL ? file : "");
        break;
    case FETTLE_OUTCOME_VERIFIED:
        snprintf(buf, size, "%s holds this file; %s.", board, proof);
        break;
    case FETTLE_OUTCOME_RESET:
        snprintf(buf, size,
                 has_note(result, "already-there") ? "%s is %s."
                                                   : "%s was restarted and is %s.",
                 board,
                 result->mode == FETTLE_MODE_APP   ? "in its application"
                 : result->mode == FETTLE_MODE_DFU ? "in update mode"
                 : result->mode == FETTLE_MODE_ROM ? "in its loader"
                                                   : "on its way up");
        break;
    case FETTLE_OUTCOME_ERASED:
        snprintf(buf, size, "%s erased; %s.", board,
                 has_note(result, "credentials-kept") &&
                         result->verified == FETTLE_PROOF_HASH
                     ? "the board's own hash says that all but its config block is blank"
                 : result->verified == FETTLE_PROOF_READBACK
                     ? "every byte was read back and is blank"
                 : result->verified == FETTLE_PROOF_HASH
                     ? "the board's own hash says that every byte is blank"
                     : "without proof that every byte is blank");
        break;
    case FETTLE_OUTCOME_SURVEYED:
        snprintf(buf, size, "%s was asked what it is.", board);
        break;
    case FETTLE_OUTCOME_NONE:
    case FETTLE_OUTCOME_REFUSED:
    case FETTLE_OUTCOME_FAILED:
    case FETTLE_OUTCOME_INTERRUPTED:
        snprintf(buf, size, "%s: done.", board);
        break;
    }
}

void cli_ui_success(cli_ui *ui, const fettle_result *result, bool was_not_to_verify,
                    const char *file)
{
    if (ui->is_quiet) {
        return;
    }
    char board[FETTLE_TEXT_SIZE + FETTLE_PATH_SIZE + 8];
    char line[sizeof board + CLI_PATH_ROOM + 160];
    const char *name = result->name[0] != '\0' ? result->name : "the board";
    if (result->path[0] != '\0') {
        snprintf(board, sizeof board, "%s on %s", name, result->path);
    } else {
        snprintf(board, sizeof board, "%s", name);
    }
    cli_ui_clear_line(ui);
    describe_success(line, sizeof line, board, result, was_not_to_verify, file);
    cli_ui_colour(ui, "32");
    cli_text_wrap(&ui->paper,
                  ui->paper.has_utf8 ? "✔ " : "ok: ", ui->paper.has_utf8 ? "  " : "    ",
                  line);
    cli_ui_colour(ui, "0");
}

/* ---- failure ---- */

static void write_details(cli_ui *ui, const fettle_error *err)
{
    char line[256];
    if (err->system != 0) {
        snprintf(line, sizeof line, "system code %ld", err->system);
        cli_text_wrap(&ui->paper, "  ", "  ", line);
    }
    if (err->device_kind == FETTLE_STATUS_DFU) {
        const char *name = fettle_dfu_status_name(err->device);
        snprintf(line, sizeof line, "bStatus 0x%02x (%s), bState %u", (unsigned)err->device,
                 name != NULL ? name : "not in the specification",
                 (unsigned)err->device_state);
        cli_text_wrap(&ui->paper, "  ", "  ", line);
    }
    if (err->evidence[0] != '\0') {
        snprintf(line, sizeof line, "last seen: %s", err->evidence);
        cli_text_wrap(&ui->paper, "  ", "  ", line);
    }
}

void cli_ui_failure(cli_ui *ui, const fettle_error *err, const fettle_result *result)
{
    char line[128];
    cli_ui_clear_line(ui);
    cli_ui_colour(ui, "1;31");
    cli_text_wrap(&ui->paper, "fettle: ", "  ", err->message);
    cli_ui_colour(ui, "0");
    if (result != NULL && result->verified != FETTLE_PROOF_NONE &&
        err->code == FETTLE_E_APPLICATION_MISSING) {
        snprintf(line, sizeof line, "What was written is right: %s.",
                 proof_words(result->verified));
        cli_text_wrap(&ui->paper, "  ", "  ", line);
    }
    if (err->hint != NULL) {
        char hint[CLI_HINT_ROOM];
        cli_hint_to_show(hint, err->hint);
        cli_text_wrap(&ui->paper, "  ", "  ", hint);
    }
    if (ui->verbose > 0) {
        write_details(ui, err);
    }
    snprintf(line, sizeof line, "more: fettle explain %s", fettle_code_slug(err->code));
    cli_text_wrap(&ui->paper, "  ", "  ", line);
}

/* ---- questions ---- */

static void write_question(cli_ui *ui, const fettle_question *question)
{
    char line[512];
    fputc('\n', ui->paper.out);
    cli_ui_colour(ui, "1");
    cli_text_wrap(&ui->paper, "  ", "  ", question->ask);
    cli_ui_colour(ui, "0");
    snprintf(line, sizeof line, "one of: %s", question->values);
    cli_text_wrap(&ui->paper, "    ", "    ", line);
    if (question->remembered != NULL) {
        snprintf(line, sizeof line, "last time it was %s; please look at the board again",
                 question->remembered);
        cli_text_wrap(&ui->paper, "    ", "    ", line);
    }
}

/* One line from the person, without its end. False: there is none. */
static bool read_answer(cli_ui *ui, char *buf, size_t size)
{
    fputs("  > ", ui->paper.out);
    fflush(ui->paper.out);
    if (!cli_system_wait_for_input() || fgets(buf, (int)size, stdin) == NULL) {
        fputc('\n', ui->paper.out);
        return false;
    }
    size_t end = strcspn(buf, "\r\n");
    while (end > 0 && buf[end - 1] == ' ') {
        end--;
    }
    buf[end] = '\0';
    size_t begin = strspn(buf, " ");
    memmove(buf, buf + begin, end - begin + 1);
    return true;
}

static bool ask_one(cli_ui *ui, fettle_job *job, const fettle_question *question)
{
    enum {
        TRIES = 3,
    };
    char option[64], answer[128];
    snprintf(option, sizeof option, "%s", question->option);
    write_question(ui, question);
    for (int i = 0; i < TRIES && !cli_system_was_interrupted(); i++) {
        fettle_error err;
        if (!read_answer(ui, answer, sizeof answer)) {
            return false;
        }
        if (fettle_job_answer(job, option, answer, &err)) {
            return true;
        }
        char line[sizeof err.message];
        if (err.code == FETTLE_E_ANSWER_NEEDED) {
            snprintf(line, sizeof line, "It has to be one of: %s", question->values);
        } else { /* one of them, but the board or the file says otherwise */
            snprintf(line, sizeof line, "%s", err.message);
        }
        cli_text_wrap(&ui->paper, "    ", "    ", line);
    }
    return false;
}

bool cli_ui_confirm(cli_ui *ui, const char *question)
{
    char line[640], answer[16];
    cli_ui_clear_line(ui);
    snprintf(line, sizeof line, "%s [y/N]", question);
    cli_text_wrap(&ui->paper, "", "  ", line);
    return read_answer(ui, answer, sizeof answer) &&
           (strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 ||
            strcmp(answer, "yes") == 0);
}

void cli_ui_ask_questions(cli_ui *ui, fettle_job *job)
{
    enum {
        MOST_QUESTIONS = 16,
    };
    if (!ui->can_ask) {
        return;
    }
    for (int i = 0; i < MOST_QUESTIONS; i++) {
        const fettle_question *question =
            fettle_job_question(job, 0); /* answered ones are gone */
        if (question == NULL || !ask_one(ui, job, question)) {
            return;
        }
    }
}
