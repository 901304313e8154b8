/* SPDX-License-Identifier: Apache-2.0 */
/* The way's settle(), for way_esp.c. */
#ifndef FETTLE_JOB_WAY_ESP_SETTLE_H
#define FETTLE_JOB_WAY_ESP_SETTLE_H

#include "job/job.h"

bool fettle_esp_way_settle(fettle_job_engine *job, fettle_error *err);

#endif
