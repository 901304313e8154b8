/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of udev rules; see udev_text.h. Lines that end in a backslash go on in the next one, lines that
 * begin with # don't count, wherever they stand. A rule that breaks the syntax is ignored as a
 * whole, which is what udev does. Patterns are those of fnmatch(3) without flags.
 */
#include "doctor/udev_text.h"

#include "base/text.h"

#include <string.h>

/* ---- three values ---- */

fettle_truth fettle_truth_not(fettle_truth a)
{
    return (fettle_truth)(FETTLE_TRUTH_YES - a);
}

fettle_truth fettle_truth_and(fettle_truth a, fettle_truth b)
{
    return a < b ? a : b;
}

fettle_truth fettle_truth_or(fettle_truth a, fettle_truth b)
{
    return a > b ? a : b;
}

/* ---- characters ---- */

static bool is_one_of(char character, const char *set)
{
    for (; *set != '\0'; set++) {
        if (*set == character) {
            return true;
        }
    }
    return false;
}

static bool is_blank(char character)
{
    return is_one_of(character, " \t");
}

static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

static int digit_of(char character, unsigned base)
{
    char small = lower(character);
    int value = small >= '0' && small <= '9'   ? small - '0'
                : small >= 'a' && small <= 'f' ? small - 'a' + 10
                                               : 99;
    return value < (int)base ? value : -1;
}

/* ---- patterns ---- */

typedef struct pattern {
    const char *at;
    const char *end;
    bool ignores_case;
    bool is_strange; /* has something that isn't understood */
} pattern;

static unsigned char folded(const pattern *p, char character)
{
    return (unsigned char)(p->ignores_case ? lower(character) : character);
}

/* Behind the "]" of the bracket expression at `at`; NULL if there is none, and "[" is just that. */
static const char *end_of_bracket(const char *at, const char *end)
{
    at++;
    at += at < end && (*at == '!' || *at == '^');
    at += at < end && *at == ']';
    while (at < end && *at != ']') {
        at++;
    }
    return at < end ? at + 1 : NULL;
}

/* POSIX 2.13.1 without classes, which no rule file was seen to use. */
static bool is_in_bracket(pattern *p, const char *end, char character)
{
    const char *at = p->at + 1;
    bool is_negated = *at == '!' || *at == '^', is_in = false;
    at += is_negated;
    for (bool is_first = true; at < end - 1 && (is_first || *at != ']'); is_first = false) {
        p->is_strange = p->is_strange || *at == '\\' ||
                        (*at == '[' && at + 1 < end && is_one_of(at[1], ":.="));
        unsigned char from = folded(p, *at), to = from, it = folded(p, character);
        if (at + 2 < end - 1 && at[1] == '-') {
            to = folded(p, at[2]);
            at += 2;
        }
        is_in = is_in || (it >= from && it <= to);
        at++;
    }
    return is_in != is_negated;
}

/* Takes one element of the pattern, if it fits the character. */
static bool take_one(pattern *p, char character)
{
    const char *end = *p->at == '[' ? end_of_bracket(p->at, p->end) : NULL;
    if (end != NULL) {
        bool is_in = is_in_bracket(p, end, character);
        p->at = end;
        return is_in;
    }
    if (*p->at == '?') {
        p->at++;
        return true;
    }
    if (*p->at == '\\' && p->at + 1 < p->end) {
        p->at++;
    }
    return folded(p, *p->at++) == folded(p, character);
}

/* The last "*" swallows one character more whenever the rest doesn't fit: no recursion. */
static bool fits_glob(pattern *p, const char *text)
{
    const char *after_star = NULL, *swallowed = NULL;
    while (*text != '\0' || (p->at < p->end && *p->at == '*')) {
        if (p->at < p->end && *p->at == '*') {
            after_star = ++p->at;
            swallowed = text;
            continue;
        }
        if (p->at < p->end && take_one(p, *text)) {
            text++;
            continue;
        }
        if (after_star == NULL) {
            return false;
        }
        p->at = after_star;
        text = ++swallowed;
    }
    return p->at == p->end;
}

