/* SPDX-License-Identifier: Apache-2.0 */
/* Files that name other files, read with all that they name. What such a file says is in image/bundle.h. */
#ifndef FETTLE_API_BUNDLES_H
#define FETTLE_API_BUNDLES_H

#include "fettle/fettle.h"

/* Is the file one of these, by its name? */
bool fettle_bundles_has_name(const char *path);

/*
 * One image of all files of the build for `chip` (NULL: the only build), which lie beside the bundle, or below. NULL: what reading
 * and joining files can end with, and FILE_BAD_BUNDLE, FILE_BAD_JSON, BUILD_NOT_NAMED, NO_BUILD_FOR_CHIP.
 */
fettle_image *fettle_bundles_load(const char *path, const char *chip, unsigned flags,
                                  fettle_error *err);

#endif
