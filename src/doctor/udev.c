/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What udev's rules would do with a device; see udev.h. The files are gone through rule by rule, and each
 * rule that holds acts on what is known: properties, tags, and the node. A rule that maybe holds makes
 * what it would set unsure; a later one that surely sets the same takes that back. A GOTO that
 * maybe jumps makes every rule up to its label one that maybe holds.
 */
#include "doctor/udev_walk.h"

#include "base/text.h"

#include <string.h>

/* The rule that hands the tag's devices to the person at the screen calls this. */
#define UACCESS "uaccess"

/* ---- what is kept ---- */

static void lose_track(fettle_udev_walk *walk)
{
    if (!walk->is_lost) {
        walk->unsure_from = walk->here;
    }
    walk->is_lost = true;
}

/* Copies a text into the pool. NULL: it is full. */
static const char *keep(fettle_udev_walk *walk, const char *text)
{
    size_t size = strlen(text) + 1;
    if (size > sizeof walk->pool - walk->pool_used) {
        return NULL;
    }
    char *copy = walk->pool + walk->pool_used;
    memcpy(copy, text, size);
    walk->pool_used += size;
    return copy;
}

static fettle_udev_variable *variable_named(fettle_udev_walk *walk, const char *name)
{
    for (size_t i = 0; i < walk->variable_count; i++) {
        if (fettle_text_is_equal(walk->variables[i].name, name)) {
            return &walk->variables[i];
        }
    }
    const char *kept =
        walk->variable_count < FETTLE_UDEV_VARIABLES_MAX ? keep(walk, name) : NULL;
    if (kept == NULL) {
        return NULL;
    }
    walk->variables[walk->variable_count] = (fettle_udev_variable){.name = kept};
    return &walk->variables[walk->variable_count++];
}

/* `value` NULL: nobody knows. Where there is no room for it, nothing is known any more. */
static void set_variable(fettle_udev_walk *walk, const char *name, const char *value)
{
    fettle_udev_variable *variable = variable_named(walk, name);
    if (variable == NULL) {
        walk->is_open = true;
        return;
    }
    bool is_same = value != NULL && variable->value != NULL &&
                   fettle_text_is_equal(variable->value, value);
    if (!is_same) {
        variable->value = value != NULL ? keep(walk, value) : NULL;
    }
}

static fettle_udev_tag *tag_named(fettle_udev_walk *walk, const char *name)
{
    for (size_t i = 0; i < walk->tag_count; i++) {
        if (fettle_text_is_equal(walk->tags[i].name, name)) {
            return &walk->tags[i];
        }
    }
    const char *kept = walk->tag_count < FETTLE_UDEV_TAGS_MAX ? keep(walk, name) : NULL;
    if (kept == NULL) {
        return NULL;
    }
    walk->tags[walk->tag_count] = (fettle_udev_tag){.name = kept};
    return &walk->tags[walk->tag_count++];
}

/* ---- words in values ---- */

/* A value with one of these is made when the rule acts, of what isn't known here. */
static bool is_made_up_later(const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '$' || *value == '%') {
            return true;
        }
    }
    return false;
}

/* The first word of a command, without folders. Cut where too long: then it is none that is known. */
static void name_of_command(char *buf, size_t size, const char *command)
{
    size_t start = 0, end = 0;
    while (command[end] != '\0' && command[end] != ' ') {
        start = command[end] == '/' ? end + 1 : start;
        end++;
    }
    buf[0] = '\0';
    (void)fettle_text_append_part(buf, size, command + start, end - start);
}

