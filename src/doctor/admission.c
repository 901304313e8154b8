/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Will this person be let in? See admission.h. The kernel's order: the owner's bits count for the owner,
 * else an ACL entry for the person, else the group's bits for who is in it, else everybody's. To
 * open a USB device for more than looking, reading and writing must both be allowed.
 */
#include "doctor/admission.h"

#include "base/text.h"

#include <string.h>

enum {
    READ_WRITE = 06,
    GROUP_SHIFT = 3,
    OWNER_SHIFT = 6,
    SYSTEM_IDS_MAX = 999, /* SYS_GID_MAX of login.defs(5) */
};

/* ---- passwd(5) and group(5) ---- */

/* One field of a line, between colons. */
static fettle_span field_of(fettle_span line, size_t index)
{
    size_t start = 0;
    for (; index > 0 && start < line.size; start++) {
        index -= line.data[start] == ':';
    }
    size_t end = start;
    while (end < line.size && line.data[end] != ':') {
        end++;
    }
    return (fettle_span){line.data + start, index == 0 ? end - start : 0};
}

static bool is_text(fettle_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
}

static bool to_id(fettle_span span, uint32_t *id)
{
    char text[16] = "";
    uint64_t number;
    if (span.size == 0 || span.size >= sizeof text) {
        return false;
    }
    memcpy(text, span.data, span.size);
    if (!fettle_text_to_number(text, &number) || number > UINT32_MAX) {
        return false;
    }
    *id = (uint32_t)number;
    return true;
}

static bool next_line(fettle_span text, size_t *offset, fettle_span *line)
{
    if (*offset >= text.size) {
        return false;
    }
    size_t end = *offset;
    while (end < text.size && text.data[end] != '\n') {
        end++;
    }
    *line = (fettle_span){text.data + *offset, end - *offset};
    *offset = end + 1;
    return true;
}

/* Both files have the name first and the number third. */
static bool find_name(const fettle_span texts[2], const char *name, fettle_span *found)
{
    for (size_t i = 0; i < 2; i++) {
        size_t offset = 0;
        while (next_line(texts[i], &offset, found)) {
            if (is_text(field_of(*found, 0), name)) {
                return true;
            }
        }
    }
    return false;
}

static bool find_id(const fettle_span texts[2], uint32_t id, fettle_span *found)
{
    for (size_t i = 0; i < 2; i++) {
        size_t offset = 0;
        uint32_t one;
        while (next_line(texts[i], &offset, found)) {
            if (to_id(field_of(*found, 2), &one) && one == id) {
                return true;
            }
        }
    }
    return false;
}

static bool to_number(const fettle_span texts[2], const char *name, uint32_t *id)
{
    fettle_span line;
    uint64_t number;
    if (fettle_text_to_number(name, &number) && number <= UINT32_MAX) {
        *id = (uint32_t)number;
        return true;
    }
    return find_name(texts, name, &line) && to_id(field_of(line, 2), id);
}

/* udev from 258 on ignores users and groups that aren't the system's. */
static fettle_truth has_name(const fettle_span texts[2], const char *name)
{
    uint32_t id;
    if (!to_number(texts, name, &id)) {
        return FETTLE_TRUTH_NO;
    }
    return id <= SYSTEM_IDS_MAX ? FETTLE_TRUTH_YES : FETTLE_TRUTH_MAYBE;
}

/* The files, and who asks. */
typedef struct knowledge {
    const fettle_admission_names *names;
    const fettle_admission_person *person;
} knowledge;

static fettle_truth has_user(void *self, const char *name)
{
    const knowledge *known = self;
    return has_name(known->names->users, name);
}

/* Is the person in a group that the files don't have? Then it is some directory's (LDAP, SSSD), as may others be. */
static bool has_groups_from_elsewhere(const knowledge *known)
{
    fettle_span line;
    uint32_t own = 0;
    bool has_own = find_id(known->names->users, known->person->uid, &line) &&
                   to_id(field_of(line, 3), &own);
    for (size_t i = 0; i < known->person->group_count; i++) {
        uint32_t gid = known->person->groups[i];
        if (!find_id(known->names->groups, gid, &line) && !(has_own && gid == own)) {
            return true;
        }
    }
    return false;
}

static fettle_truth has_group(void *self, const char *name)
{
    const knowledge *known = self;
    fettle_truth has = has_name(known->names->groups, name);
    return has == FETTLE_TRUTH_NO && has_groups_from_elsewhere(known) ? FETTLE_TRUTH_MAYBE
                                                                      : has;
}

