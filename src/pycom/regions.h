/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LoRa regions: which byte of a module's config block means which, which country needs which, and which the firmware of a module
 * takes. Nothing here is guessed: a country that isn't in the table, or that has several, is a question to a person, because the
 * wrong region breaks that country's law or reaches no gateway.
 *
 * Sources: SIG pycom_config.h for the values (IN865 is 7; the vendor's tool stored 0xFF for it); LoRa Alliance RP002 "Regional
 * Parameters" and the national rules it names for countries.
 */
#ifndef FETTLE_PYCOM_REGIONS_H
#define FETTLE_PYCOM_REGIONS_H

#include "base/error.h"

enum {
    FETTLE_PYCOM_REGION_UNSET = 0xFF,
    FETTLE_PYCOM_REGIONS = 10,
    FETTLE_PYCOM_REGION_TEXT_SIZE = 320, /* holds every reason and every question */
};

/* The region of this name, in any case, with '-' or a blank for '_' if one likes. False: there is none; `value` is untouched. */
bool fettle_pycom_region_of(const char *name, uint8_t *value);

/* Its name, "IN865"; NULL: no region has this value (UNSET is none). */
const char *fettle_pycom_region_name(uint8_t value);

/* All names for messages: "AS923, AU915, ..." */
extern const char fettle_pycom_region_list[];

/* Is firmware for this band ("868", "915", as in the names of old packages) one for this region? True also if nobody knows that band. */
bool fettle_pycom_band_has(const char *band, uint8_t value);

/* ---- by country ---- */

typedef enum fettle_pycom_country {
    FETTLE_PYCOM_COUNTRY_UNKNOWN, /* not in the table: a person has to say which region */
    FETTLE_PYCOM_COUNTRY_ONE,     /* `value` is set */
    FETTLE_PYCOM_COUNTRY_SEVERAL, /* a person has to choose */
    FETTLE_PYCOM_COUNTRY_NONE,    /* what is used there is none of the ten */
} fettle_pycom_country;

/*
 * The region of a country, by its name in English or its two letters (ISO 3166-1), in any case. `text` of `size` bytes is given
 * why, "India: 865-867 MHz, so IN865"; for SEVERAL a whole question; for the others what a person should do.
 * `value` is only touched for ONE.
 */
fettle_pycom_country fettle_pycom_region_of_country(const char *country, uint8_t *value,
                                                    char *text, size_t size);

/* ---- by module ---- */

/* Has this module ("lopy4", "LoPy4") a LoRa radio? False also for one that isn't in the table. */
bool fettle_pycom_has_lora(const char *module);

/* Is it one that has neither LoRa nor Sigfox, and so no ids and keys that could be lost? False also for one that isn't in the table. */
bool fettle_pycom_has_no_ids(const char *module);

/*
 * May this region be stored in this module? False: `err` is REGION_NOT_HERE and says why: it has no LoRa radio, or one that doesn't
 * reach this band. `module` NULL, or none that is known: any of the ten is taken.
 */
bool fettle_pycom_region_check(const char *module, uint8_t value, fettle_error *err);

/* See fettle_module_ops.check_region. */
struct fettle_image;
bool fettle_pycom_check_region(const struct fettle_image *image, const char *name,
                               const char *region, fettle_error *err);

/*
 * Does published firmware of this module take this region? Where it doesn't (KR920, CN779, US915_HYBRID: the numbers exist, and no
 * firmware is known that takes them) the byte can be stored all the same, and a person should be told. NULL: of any module.
 */
bool fettle_pycom_region_is_taken(const char *module, uint8_t value);

#endif