static bool contains(const char *text, const char *part)
{
    size_t length = strlen(part);
    for (size_t left = strlen(text); left >= length; left--, text++) {
        if (memcmp(text, part, length) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- PROGRAM, IMPORT and RESULT: conditions that do something ---- */

/*
 * The answer of programs that is known for a board in update mode. mtp-probe looks for media players, on
 * nearly every desktop, at nearly every device.
 */
static const struct {
    const char *program, *answer;
} answers[] = {
    {"mtp-probe", "0"},
};

static fettle_truth run_program(fettle_udev_walk *walk, const fettle_udev_part *part)
{
    char name[FETTLE_UDEV_NAME_SIZE];
    name_of_command(name, sizeof name, part->value);
    walk->result = NULL;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (fettle_text_is_equal(answers[i].program, name)) {
            walk->result = answers[i].answer;
            return FETTLE_TRUTH_YES;
        }
    }
    return FETTLE_TRUTH_MAYBE;
}

static bool has_from_hwdb(const fettle_udev_device *device)
{
    for (size_t i = 0; i < device->property_count; i++) {
        if (device->properties[i].origin == FETTLE_UDEV_FROM_HWDB) {
            return true;
        }
    }
    return false;
}

/* What the builtin finds of this device; MAYBE also where another udev may not know it. */
static fettle_truth import_builtin(fettle_udev_walk *walk, const char *command,
                                   fettle_truth is_run)
{
    char name[FETTLE_UDEV_NAME_SIZE];
    name_of_command(name, sizeof name, command);
    if (fettle_text_is_equal(name, "usb_id")) {
        walk->has_usb_id = fettle_truth_or(walk->has_usb_id, is_run);
        return FETTLE_TRUTH_YES;
    }
    if (fettle_text_is_equal(name, "hwdb")) {
        walk->has_hwdb = fettle_truth_or(walk->has_hwdb, is_run);
        walk->is_open = walk->is_open || walk->device->may_be_in_hwdb;
        /* Names of makers are there for many, and weren't asked for. */
        return has_from_hwdb(walk->device) ? FETTLE_TRUTH_YES : FETTLE_TRUTH_MAYBE;
    }
    if (fettle_text_is_equal(name, "path_id")) {
        set_variable(walk, "ID_PATH", NULL);
        set_variable(walk, "ID_PATH_TAG", NULL);
        return FETTLE_TRUTH_YES;
    }
    walk->is_open = true;
    return FETTLE_TRUTH_MAYBE;
}

static fettle_truth import(fettle_udev_walk *walk, const fettle_udev_part *part,
                           fettle_truth is_run)
{
    if (fettle_text_is_equal(part->name, "builtin")) {
        return import_builtin(walk, part->value, is_run);
    }
    /* A hub's properties hand on a seat or a loop's mark; none that rules give access for. */
    bool is_parent = fettle_text_is_equal(part->name, "parent");
    bool is_one = is_parent || fettle_text_is_equal(part->name, "cmdline") ||
                  fettle_text_is_equal(part->name, "db");
    if (is_one && (is_parent || !fettle_udev_is_glob(part->value))) {
        set_variable(walk, part->value, NULL);
    } else {
        walk->is_open = true;
    }
    return FETTLE_TRUTH_MAYBE;
}

/* In udev's order: all other conditions, PROGRAM, IMPORT, RESULT; each only if those before hold. */
static fettle_truth ask_programs(fettle_udev_walk *walk, fettle_truth holds)
{
    static const fettle_udev_key order[] = {FETTLE_UDEV_PROGRAM, FETTLE_UDEV_IMPORT,
                                            FETTLE_UDEV_RESULT};
    const fettle_udev_rule *rule = &walk->rule;
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
        for (size_t i = 0; i < rule->part_count && holds != FETTLE_TRUTH_NO; i++) {
            const fettle_udev_part *part = &rule->parts[i];
            if (part->key != order[k]) {
                continue;
            }
            fettle_truth one = part->key == FETTLE_UDEV_PROGRAM ? run_program(walk, part)
                               : part->key == FETTLE_UDEV_IMPORT
                                   ? import(walk, part, holds)
                                   : fettle_udev_part_fits(part, walk->result);
            bool is_turned =
                part->key != FETTLE_UDEV_RESULT && part->relation == FETTLE_UDEV_DIFFERENT;
            holds = fettle_truth_and(holds, is_turned ? fettle_truth_not(one) : one);
        }
    }
    return holds;
}

/* ---- actions ---- */

static void make_final(fettle_udev_setting *setting, const fettle_udev_part *part,
                       fettle_truth holds)
{
    if (part->relation == FETTLE_UDEV_SET_FOR_ALL) {
        setting->is_final = fettle_truth_or(setting->is_final, holds);
    }
}

static void set(fettle_udev_walk *walk, fettle_udev_setting *setting, const char *value,
                const fettle_udev_part *part, fettle_truth holds)
{
    if (setting->is_final == FETTLE_TRUTH_YES) {
        return;
    }
    if (setting->is_final == FETTLE_TRUTH_MAYBE) {
        holds = fettle_truth_and(holds, FETTLE_TRUTH_MAYBE);
    }
    bool is_kept = value != NULL && strlen(value) < sizeof setting->value;
    bool is_same = is_kept && fettle_text_is_equal(setting->value, value);
    if (holds == FETTLE_TRUTH_YES && is_kept) {
        setting->value[0] = '\0';
        fettle_text_append(setting->value, sizeof setting->value, value);
        setting->from = walk->here;
        setting->is_unsure = false;
    } else if (!is_same && !setting->is_unsure) {
        setting->is_unsure = true;
        walk->unsure_from = walk->is_lost ? walk->unsure_from : walk->here;
    }
    make_final(setting, part, holds);
}

/* Octal. udev ignores what isn't, but keeps to its being the last word. */
static void set_mode(fettle_udev_walk *walk, const fettle_udev_part *part,
                     fettle_truth holds)
{
    if (is_made_up_later(part->value)) {
        set(walk, &walk->mode, NULL, part, holds);
        return;
    }
    const char *at = part->value;
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    unsigned mode = 0;
    const char *first = at;
    for (; *at >= '0' && *at <= '7' && mode < 010000; at++) {
        mode = mode * 8 + (unsigned)(*at - '0');
    }
    if (at == first || *at != '\0' || mode > 07777) {
        make_final(&walk->mode, part, holds);
        return;
    }
    char text[5] = {(char)('0' + (mode >> 9 & 7)), (char)('0' + (mode >> 6 & 7)),
                    (char)('0' + (mode >> 3 & 7)), (char)('0' + (mode & 7)), '\0'};
    set(walk, &walk->mode, text, part, holds);
}

static void set_person(fettle_udev_walk *walk, fettle_udev_setting *setting,
                       const fettle_udev_part *part,
                       fettle_truth (*has)(void *self, const char *name),
                       fettle_truth holds)
{
    if (is_made_up_later(part->value)) {
        set(walk, setting, NULL, part, holds);
        return;
    }
    fettle_truth exists = FETTLE_TRUTH_YES;
    uint64_t number;
    if (has != NULL && !fettle_text_to_number(part->value, &number)) {
        exists = has(walk->names->self, part->value);
    }
    if (exists != FETTLE_TRUTH_NO) {
        set(walk, setting, part->value, part, fettle_truth_and(holds, exists));
    }
    if (exists != FETTLE_TRUTH_YES) {
        /* Without effect, says its log; in truth udev 252 takes an earlier name back. */
        set(walk, setting, "", part, fettle_truth_and(holds, FETTLE_TRUTH_MAYBE));
    }
}

static void set_property(fettle_udev_walk *walk, const fettle_udev_part *part,
                         fettle_truth holds)
{
    bool is_certain = holds == FETTLE_TRUTH_YES && part->relation != FETTLE_UDEV_ADD &&
                      !is_made_up_later(part->value);
    set_variable(walk, part->name, is_certain ? part->value : NULL);
}

/*
 * A tag that is made of a property is some seat's name, never "uaccess": no rule hands that on, and
 * taking it for possible would make every device unsure.
 */
static void set_tag(fettle_udev_walk *walk, const fettle_udev_part *part,
                    fettle_truth holds)
{
    if (part->relation == FETTLE_UDEV_SET || part->relation == FETTLE_UDEV_SET_FOR_ALL) {
        for (size_t i = 0; i < walk->tag_count; i++) {
            walk->tags[i].is_set =
                fettle_truth_and(walk->tags[i].is_set, fettle_truth_not(holds));
        }
    }
    if (is_made_up_later(part->value)) {
        return;
    }
    fettle_udev_tag *tag = tag_named(walk, part->value);
    if (tag == NULL) {
        lose_track(walk);
        return;
    }
    if (part->relation == FETTLE_UDEV_REMOVE) {
        tag->is_set = fettle_truth_and(tag->is_set, fettle_truth_not(holds));
    } else if (tag->is_set < holds) {
        tag->is_set = holds;
        tag->from = walk->here;
    }
}

/* Programs that are run for every USB device on many computers, and let nobody in. */
static bool is_harmless(const char *program)
{
    static const char *const programs[] = {"lmt-udev", "snap-device-helper", "tlp-usb-udev",
                                           "usb_modeswitch"};
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        if (fettle_text_is_equal(programs[i], program)) {
            return true;
        }
    }
    return false;
}

