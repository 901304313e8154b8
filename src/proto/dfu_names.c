/* SPDX-License-Identifier: Apache-2.0 */
/* The names that USB DFU 1.1 section 6.1.2 gives to statuses and states. */
#include "proto/dfu.h"

static const char *const status_names[] = {
    "OK",      "errTARGET", "errFILE",    "errWRITE",      "errERASE",    "errCHECK_ERASED",
    "errPROG", "errVERIFY", "errADDRESS", "errNOTDONE",    "errFIRMWARE", "errVENDOR",
    "errUSBR", "errPOR",    "errUNKNOWN", "errSTALLEDPKT",
};

static const char *const state_names[] = {
    "appIDLE",          "appDETACH",   "dfuIDLE",
    "dfuDNLOAD-SYNC",   "dfuDNBUSY",   "dfuDNLOAD-IDLE",
    "dfuMANIFEST-SYNC", "dfuMANIFEST", "dfuMANIFEST-WAIT-RESET",
    "dfuUPLOAD-IDLE",   "dfuERROR",
};

const char *fettle_dfu_bstatus_name(uint32_t bStatus)
{
    return bStatus < sizeof status_names / sizeof *status_names ? status_names[bStatus]
                                                                : NULL;
}

const char *fettle_dfu_bstate_name(uint32_t bState)
{
    return bState < sizeof state_names / sizeof *state_names ? state_names[bState] : NULL;
}