static bool is_same(const pattern *p, const char *text)
{
    const char *at = p->at;
    while (at < p->end && *text != '\0' && folded(p, *at) == folded(p, *text)) {
        at++;
        text++;
    }
    return at == p->end && *text == '\0';
}

bool fettle_udev_is_glob(const char *text)
{
    for (; *text != '\0'; text++) {
        if (is_one_of(*text, "*?[")) {
            return true;
        }
    }
    return false;
}

bool fettle_udev_next_alternative(const char *text, size_t *offset, const char **start,
                                  size_t *length)
{
    size_t size = strlen(text);
    if (*offset > size) {
        return false;
    }
    size_t end = *offset;
    while (end < size && text[end] != '|') {
        end++;
    }
    *start = text + *offset;
    *length = end - *offset;
    *offset = end + 1;
    return true;
}

fettle_truth fettle_udev_text_matches(const char *text_pattern, const char *text,
                                      bool ignores_case)
{
    bool is_glob = fettle_udev_is_glob(text_pattern), is_strange = false;
    const char *start;
    size_t offset = 0, length;
    while (fettle_udev_next_alternative(text_pattern, &offset, &start, &length)) {
        pattern p = {start, start + length, ignores_case, false};
        bool fits = is_glob ? fits_glob(&p, text) : is_same(&p, text);
        if (fits && !p.is_strange) {
            return FETTLE_TRUTH_YES;
        }
        is_strange = is_strange || p.is_strange;
    }
    return is_strange ? FETTLE_TRUTH_MAYBE : FETTLE_TRUTH_NO;
}

/* ---- lines ---- */

/* One line of the file, without what ends it. */
static fettle_span next_line(fettle_span text, fettle_udev_place *place)
{
    size_t start = place->offset, end = start;
    while (end < text.size &&
           !(text.data[end] == '\n' || text.data[end] == '\r' || text.data[end] == '\0')) {
        end++;
    }
    size_t next = end + (end < text.size);
    if (next < text.size && text.data[end] == '\r' && text.data[next] == '\n') {
        next++;
    }
    place->offset = next;
    place->line++;
    while (start < end && is_blank((char)text.data[start])) {
        start++;
    }
    return (fettle_span){text.data + start, end - start};
}

static bool has_comment(fettle_span line)
{
    return line.size > 0 && line.data[0] == '#';
}

/* Joins lines into rule->text. False: there is no more. */
static bool read_logical_line(fettle_udev_rule *rule, fettle_span text,
                              fettle_udev_place *place)
{
    size_t used = 0;
    bool goes_on = false;
    rule->is_cut = false;
    while (place->offset < text.size) {
        fettle_span line = next_line(text, place);
        if (has_comment(line)) {
            continue;
        }
        if (!goes_on) {
            rule->line = place->line;
        }
        goes_on = line.size > 0 && line.data[line.size - 1] == '\\';
        size_t size = line.size - goes_on;
        if (size >= FETTLE_UDEV_LINE_SIZE - used) {
            rule->is_cut = true;
        } else if (size > 0) {
            memcpy(rule->text + used, line.data, size);
            used += size;
        }
        if (!goes_on && (used > 0 || rule->is_cut)) {
            rule->text[used] = '\0';
            return true;
        }
    }
    return false; /* also for a line that goes on where the file ends: udev ignores it */
}

/* ---- parts ---- */

typedef enum key_kind {
    CONDITION,
    ACTION,
    BOTH,
    CALL, /* PROGRAM and IMPORT: conditions, whatever is written between key and value */
} key_kind;