/*
 * Where the tag came from that this rule looks at; else the rule itself. elogind, without systemd, calls a
 * program of a similar name.
 */
static void add_command(fettle_udev_walk *walk, const fettle_udev_part *part,
                        fettle_truth holds)
{
    char name[FETTLE_UDEV_NAME_SIZE];
    if (walk->run_is_final == FETTLE_TRUTH_YES) {
        return;
    }
    if (walk->run_is_final == FETTLE_TRUTH_MAYBE) {
        holds = fettle_truth_and(holds, FETTLE_TRUTH_MAYBE);
    }
    if (part->relation != FETTLE_UDEV_ADD) { /* takes away what was to be run */
        walk->runs_uaccess = fettle_truth_and(walk->runs_uaccess, fettle_truth_not(holds));
        walk->runs_programs =
            fettle_truth_and(walk->runs_programs, fettle_truth_not(holds));
    }
    if (part->relation == FETTLE_UDEV_SET_FOR_ALL) {
        walk->run_is_final = fettle_truth_or(walk->run_is_final, holds);
    }
    name_of_command(name, sizeof name, part->value);
    bool is_uaccess = contains(name, UACCESS);
    if (name[0] != '\0' && !is_uaccess && !fettle_text_is_equal(part->name, "builtin") &&
        !is_harmless(name)) {
        walk->runs_programs = fettle_truth_or(walk->runs_programs, holds);
    }
    if (!is_uaccess || walk->runs_uaccess >= holds) {
        return;
    }
    walk->runs_uaccess = holds;
    walk->uaccess_from = walk->here;
    for (size_t i = 0; i < walk->tag_count; i++) {
        if (fettle_text_is_equal(walk->tags[i].name, UACCESS)) {
            walk->uaccess_from = walk->tags[i].from;
        }
    }
}

