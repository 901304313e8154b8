/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of a DfuSe file, UM0391 section 2, shared by who reads and who writes it. Numbers are little endian,
 * although the document says otherwise. In front of the DFU suffix (image.h):
 *
 *     prefix    "DfuSe"  bVersion (1)  DFUImageSize (4)  bTargets (1)
 *     target    "Target"  bAlternateSetting (1)  bTargetNamed (4)  szTargetName (255)  dwTargetSize (4)  dwNbElements (4)
 *     element   dwElementAddress (4)  dwElementSize (4)  content
 */
#ifndef FETTLE_IMAGE_DFUSE_H
#define FETTLE_IMAGE_DFUSE_H

static const char fettle_dfuse_letters[5] = {'D', 'f', 'u', 'S', 'e'};
static const char fettle_dfuse_target_letters[6] = {'T', 'a', 'r', 'g', 'e', 't'};

enum {
    /* Offsets in the prefix. */
    DFUSE_VERSION = 5,
    DFUSE_IMAGE_SIZE = 6,
    DFUSE_TARGETS = 10,
    DFUSE_PREFIX_SIZE = 11,

    DFUSE_VERSION_1 = 1,

    /* Offsets in a target. */
    DFUSE_ALTERNATE = 6,
    DFUSE_IS_NAMED = 7,
    DFUSE_NAME = 11,
    DFUSE_NAME_SIZE = 255,
    DFUSE_TARGET_SIZE = 266, /* of all its elements with their headers */
    DFUSE_ELEMENTS = 270,
    DFUSE_TARGET_HEADER_SIZE = 274,

    /* Offsets in an element. */
    DFUSE_ADDRESS = 0,
    DFUSE_SIZE = 4,
    DFUSE_ELEMENT_HEADER_SIZE = 8,
};

#endif