static const struct {
    const char *word;
    fettle_udev_key key;
    key_kind kind;
} keys[] = {
    {"ACTION", FETTLE_UDEV_ACTION, CONDITION},
    {"ATTR", FETTLE_UDEV_ATTR, BOTH},
    {"ATTRS", FETTLE_UDEV_ATTRS, CONDITION},
    {"CONST", FETTLE_UDEV_CONST, CONDITION},
    {"DEVPATH", FETTLE_UDEV_DEVPATH, CONDITION},
    {"DRIVER", FETTLE_UDEV_DRIVER, CONDITION},
    {"DRIVERS", FETTLE_UDEV_DRIVERS, CONDITION},
    {"ENV", FETTLE_UDEV_ENV, BOTH},
    {"GOTO", FETTLE_UDEV_GOTO, ACTION},
    {"GROUP", FETTLE_UDEV_GROUP, ACTION},
    {"IMPORT", FETTLE_UDEV_IMPORT, CALL},
    {"KERNEL", FETTLE_UDEV_KERNEL, CONDITION},
    {"KERNELS", FETTLE_UDEV_KERNELS, CONDITION},
    {"LABEL", FETTLE_UDEV_LABEL, ACTION},
    {"MODE", FETTLE_UDEV_MODE, ACTION},
    {"NAME", FETTLE_UDEV_NAME, BOTH},
    {"OPTIONS", FETTLE_UDEV_OPTIONS, ACTION},
    {"OWNER", FETTLE_UDEV_OWNER, ACTION},
    {"PROGRAM", FETTLE_UDEV_PROGRAM, CALL},
    {"RESULT", FETTLE_UDEV_RESULT, CONDITION},
    {"RUN", FETTLE_UDEV_RUN, ACTION},
    {"SECLABEL", FETTLE_UDEV_SECLABEL, ACTION},
    {"SUBSYSTEM", FETTLE_UDEV_SUBSYSTEM, CONDITION},
    {"SUBSYSTEMS", FETTLE_UDEV_SUBSYSTEMS, CONDITION},
    {"SYMLINK", FETTLE_UDEV_SYMLINK, BOTH},
    {"SYSCTL", FETTLE_UDEV_SYSCTL, BOTH},
    {"TAG", FETTLE_UDEV_TAG, BOTH},
    {"TAGS", FETTLE_UDEV_TAGS, CONDITION},
    {"TEST", FETTLE_UDEV_TEST, CONDITION},
};

static bool is_condition(fettle_udev_relation relation)
{
    return relation == FETTLE_UDEV_EQUAL || relation == FETTLE_UDEV_DIFFERENT;
}

/* Only what adds up can be taken from. */
static bool can_remove(fettle_udev_key key)
{
    return key == FETTLE_UDEV_TAG || key == FETTLE_UDEV_SYMLINK ||
           key == FETTLE_UDEV_OPTIONS;
}

static void name_key(fettle_udev_rule *rule, fettle_udev_part *part, const char *word)
{
    part->key = FETTLE_UDEV_UNKNOWN;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!fettle_text_is_equal(keys[i].word, word)) {
            continue;
        }
        part->key = keys[i].key;
        bool is_jump = part->key == FETTLE_UDEV_GOTO || part->key == FETTLE_UDEV_LABEL;
        bool is_wrong = (keys[i].kind == CONDITION && !is_condition(part->relation)) ||
                        (keys[i].kind == ACTION && is_condition(part->relation)) ||
                        (part->relation == FETTLE_UDEV_REMOVE && !can_remove(part->key)) ||
                        (is_jump && part->relation != FETTLE_UDEV_SET);
        rule->is_ignored = rule->is_ignored || is_wrong;
    }
    rule->is_doubtful = rule->is_doubtful || part->key == FETTLE_UDEV_UNKNOWN;
}

/* The six operators; 0 bytes where none stands. */
static size_t read_operator(const char *at, fettle_udev_relation *relation)
{
    static const struct {
        char first;
        fettle_udev_relation relation;
    } two[] = {
        {'=', FETTLE_UDEV_EQUAL},  {'!', FETTLE_UDEV_DIFFERENT},   {'+', FETTLE_UDEV_ADD},
        {'-', FETTLE_UDEV_REMOVE}, {':', FETTLE_UDEV_SET_FOR_ALL},
    };
    for (size_t i = 0; i < sizeof two / sizeof two[0]; i++) {
        if (at[0] == two[i].first && at[1] == '=') {
            *relation = two[i].relation;
            return 2;
        }
    }
    *relation = FETTLE_UDEV_SET;
    return at[0] == '=';
}