static void act(fettle_udev_walk *walk, const fettle_udev_part *part, fettle_truth holds)
{
    if (part->relation == FETTLE_UDEV_EQUAL || part->relation == FETTLE_UDEV_DIFFERENT) {
        return;
    }
    switch (part->key) {
    case FETTLE_UDEV_MODE:
        set_mode(walk, part, holds);
        break;
    case FETTLE_UDEV_OWNER:
        set_person(walk, &walk->owner, part, walk->names->has_user, holds);
        break;
    case FETTLE_UDEV_GROUP:
        set_person(walk, &walk->group, part, walk->names->has_group, holds);
        break;
    case FETTLE_UDEV_ENV:
        set_property(walk, part, holds);
        break;
    case FETTLE_UDEV_TAG:
        set_tag(walk, part, holds);
        break;
    case FETTLE_UDEV_RUN:
        add_command(walk, part, holds);
        break;
    default:
        break; /* links, attributes, options: they let nobody in */
    }
}

/* ---- from rule to rule ---- */

/* A cut line ends the walk's certainty, as does one more read than work was allowed for. */
static bool read_rule(fettle_udev_walk *walk, fettle_span text, fettle_udev_place *place)
{
    size_t before = place->offset;
    bool is_there = fettle_udev_rule_read(&walk->rule, text, place);
    size_t size = place->offset - before;
    if (size > walk->budget) {
        lose_track(walk);
        return false;
    }
    walk->budget -= size;
    return is_there;
}

/* Of two in one rule the first GOTO counts, and the last LABEL. */
static const char *value_of(const fettle_udev_rule *rule, fettle_udev_key key)
{
    const char *value = NULL;
    for (size_t i = 0; i < rule->part_count; i++) {
        if (rule->parts[i].key == key && (value == NULL || key == FETTLE_UDEV_LABEL)) {
            value = rule->parts[i].value;
        }
    }
    return value;
}

static bool has_label(const fettle_udev_rule *rule, const char *label)
{
    const char *value = rule->is_ignored ? NULL : value_of(rule, FETTLE_UDEV_LABEL);
    return value != NULL && fettle_text_is_equal(value, label);
}

/* Looks for the label behind `place`; on true `place` is before its rule. Overwrites walk->rule. */
static bool find_label(fettle_udev_walk *walk, fettle_span text, fettle_udev_place *place,
                       const char *label)
{
    fettle_udev_place at = *place, before = at;
    while (read_rule(walk, text, &at)) {
        if (has_label(&walk->rule, label)) {
            if (walk->rule.is_doubtful) {
                lose_track(
                    walk); /* another udev may find the label elsewhere, or nowhere */
            }
            *place = before;
            return true;
        }
        before = at;
    }
    return false;
}

/* udev ignores a GOTO without a label further down. */
static void follow_goto(fettle_udev_walk *walk, fettle_span text, fettle_udev_place *place,
                        fettle_truth holds)
{
    const char *value = value_of(&walk->rule, FETTLE_UDEV_GOTO);
    if (value == NULL || holds == FETTLE_TRUTH_NO) {
        return;
    }
    if (strlen(value) >= FETTLE_UDEV_NAME_SIZE) {
        lose_track(walk);
        return;
    }
    char label[FETTLE_UDEV_NAME_SIZE] = "";
    fettle_text_append(label, sizeof label, value);
    fettle_udev_place there = *place;
    if (!find_label(walk, text, &there, label)) {
        return;
    }
    if (holds == FETTLE_TRUTH_YES) {
        *place = there;
    } else if (walk->label_count < FETTLE_UDEV_LABELS_MAX) {
        memcpy(walk->labels[walk->label_count++], label, sizeof label);
    } else {
        lose_track(walk);
    }
}

