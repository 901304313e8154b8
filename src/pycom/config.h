/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config block of a module: 1024 used bytes of the sector at 0x3FF000, which the vendor filled in the factory. Its first 52
 * bytes (LoRa MAC, Sigfox id, PAC and keys) exist nowhere else any more. SIG pycom_config.h; docs/protocols/pycom-modules.md.
 *
 * What is shown of it: identities as they are; of keys, passwords and tokens only whether they are set, not even how long they are.
 * Its bytes come from a board and are untrusted: texts are escaped.
 */
#ifndef FETTLE_PYCOM_CONFIG_H
#define FETTLE_PYCOM_CONFIG_H

#include "board/module.h"

enum {
    FETTLE_PYCOM_CONFIG_ADDRESS = 0x3FF000,
    FETTLE_PYCOM_CONFIG_SECTOR = 0x1000,
    FETTLE_PYCOM_CONFIG_SIZE = 1024, /* of it in use */
    FETTLE_PYCOM_CREDENTIALS = 52,   /* bytes from its beginning that can't be replaced */
    FETTLE_PYCOM_REGION_AT = 52,
    FETTLE_PYCOM_VALUE_SIZE = 192, /* a field's value as text, with its NUL */
};

typedef enum fettle_pycom_kind {
    FETTLE_PYCOM_HEX,  /* an identity, in the order of its bytes */
    FETTLE_PYCOM_PAC,  /* one, with a remark */
    FETTLE_PYCOM_KEY,  /* set unless all its bytes are FF or all are 00 */
    FETTLE_PYCOM_TEXT, /* up to a NUL, an FF or its end */
    FETTLE_PYCOM_REGION,
    FETTLE_PYCOM_WIFI,
    FETTLE_PYCOM_SWITCH, /* bit 0; FF: not set */
    FETTLE_PYCOM_COLOUR,
    FETTLE_PYCOM_NUMBER, /* one byte; FF: not set */
    FETTLE_PYCOM_WATCHDOG,
    FETTLE_PYCOM_FILES,   /* which file system */
    FETTLE_PYCOM_RESERVED /* not shown */
} fettle_pycom_kind;

typedef struct fettle_pycom_field {
    uint16_t offset, length;
    fettle_pycom_kind kind;
    const char *name; /* "LoRa MAC": what people read */
    bool is_secret;   /* only "set" or "not set" is told */
} fettle_pycom_field;

/* In the order of offsets, without gaps. */
enum { FETTLE_PYCOM_FIELDS = 36 };
extern const fettle_pycom_field fettle_pycom_fields[FETTLE_PYCOM_FIELDS];

/* All functions take the block or its sector; where it is shorter, what isn't there is not set. */

/*
 * A field's value as one line of valid UTF-8, "not set" where it is blank. False: it isn't set, or isn't to be shown at all
 * (RESERVED). `size` should be FETTLE_PYCOM_VALUE_SIZE: longer values end in "...".
 */
bool fettle_pycom_config_value(fettle_span block, const fettle_pycom_field *field,
                               char *text, size_t size);

/*
 * All that is set, and what is missing of what matters, as lines "NAME: VALUE\n". Fits into FETTLE_MODULE_SUMMARY_SIZE whatever the
 * block holds. It ends with a whole line also where `size` is less.
 */
void fettle_pycom_config_decode(fettle_span block, char *text, size_t size);

/* For fettle_module_ops: the MAC of the chip, and the first range of `look` decoded, or that it couldn't be read. */
void fettle_pycom_summarise(const fettle_module_look *look, char *text, size_t size);

/* For fettle_module_ops. */
void fettle_pycom_identify(const fettle_module_look *look, fettle_module_ids *ids);

/* Are there any? False where each field in the first 52 bytes is all FF, all 00, or not there: erased before anybody kept them. */
bool fettle_pycom_has_credentials(fettle_span block);

/* Are the first 52 bytes the same? False where one of them is shorter. */
bool fettle_pycom_is_same_credentials(fettle_span a, fettle_span b);

/* The first field of the 52 bytes that is set in `other`, and in `block` isn't the same; constant. NULL: there is none. */
const fettle_pycom_field *fettle_pycom_lacks(fettle_span block, fettle_span other);

/*
 * Was the write of `kept` cut off? The first 52 bytes of `board` differ from it only by being FF, in a field that `kept` has: a sector
 * that was not filled again to its end. (A block that is wholly blank is that too.) All else is a difference that a person decides.
 */
bool fettle_pycom_is_torn(fettle_span board, fettle_span kept);

/*
 * Does this look like a block, on a board that says nothing else? There are ids or keys, the region is one of those that exist, and what
 * should be texts are.
 */
bool fettle_pycom_is_block(fettle_span block);

/* Changes byte 52 and nothing else. Nothing at all where `size` doesn't reach it. */
void fettle_pycom_set_region(uint8_t *block, size_t size, uint8_t region);

/* Byte 52; FETTLE_PYCOM_REGION_UNSET where it isn't there. */
uint8_t fettle_pycom_region_in(fettle_span block);

#endif