/* Digits of "\x41" or "\101" at `at`, exactly `count`; -1 where they are none. */
static int read_code(const char *at, size_t count, unsigned base)
{
    int code = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = digit_of(at[i], base);
        if (digit < 0) {
            return -1;
        }
        code = code * (int)base + digit;
    }
    return code > 0 && code < 256 ? code : -1;
}

/* One escape of e"...", behind its backslash. Returns its length; 0: not one that is known here. */
static size_t read_escape(const char *at, char *character)
{
    static const char from[] = "abfnrtv\\\"'s", to[] = "\a\b\f\n\r\t\v\\\"' ";
    for (size_t i = 0; from[i] != '\0'; i++) {
        if (*at == from[i]) {
            *character = to[i];
            return 1;
        }
    }
    bool is_hex = *at == 'x';
    int code = is_hex ? read_code(at + 1, 2, 16) : read_code(at, 3, 8);
    *character = (char)code;
    return code < 0 ? 0 : 3;
}

/* Unescapes the value behind its opening quote in place. Returns what follows; NULL: no end. */
static char *read_value(fettle_udev_rule *rule, char *at, bool is_escaped)
{
    char *to = at;
    while (*at != '"') {
        if (*at == '\0') {
            return NULL;
        }
        char character = *at++;
        if (character == '\\' && is_escaped) {
            size_t length = read_escape(at, &character);
            rule->is_doubtful = rule->is_doubtful || length == 0;
            at += length;
        } else if (character == '\\' && *at == '"') {
            character = *at++;
        }
        *to++ = character;
    }
    char *rest = at + 1;
    *to = '\0';
    return rest;
}

/*
 * e"..." has escapes, i"..." doesn't mind the case. The latter came with udev 256; older ones drop the
 * whole rule.
 */
static char *read_prefixes(fettle_udev_rule *rule, fettle_udev_part *part, char *at,
                           bool *is_escaped)
{
    *is_escaped = false;
    for (; *at == 'e' || *at == 'i'; at++) {
        *is_escaped = *is_escaped || *at == 'e';
        part->ignores_case = part->ignores_case || *at == 'i';
        rule->is_doubtful = rule->is_doubtful || *at == 'i';
    }
    return *at == '"' ? at + 1 : NULL;
}

static char *skip_blanks(char *at)
{
    while (is_blank(*at)) {
        at++;
    }
    return at;
}

/* Reads KEY{name}RELATION"value" at `at`. Returns what follows, or NULL for bad syntax. */
static char *read_part(fettle_udev_rule *rule, fettle_udev_part *part, char *at)
{
    char *key = at, *key_end;
    while (*at != '\0' && !is_one_of(*at, " \t={+-!:")) {
        at++;
    }
    key_end = at;
    *part = (fettle_udev_part){.name = ""};
    if (*at == '{') {
        part->name = ++at;
        while (*at != '\0' && *at != '}') {
            at++;
        }
        if (*at == '\0') {
            return NULL;
        }
        *at++ = '\0';
    }
    at = skip_blanks(at);
    size_t length = read_operator(at, &part->relation);
    if (length == 0) {
        return NULL;
    }
    bool is_escaped;
    at = read_prefixes(rule, part, skip_blanks(at + length), &is_escaped);
    if (at == NULL) {
        return NULL;
    }
    *key_end = '\0';
    name_key(rule, part, key);
    part->value = at;
    return read_value(rule, at, is_escaped);
}

static void read_parts(fettle_udev_rule *rule)
{
    char *at = rule->text;
    rule->part_count = 0;
    for (;;) {
        while (is_one_of(*at, " \t,")) {
            at++;
        }
        if (*at == '\0') {
            return;
        }
        if (rule->part_count == FETTLE_UDEV_PARTS_MAX) {
            rule->is_cut = true;
            return;
        }
        at = read_part(rule, &rule->parts[rule->part_count++], at);
        if (at == NULL) {
            rule->is_ignored = true;
            return;
        }
    }
}

bool fettle_udev_rule_read(fettle_udev_rule *rule, fettle_span text,
                           fettle_udev_place *place)
{
    if (!read_logical_line(rule, text, place)) {
        return false;
    }
    rule->is_ignored = false;
    rule->is_doubtful = false;
    read_parts(rule);
    return true;
}
