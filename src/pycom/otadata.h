/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which application a Pycom module starts. It has its own form of "otadata", not ESP-IDF's: one record at the beginning of the
 * sector, which the vendor's second-stage loader keeps and its updater writes.
 *
 * Source: the vendor's bootloader and updater, pycom-micropython-sigfox; docs/protocols/pycom-packages.md.
 */
#ifndef FETTLE_PYCOM_OTADATA_H
#define FETTLE_PYCOM_OTADATA_H

#include "fettle/outcome.h"

enum {
    FETTLE_PYCOM_OTADATA_SIZE = 40,
    FETTLE_PYCOM_OTADATA_SECTOR = 0x1000,
};

/* Slots as the record counts them. */
enum { FETTLE_PYCOM_FACTORY = 0, FETTLE_PYCOM_OTA_0 = 1, FETTLE_PYCOM_SLOTS = 2 };

/* The loader's word on the active image: it will look at it, it has, it has a patch to make. */
enum {
    FETTLE_PYCOM_STATUS_CHECK = 0,
    FETTLE_PYCOM_STATUS_READY = 1,
    FETTLE_PYCOM_STATUS_PATCH = 2
};

typedef struct fettle_pycom_otadata {
    uint32_t active;    /* FETTLE_PYCOM_FACTORY or _OTA_0 */
    uint32_t status;    /* FETTLE_PYCOM_STATUS_* */
    uint32_t previous;  /* the slot before */
    uint32_t size;      /* of the active image, bytes */
    uint32_t safe_boot; /* the loader's own */
} fettle_pycom_otadata;

/* False: too short, the CRC is wrong, or no slot that there is: the loader then starts factory. */
bool fettle_pycom_otadata_decode(fettle_pycom_otadata *otadata, fettle_span sector);

/* The whole sector; FF behind the record. */
void fettle_pycom_otadata_encode(const fettle_pycom_otadata *otadata,
                                 uint8_t sector[FETTLE_PYCOM_OTADATA_SECTOR]);

#endif
