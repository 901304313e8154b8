/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the work with an ESP chip share. For them only. */
#ifndef FETTLE_JOB_ESP_WORK_INSIDE_H
#define FETTLE_JOB_ESP_WORK_INSIDE_H

#include "job/esp_work.h"

/* Runs the loader's engine; then goes on. */
fettle_effect fettle_esp_work_run(fettle_esp_work *work, fettle_engine *child,
                                  uint32_t share, fettle_esp_work_then *then);

/* As run(); where it fails, that is no failure of ours. */
fettle_effect fettle_esp_work_try(fettle_esp_work *work, fettle_engine *child,
                                  fettle_esp_work_then *then);

fettle_esp_work_then fettle_esp_work_end_well;

/* Which version runs, before it is reset: `version`; then goes on. (esp_console.c) */
fettle_effect fettle_esp_work_ask_console(fettle_esp_work *work,
                                          fettle_esp_work_then *then);

/* `total` in bytes; `first` begins the work. */
fettle_engine *fettle_esp_work_ready(fettle_esp_work *work, fettle_esp_work_then *first,
                                     uint64_t total);

/* What the chip has hashed last: is it so many bytes of FF, has it this digest? */
bool fettle_esp_work_is_hash_of_blank(fettle_esp_work *work, size_t size);
bool fettle_esp_work_is_hash(const fettle_esp_work *work,
                             const uint8_t digest[FETTLE_MD5_SIZE]);

#endif
