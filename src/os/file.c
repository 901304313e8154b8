/* SPDX-License-Identifier: Apache-2.0 */
/* What all systems share of reading files: the sentence that says why one can't be read. */
#include "os/file.h"

#include "base/text.h"

bool fettle_os_file_refuse(fettle_error *err, const char *before, const char *path,
                           const char *after, long system)
{
    char text[sizeof err->message] = "";
    fettle_text_append(text, sizeof text, before);
    fettle_text_append(text, sizeof text, path);
    fettle_text_append(text, sizeof text, after);
    fettle_error_set(err, FETTLE_E_FILE_UNREADABLE, &(fettle_words){.text = text});
    err->system = system;
    return false;
}
