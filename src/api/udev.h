/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the check of permissions; also on another file tree and for another person, for tests. */
#ifndef FETTLE_API_UDEV_H
#define FETTLE_API_UDEV_H

#include "fettle/fettle.h"
#include "os/access.h"

/* fettle_foresee_access() below `root` for `person`; see fettle_os_access_look(). */
fettle_access fettle_foresee_access_below(const char *root, const fettle_os_person *person,
                                          fettle_usb_id id, bool is_dfu_mode,
                                          fettle_access_facts *facts);

/*
 * Is it udev's rules that let this person in or not? Not where no udevd runs, as in most containers, and not for
 * root. True where that isn't known.
 */
bool fettle_rules_decide_below(const char *root, const fettle_os_person *person);

#endif
