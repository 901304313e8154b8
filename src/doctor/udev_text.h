/* SPDX-License-Identifier: Apache-2.0 */
/* The text of udev rules: logical lines, their parts, and patterns (udev(7), "Rules files"). */
#ifndef FETTLE_DOCTOR_UDEV_TEXT_H
#define FETTLE_DOCTOR_UDEV_TEXT_H

#include "fettle/outcome.h"

enum {
    FETTLE_UDEV_LINE_SIZE = 16384, /* with its NUL; udev ignores longer lines */
    FETTLE_UDEV_PARTS_MAX = 64,
};

/* What isn't known for sure stays so: NOT, AND and OR as in Kleene's logic. */
typedef enum fettle_truth {
    FETTLE_TRUTH_NO,
    FETTLE_TRUTH_MAYBE,
    FETTLE_TRUTH_YES,
} fettle_truth;

fettle_truth fettle_truth_not(fettle_truth a);
fettle_truth fettle_truth_and(fettle_truth a, fettle_truth b);
fettle_truth fettle_truth_or(fettle_truth a, fettle_truth b);

typedef enum fettle_udev_key {
    FETTLE_UDEV_ACTION,
    FETTLE_UDEV_ATTR,
    FETTLE_UDEV_ATTRS,
    FETTLE_UDEV_CONST,
    FETTLE_UDEV_DEVPATH,
    FETTLE_UDEV_DRIVER,
    FETTLE_UDEV_DRIVERS,
    FETTLE_UDEV_ENV,
    FETTLE_UDEV_GOTO,
    FETTLE_UDEV_GROUP,
    FETTLE_UDEV_IMPORT,
    FETTLE_UDEV_KERNEL,
    FETTLE_UDEV_KERNELS,
    FETTLE_UDEV_LABEL,
    FETTLE_UDEV_MODE,
    FETTLE_UDEV_NAME,
    FETTLE_UDEV_OPTIONS,
    FETTLE_UDEV_OWNER,
    FETTLE_UDEV_PROGRAM,
    FETTLE_UDEV_RESULT,
    FETTLE_UDEV_RUN,
    FETTLE_UDEV_SECLABEL,
    FETTLE_UDEV_SUBSYSTEM,
    FETTLE_UDEV_SUBSYSTEMS,
    FETTLE_UDEV_SYMLINK,
    FETTLE_UDEV_SYSCTL,
    FETTLE_UDEV_TAG,
    FETTLE_UDEV_TAGS,
    FETTLE_UDEV_TEST,
    FETTLE_UDEV_UNKNOWN, /* a word of another version of udev, or a slip of the pen */
} fettle_udev_key;

typedef enum fettle_udev_relation {
    FETTLE_UDEV_EQUAL,      /* == */
    FETTLE_UDEV_DIFFERENT,  /* != */
    FETTLE_UDEV_SET,        /* = */
    FETTLE_UDEV_ADD,        /* += */
    FETTLE_UDEV_REMOVE,     /* -= */
    FETTLE_UDEV_SET_FOR_ALL /* := */
} fettle_udev_relation;

/* KEY{name}RELATION"value"; texts are the rule's. */
typedef struct fettle_udev_part {
    fettle_udev_key key;
    fettle_udev_relation relation;
    bool ignores_case;
    const char *name; /* "" where there are no braces */
    const char *value;
} fettle_udev_part;

/* One rule. */
typedef struct fettle_udev_rule {
    size_t line; /* where it begins, from 1 */
    /* What udev drops: bad syntax, an operator that doesn't go with its key. */
    bool is_ignored;
    bool is_doubtful; /* something in it other versions of udev understand differently */
    bool is_cut;      /* more than was read here: nothing can be said of it */
    size_t part_count;
    fettle_udev_part parts[FETTLE_UDEV_PARTS_MAX];
    char text[FETTLE_UDEV_LINE_SIZE];
} fettle_udev_rule;

/* A place in a file's text; zeroed: its beginning. */
typedef struct fettle_udev_place {
    size_t offset, line;
} fettle_udev_place;

/* Reads the next rule and moves `place` behind it. False: there is none. */
bool fettle_udev_rule_read(fettle_udev_rule *rule, fettle_span text,
                           fettle_udev_place *place);

/*
 * Does the text match the value of a condition: alternatives between "|", each with "*", "?" and "[...]"?
 * MAYBE: it uses something that isn't understood here.
 */
fettle_truth fettle_udev_text_matches(const char *pattern, const char *text,
                                      bool ignores_case);

/* Calls nothing, allocates nothing: the next alternative of `pattern` from *offset. False: no more. */
bool fettle_udev_next_alternative(const char *pattern, size_t *offset, const char **start,
                                  size_t *length);

/* Has it "*", "?" or "["? */
bool fettle_udev_is_glob(const char *pattern);

#endif
