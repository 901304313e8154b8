/* SPDX-License-Identifier: Apache-2.0 */
/* Where there is no libarchive: the rest works, and says so. */
#include "image/archive.h"

bool fettle_archive_is_there(void)
{
    return false;
}

fettle_archive *fettle_archive_new(fettle_span file, fettle_error *err)
{
    (void)file;
    fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                     &(fettle_words){.text =
                                         "this fettle was built without libarchive, and "
                                         "reads no archives"});
    return NULL;
}
