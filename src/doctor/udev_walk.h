/* SPDX-License-Identifier: Apache-2.0 */
/* What is known while udev rules are gone through. For the files of this folder that do so. */
#ifndef FETTLE_DOCTOR_UDEV_WALK_H
#define FETTLE_DOCTOR_UDEV_WALK_H

#include "doctor/udev.h"

enum {
    FETTLE_UDEV_VARIABLES_MAX = 64,
    FETTLE_UDEV_TAGS_MAX = 16,
    FETTLE_UDEV_LABELS_MAX = 8,
    FETTLE_UDEV_POOL_SIZE = 4096,
};

/* A property that a rule has set. `value` NULL: nobody knows to what. Texts are in the pool. */
typedef struct fettle_udev_variable {
    const char *name, *value;
} fettle_udev_variable;

typedef struct fettle_udev_tag {
    const char *name;
    fettle_truth is_set;
    fettle_udev_source from;
} fettle_udev_tag;

/* Mode, owner or group. */
typedef struct fettle_udev_setting {
    char value[FETTLE_UDEV_NAME_SIZE]; /* "": none yet */
    bool is_unsure;
    fettle_truth is_final;
    fettle_udev_source from;
} fettle_udev_setting;

typedef struct fettle_udev_walk {
    const fettle_udev_device *device;
    const fettle_udev_names *names;
    fettle_udev_source here;
    size_t budget; /* bytes that may still be read */

    /* the device as it has become */
    fettle_truth has_usb_id, has_hwdb; /* imported */
    bool is_open; /* something imported who knows what: any property may be there */
    fettle_udev_variable variables[FETTLE_UDEV_VARIABLES_MAX];
    size_t variable_count;
    fettle_udev_tag tags[FETTLE_UDEV_TAGS_MAX];
    size_t tag_count;
    const char *result; /* of the last PROGRAM; NULL: not known */
    char pool[FETTLE_UDEV_POOL_SIZE];
    size_t pool_used;

    /* labels that a GOTO may have gone to: rules up to there may have been left out */
    char labels[FETTLE_UDEV_LABELS_MAX][FETTLE_UDEV_NAME_SIZE];
    size_t label_count;

    /* the node */
    fettle_udev_setting mode, owner, group;
    fettle_truth runs_uaccess, runs_programs, run_is_final;
    fettle_udev_source uaccess_from;
    bool is_lost; /* more happened than can be followed here */
    fettle_udev_source unsure_from;

    fettle_udev_rule rule;
} fettle_udev_walk;

/* The conditions of the present rule but IMPORT, PROGRAM and RESULT, all together. */
fettle_truth fettle_udev_walk_holds(const fettle_udev_walk *walk);

/* One condition on a text; NULL: it isn't known. */
fettle_truth fettle_udev_part_fits(const fettle_udev_part *part, const char *text);

#endif
