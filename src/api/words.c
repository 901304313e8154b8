/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of enumerators, as programs and people read them. They are part of the JSON and of the
 * command line: add, never change.
 */
#include "fettle/fettle.h"

#include "base/error.h"
#include "base/text.h"
#include "proto/dfu.h"

#define FETTLE_VERSION "0.1.0"

#define NAME_OF(names, value) \
    ((size_t)(value) < sizeof(names) / sizeof *(names) ? (names)[value] : "unknown")

const char *fettle_version(void)
{
    return FETTLE_VERSION;
}

const char *fettle_code_fault(fettle_code code)
{
    static const char *const names[] = {
        [FETTLE_WHOSE_YOU] = "you",           [FETTLE_WHOSE_FILE] = "file",
        [FETTLE_WHOSE_COMPUTER] = "computer", [FETTLE_WHOSE_CABLE] = "cable",
        [FETTLE_WHOSE_BOARD] = "board",       [FETTLE_WHOSE_US] = "us",
    };
    return NAME_OF(names, fettle_code_whose(code));
}

const char *fettle_stage_name(fettle_stage stage)
{
    static const char *const names[] = {
        [FETTLE_STAGE_NONE] = "none",       [FETTLE_STAGE_FIND] = "find",
        [FETTLE_STAGE_ENTER] = "enter",     [FETTLE_STAGE_BACKUP] = "backup",
        [FETTLE_STAGE_COMPARE] = "compare", [FETTLE_STAGE_ERASE] = "erase",
        [FETTLE_STAGE_WRITE] = "write",     [FETTLE_STAGE_VERIFY] = "verify",
        [FETTLE_STAGE_LEAVE] = "leave",     [FETTLE_STAGE_CONFIRM] = "confirm",
    };
    return NAME_OF(names, stage);
}

const char *fettle_mode_name(fettle_mode mode)
{
    static const char *const names[] = {
        [FETTLE_MODE_UNKNOWN] = "unknown", [FETTLE_MODE_APP] = "app",
        [FETTLE_MODE_DFU] = "dfu",         [FETTLE_MODE_ROM] = "rom",
        [FETTLE_MODE_STUB] = "stub",
    };
    return NAME_OF(names, mode);
}

const char *fettle_dfu_status_name(uint32_t bStatus)
{
    return fettle_dfu_bstatus_name(bStatus);
}

void fettle_text_to_show(char *buf, size_t size, const char *text)
{
    fettle_text_escape(buf, size, text);
}

const char *fettle_proof_name(fettle_proof proof)
{
    static const char *const names[] = {
        [FETTLE_PROOF_NONE] = "none",         [FETTLE_PROOF_VERSION] = "version",
        [FETTLE_PROOF_MANIFEST] = "manifest", [FETTLE_PROOF_HASH] = "hash",
        [FETTLE_PROOF_READBACK] = "readback",
    };
    return NAME_OF(names, proof);
}

const char *fettle_outcome_name(fettle_result_outcome outcome)
{
    static const char *const names[] = {
        [FETTLE_OUTCOME_NONE] = "none",
        [FETTLE_OUTCOME_UPDATED] = "updated",
        [FETTLE_OUTCOME_UNCHANGED] = "unchanged",
        [FETTLE_OUTCOME_WRITTEN] = "written",
        [FETTLE_OUTCOME_RESTORED] = "restored",
        [FETTLE_OUTCOME_PLANNED] = "planned",
        [FETTLE_OUTCOME_READ] = "read",
        [FETTLE_OUTCOME_VERIFIED] = "verified",
        [FETTLE_OUTCOME_RESET] = "reset",
        [FETTLE_OUTCOME_SURVEYED] = "surveyed",
        [FETTLE_OUTCOME_ERASED] = "erased",
        [FETTLE_OUTCOME_REFUSED] = "refused",
        [FETTLE_OUTCOME_FAILED] = "failed",
        [FETTLE_OUTCOME_INTERRUPTED] = "interrupted",
    };
    return NAME_OF(names, outcome);
}

const char *fettle_event_name(fettle_event_kind kind)
{
    static const char *const names[] = {
        [FETTLE_EVENT_PLAN] = "plan",
        [FETTLE_EVENT_STAGE] = "stage",
        [FETTLE_EVENT_PROGRESS] = "progress",
        [FETTLE_EVENT_ASK] = "ask",
        [FETTLE_EVENT_ASK_OVER] = "ask-over",
        [FETTLE_EVENT_NOTE] = "note",
        [FETTLE_EVENT_WIRE] = "wire",
        [FETTLE_EVENT_BOARD_LEFT] = "board-left",
        [FETTLE_EVENT_BOARD_BACK] = "board-back",
        [FETTLE_EVENT_DONE] = "done",
        [FETTLE_EVENT_FAILED] = "failed",
    };
    return NAME_OF(names, kind);
}
