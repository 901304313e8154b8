/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a board calls its memories: the string descriptors of an interface's alternate settings (USB 2.0 section 9.6.7),
 * as an engine. Each is asked for once, in one request. A name that the board refuses to tell is empty, which is no failure;
 * one that gets lost on the way is.
 *
 * Names become valid UTF-8, but are untrusted all the same. Some boards answer in UTF-8 where USB wants UTF-16, and
 * some have garbage behind the end; both is taken as it is meant.
 */
#ifndef FETTLE_PROTO_NAMES_H
#define FETTLE_PROTO_NAMES_H

#include "base/effect.h"
#include "proto/descriptors.h"

typedef struct fettle_names {
    fettle_engine engine;
    size_t count;
    char names[FETTLE_DFU_ALTERNATES_MAX][FETTLE_TEXT_SIZE];

    /* the engine's own */
    uint8_t indices[FETTLE_DFU_ALTERNATES_MAX];
    size_t at;
    uint16_t language;
    bool asks_language;
    uint8_t answer[255];
} fettle_names;

/* Readies it for all alternate settings of an interface: names[i] is that of alternates[i]. */
fettle_engine *fettle_names_read(fettle_names *names, const fettle_dfu_interface *dfu);

/*
 * UTF-8 that a system has read as UTF-16, as it does with the strings of boards that mix them up: two letters in one
 * character. Puts them back; a text that can't be such a thing stays as it is. For boards known to do that: in
 * Chinese such characters are common.
 */
void fettle_names_mend(char text[FETTLE_TEXT_SIZE]);

/* A string descriptor of `size` bytes as text, cut where there is no room. Empty if it is none. */
void fettle_names_decode(char *text, size_t room, const uint8_t *descriptor, size_t size);

#endif
