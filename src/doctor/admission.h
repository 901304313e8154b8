/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Will this person be able to open a USB device that isn't there yet? Pure: from udev's rules, the
 * computer's users and groups, and who the person is.
 */
#ifndef FETTLE_DOCTOR_ADMISSION_H
#define FETTLE_DOCTOR_ADMISSION_H

#include "doctor/udev.h"

typedef enum fettle_admission {
    FETTLE_ADMISSION_YES,
    FETTLE_ADMISSION_NO_RULE,       /* nobody but root, or only who sits at the screen */
    FETTLE_ADMISSION_NOT_IN_GROUP,  /* a group may, and the person isn't in it */
    FETTLE_ADMISSION_GROUP_NOT_YET, /* is in it, but logged in before that */
    FETTLE_ADMISSION_UNKNOWN,
} fettle_admission;

/* Texts like passwd(5) and group(5). Either may be empty. */
typedef struct fettle_admission_names {
    fettle_span users[2], groups[2];
} fettle_admission_names;

typedef struct fettle_admission_person {
    uint32_t uid;
    const uint32_t *groups; /* of this process */
    size_t group_count;
    fettle_truth is_at_seat; /* MAYBE: at one that may not be the device's */
} fettle_admission_person;

/* `from` is the rule that gives it to the group, or to the person at the screen, or set the mode. */
typedef struct fettle_admission_facts {
    unsigned mode;
    char owner[FETTLE_UDEV_NAME_SIZE], group[FETTLE_UDEV_NAME_SIZE];
    bool has_uaccess;
    fettle_udev_source from;
} fettle_admission_facts;

/* Needs memory for no more than its frame. */
fettle_admission fettle_admission_foresee(const fettle_udev_file *files, size_t file_count,
                                          const fettle_udev_device *device,
                                          const fettle_admission_names *names,
                                          const fettle_admission_person *person,
                                          fettle_admission_facts *facts);

#endif