/* Is the user among the members that the group's line names? */
static bool has_member(fettle_span members, fettle_span user)
{
    for (size_t start = 0; start < members.size;) {
        size_t end = start;
        while (end < members.size && members.data[end] != ',') {
            end++;
        }
        if (user.size > 0 && end - start == user.size &&
            memcmp(members.data + start, user.data, user.size) == 0) {
            return true;
        }
        start = end + 1;
    }
    return false;
}

/* Whether the files have the person in the group: then the next login has it. */
static bool is_member_by_files(const fettle_admission_names *names, uint32_t uid,
                               uint32_t gid)
{
    fettle_span user, group;
    uint32_t first;
    if (!find_id(names->users, uid, &user)) {
        return false;
    }
    return (to_id(field_of(user, 3), &first) && first == gid) ||
           (find_id(names->groups, gid, &group) &&
            has_member(field_of(group, 3), field_of(user, 0)));
}

/* ---- the verdict ---- */

static bool is_in_group(const fettle_admission_person *person, uint32_t gid)
{
    for (size_t i = 0; i < person->group_count; i++) {
        if (person->groups[i] == gid) {
            return true;
        }
    }
    return false;
}

static bool allows(unsigned mode, unsigned shift)
{
    return (mode >> shift & READ_WRITE) == READ_WRITE;
}

static fettle_admission by_group(const fettle_udev_answer *answer,
                                 const fettle_admission_names *names,
                                 const fettle_admission_person *person)
{
    uint32_t gid;
    bool may_group = allows(answer->mode, GROUP_SHIFT), may_all = allows(answer->mode, 0);
    if (!to_number(names->groups, answer->group, &gid)) {
        bool is_root = fettle_text_is_equal(answer->group, "root");
        return may_all   ? FETTLE_ADMISSION_YES
               : is_root ? FETTLE_ADMISSION_NO_RULE
                         : FETTLE_ADMISSION_UNKNOWN;
    }
    if (is_in_group(person, gid)) {
        return may_group ? FETTLE_ADMISSION_YES : FETTLE_ADMISSION_NO_RULE;
    }
    if (may_all) {
        return FETTLE_ADMISSION_YES;
    }
    if (!may_group || gid == 0) {
        return FETTLE_ADMISSION_NO_RULE;
    }
    return is_member_by_files(names, person->uid, gid) ? FETTLE_ADMISSION_GROUP_NOT_YET
                                                       : FETTLE_ADMISSION_NOT_IN_GROUP;
}

static fettle_admission judge(const fettle_udev_answer *answer,
                              const fettle_admission_names *names,
                              const fettle_admission_person *person)
{
    uint32_t owner;
    fettle_truth by_seat = answer->has_uaccess ? person->is_at_seat : FETTLE_TRUTH_NO;
    if (person->uid == 0 || by_seat == FETTLE_TRUTH_YES) {
        return FETTLE_ADMISSION_YES;
    }
    if (answer->is_unsure) {
        return FETTLE_ADMISSION_UNKNOWN;
    }
    bool is_owner = to_number(names->users, answer->owner, &owner) && owner == person->uid;
    fettle_admission admission = !is_owner ? by_group(answer, names, person)
                                 : allows(answer->mode, OWNER_SHIFT)
                                     ? FETTLE_ADMISSION_YES
                                     : FETTLE_ADMISSION_NO_RULE;
    bool may_differ = by_seat == FETTLE_TRUTH_MAYBE || answer->runs_programs;
    return may_differ && admission != FETTLE_ADMISSION_YES ? FETTLE_ADMISSION_UNKNOWN
                                                           : admission;
}

static fettle_udev_source source_of(const fettle_udev_answer *answer)
{
    if (answer->is_unsure) {
        return answer->unsure_from;
    }
    if (answer->group_from.file != NULL) {
        return answer->group_from;
    }
    return answer->has_uaccess ? answer->uaccess_from : answer->mode_from;
}

fettle_admission fettle_admission_foresee(const fettle_udev_file *files, size_t file_count,
                                          const fettle_udev_device *device,
                                          const fettle_admission_names *names,
                                          const fettle_admission_person *person,
                                          fettle_admission_facts *facts)
{
    knowledge known = {names, person};
    fettle_udev_names ask = {.has_user = has_user, .has_group = has_group, .self = &known};
    fettle_udev_answer answer;
    fettle_udev_evaluate(files, file_count, device, &ask, &answer);
    *facts = (fettle_admission_facts){
        .mode = answer.mode, .has_uaccess = answer.has_uaccess, .from = source_of(&answer)};
    fettle_text_append(facts->owner, sizeof facts->owner, answer.owner);
    fettle_text_append(facts->group, sizeof facts->group, answer.group);
    return judge(&answer, names, person);
}