/* Whoever may have jumped to one of this rule's labels has come together with who didn't. */
static void reach_labels(fettle_udev_walk *walk)
{
    for (size_t i = 0; i < walk->label_count;) {
        if (has_label(&walk->rule, walk->labels[i])) {
            walk->label_count--;
            memmove(walk->labels[i], walk->labels[walk->label_count],
                    sizeof walk->labels[i]);
        } else {
            i++;
        }
    }
}

static void obey(fettle_udev_walk *walk, fettle_span text, fettle_udev_place *place)
{
    const fettle_udev_rule *rule = &walk->rule;
    if (rule->is_cut) {
        lose_track(walk);
    }
    if (rule->is_cut || rule->is_ignored) {
        return;
    }
    reach_labels(walk);
    fettle_truth holds = fettle_udev_walk_holds(walk);
    if (walk->label_count > 0) {
        holds = fettle_truth_and(holds, FETTLE_TRUTH_MAYBE);
    }
    holds = ask_programs(walk, holds);
    for (size_t i = 0; i < rule->part_count && holds != FETTLE_TRUTH_NO; i++) {
        act(walk, &rule->parts[i], holds);
    }
    follow_goto(walk, text, place, holds);
}

static void obey_file(fettle_udev_walk *walk, const fettle_udev_file *file)
{
    fettle_udev_place place = {0};
    walk->here = (fettle_udev_source){file->name, 0};
    while (read_rule(walk, file->text, &place)) {
        walk->here.line = walk->rule.line;
        obey(walk, file->text, &place);
    }
    walk->label_count = 0; /* no GOTO leaves its file */
}

/* ---- the answer ---- */

static bool is_root(const char *name)
{
    return name[0] == '\0' || fettle_text_is_equal(name, "root") ||
           fettle_text_is_equal(name, "0");
}

/* A node that no rule gives a mode has 0600, or 0660 if one gave it a group; as udevd does it. */
static unsigned mode_of(const fettle_udev_walk *walk)
{
    unsigned mode = 0;
    for (const char *at = walk->mode.value; *at != '\0'; at++) {
        mode = mode * 8 + (unsigned)(*at - '0');
    }
    if (walk->mode.value[0] == '\0') {
        mode = is_root(walk->group.value) ? 0600 : 0660;
    }
    return mode;
}

static void name_person(char name[FETTLE_UDEV_NAME_SIZE],
                        const fettle_udev_setting *setting)
{
    name[0] = '\0';
    fettle_text_append(name, FETTLE_UDEV_NAME_SIZE,
                       is_root(setting->value) ? "root" : setting->value);
}

static void conclude(const fettle_udev_walk *walk, fettle_udev_answer *answer)
{
    *answer = (fettle_udev_answer){
        .mode = mode_of(walk),
        .has_uaccess = walk->runs_uaccess == FETTLE_TRUTH_YES,
        .runs_programs = walk->runs_programs != FETTLE_TRUTH_NO,
        .is_unsure = walk->is_lost || walk->mode.is_unsure || walk->owner.is_unsure ||
                     walk->group.is_unsure || walk->runs_uaccess == FETTLE_TRUTH_MAYBE,
        .mode_from = walk->mode.from,
        .owner_from = walk->owner.from,
        .group_from = walk->group.from,
        .uaccess_from = walk->uaccess_from,
    };
    name_person(answer->owner, &walk->owner);
    name_person(answer->group, &walk->group);
    if (answer->is_unsure) {
        answer->unsure_from =
            walk->unsure_from.file != NULL ? walk->unsure_from : walk->uaccess_from;
    }
}

void fettle_udev_evaluate(const fettle_udev_file *files, size_t file_count,
                          const fettle_udev_device *device, const fettle_udev_names *names,
                          fettle_udev_answer *answer)
{
    /* Each rule is read once, and once more for each label looked for before it. */
    enum { READINGS = 8, AT_LEAST = 65536 };
    static const fettle_udev_names all_exist = {0};
    fettle_udev_walk walk;
    memset(&walk, 0, sizeof walk);
    walk.device = device;
    walk.names = names != NULL ? names : &all_exist;
    walk.result = "";
    walk.budget = AT_LEAST;
    for (size_t i = 0; i < file_count; i++) {
        walk.budget += files[i].text.size * READINGS;
    }
    for (size_t i = 0; i < file_count; i++) {
        obey_file(&walk, &files[i]);
    }
    conclude(&walk, answer);
}
