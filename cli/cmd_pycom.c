/* SPDX-License-Identifier: Apache-2.0 */
/* `fettle pycom region [REGION]`: the LoRa region of a module, shown or set. */
#include "failure.h"
#include "jobs.h"
#include "text.h"

#include <string.h>

#define NAME "pycom"

const char cli_vendor_name[] = NAME;
const char cli_vendor_example[] = "fettle " NAME " region IN865 --board sim:lopy4+pytrack";

static const char verb[] = "region";

/* What is behind the first word; NULL: nothing. */
static const char *rest_of(const char *words)
{
    const char *rest = words + strcspn(words, " ");
    rest += strspn(rest, " ");
    return *rest != '\0' ? rest : NULL;
}

static bool take_words(cli_call *call, const char **region, fettle_error *err)
{
    char text[400];
    const cli_args *args = call->args;
    size_t length = strcspn(args->words, " ");
    if (length != sizeof verb - 1 || memcmp(args->words, verb, length) != 0) {
        return cli_fail_usage(err, "%s takes the word region, for example: %s",
                              args->command->name, args->command->example);
    }
    *region = rest_of(args->words);
    if (args->country == NULL) {
        return true;
    }
    if (*region != NULL) {
        return cli_fail_usage(err, "--country and a region can't both be meant");
    }
    if (!fettle_region_of_country(args->country, call->region, sizeof call->region, text,
                                  sizeof text)) {
        return cli_fail_usage(err, "--country %s: %s", args->country, text);
    }
    cli_ui_say(&call->ui, text);
    *region = call->region;
    return true;
}

static void take_region(cli_call *call, const char *region)
{
    if (region != call->region) {
        snprintf(call->region, sizeof call->region, "%s", region);
    }
}

/* ---- what came of it ---- */

static const char *region_words(const fettle_radio_view *radio)
{
    return radio->region[0] != '\0' ? radio->region : "not set";
}

static const char *radio_words(const fettle_radio_view *radio)
{
    return !radio->is_known  ? "; whether this module has LoRa nothing says"
           : radio->is_there ? "; this module has LoRa"
                             : "; this module has no LoRa";
}

static void say_region(const cli_call *call, const fettle_result *result)
{
    char line[FETTLE_TEXT_SIZE + FETTLE_PATH_SIZE + 160];
    const fettle_radio_view *radio = result->radio;
    cli_paper paper = cli_ui_stdout(&call->ui);
    if (radio == NULL) {
        snprintf(line, sizeof line,
                 "%s on %s: no module that is known; if it is one, name it with --module",
                 result->name, result->path);
    } else {
        snprintf(line, sizeof line, "%s on %s: LoRa region %s%s", result->name,
                 result->path, region_words(radio), radio_words(radio));
    }
    cli_text_wrap(&paper, "", "  ", line);
}

static void say_set(cli_call *call, const fettle_result *result)
{
    char line[FETTLE_TEXT_SIZE + FETTLE_PATH_SIZE + 160];
    const char *region = result->radio != NULL ? region_words(result->radio) : "";
    if (result->outcome == FETTLE_OUTCOME_PLANNED) {
        cli_ui_success(&call->ui, result, false, NULL);
        return;
    }
    snprintf(
        line, sizeof line,
        result->outcome == FETTLE_OUTCOME_UNCHANGED
            ? "%s on %s: the LoRa region was %s already; nothing was written."
            : "%s on %s: the LoRa region is %s now; the board's own hash of it agrees.",
        result->name, result->path, region);
    cli_ui_say(&call->ui, line);
}

static void say_end(cli_call *call, bool sets)
{
    const cli_args *args = call->args;
    for (size_t i = 0; i < call->target_count; i++) {
        const cli_target *target = &call->targets[i];
        if (!target->is_good) {
            continue;
        }
        if (sets) {
            say_set(call, fettle_job_result(target->job));
        } else if (!args->json && !args->events) {
            say_region(call, fettle_job_result(target->job));
        }
    }
}

int cli_vendor(cli_call *call)
{
    fettle_error err;
    const char *region = NULL;
    if (!take_words(call, &region, &err) || !cli_call_open(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    call->module = ""; /* of a shield with a module the module is meant */
    call->says_end = true;
    if (region == NULL) {
        cli_jobs_run(call, FETTLE_VERB_SURVEY);
    } else {
        take_region(call, region);
        cli_jobs_run(call, FETTLE_VERB_UPDATE);
    }
    say_end(call, region != NULL);
    return cli_jobs_end(call);
}
