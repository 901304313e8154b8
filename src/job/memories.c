/* SPDX-License-Identifier: Apache-2.0 */
#include "job/memories.h"

#include "base/text.h"

const fettle_dfu_quirks *fettle_job_quirks(const fettle_job_engine *job)
{
    const fettle_quirk_row *row =
        job->plan->row == &fettle_board_generic
            ? fettle_board_quirks_of(job->sight.id, job->sight.bcdDevice)
            : NULL;
    return row != NULL ? &row->dfu : &job->plan->row->dfu;
}

void fettle_job_memory_name(const fettle_job_engine *job, size_t index, char *text,
                            size_t size)
{
    fettle_memory_map map;
    fettle_error ignored;
    const char *told = job->has_names ? job->names.names[index] : "";
    (void)fettle_memory_map_parse(&map, told, &ignored);
    text[0] = '\0';
    if (map.name[0] != '\0') {
        fettle_text_append(text, size, map.name);
        return;
    }
    fettle_text_append(text, size, "memory ");
    fettle_text_append_number(text, size, job->interface->alternates[index]);
}

/* A number is a number first, and a name where no memory has it. */
static bool is_number_of_one(const fettle_job_engine *job, const char *wish, size_t *index)
{
    uint64_t number;
    if (!fettle_text_to_number(wish, &number)) {
        return false;
    }
    for (*index = 0; *index < job->interface->alternate_count; ++*index) {
        if (job->interface->alternates[*index] == number) {
            return true;
        }
    }
    return false;
}

bool fettle_job_needs_names(const fettle_job_engine *job)
{
    size_t index;
    const char *wish = job->plan->memory;
    bool is_name = wish[0] != '\0' && !is_number_of_one(job, wish, &index);
    return !job->has_names && (is_name || job->plan->kind == FETTLE_TASK_SURVEY);
}

static bool refuse(const fettle_job_engine *job, const char *wish, fettle_error *err)
{
    char list[200] = "", name[FETTLE_TEXT_SIZE];
    for (size_t i = 0; i < job->interface->alternate_count; i++) {
        fettle_job_memory_name(job, i, name, sizeof name);
        fettle_text_append(list, sizeof list, i > 0 ? ", " : "");
        fettle_text_append_number(list, sizeof list, job->interface->alternates[i]);
        fettle_text_append(list, sizeof list, " (");
        fettle_text_append(list, sizeof list, name);
        fettle_text_append(list, sizeof list, ")");
    }
    fettle_error_set(err, FETTLE_E_NO_SUCH_MEMORY,
                     &(fettle_words){.text = wish, .text2 = list});
    return false;
}

bool fettle_job_find_alternate(const fettle_job_engine *job, uint8_t alternate,
                               size_t *index, fettle_error *err)
{
    char text[8] = "";
    for (*index = 0; *index < job->interface->alternate_count; ++*index) {
        if (job->interface->alternates[*index] == alternate) {
            return true;
        }
    }
    fettle_text_append_number(text, sizeof text, alternate);
    return refuse(job, text, err);
}

bool fettle_job_find_memory(const fettle_job_engine *job, size_t *index, fettle_error *err)
{
    const char *wish = job->plan->memory;
    char name[FETTLE_TEXT_SIZE];
    size_t beginnings = 0;
    *index = 0;
    if (wish[0] == '\0' || is_number_of_one(job, wish, index)) {
        return true;
    }
    for (size_t i = 0; i < job->interface->alternate_count; i++) {
        const char *told = job->has_names ? job->names.names[i] : "";
        fettle_job_memory_name(job, i, name, sizeof name);
        if (fettle_text_is_same_word(name, wish) || fettle_text_is_same_word(told, wish)) {
            *index = i;
            return true;
        }
        if (fettle_text_begins_with(name, wish) || fettle_text_begins_with(told, wish)) {
            *index = i;
            beginnings++;
        }
    }
    return beginnings == 1 || refuse(job, wish, err);
}
