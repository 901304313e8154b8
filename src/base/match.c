/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this the board that is meant, and which of its faces does it show? Everything that the
 * caller gave must agree. Boards that are never meant by their ids alone (parts of a
 * computer) are left out unless a person named them by path or serial.
 */
#include "base/effect.h"

#include "base/text.h"

static bool is_same_id(fettle_usb_id a, fettle_usb_id b)
{
    return a.vendor == b.vendor && a.product == b.product;
}

static bool is_named(const fettle_match *match)
{
    return match->path != NULL || match->serial != NULL;
}

static bool is_left_out(const fettle_match *match, const fettle_sight *sight)
{
    for (size_t i = 0; i < match->never_count; i++) {
        if (is_same_id(match->never[i], sight->id)) {
            return !is_named(match);
        }
    }
    return false;
}

static bool is_at(const char *path, const fettle_sight *sight)
{
    return fettle_text_is_equal(path, sight->path) ||
           (sight->node[0] != '\0' && fettle_text_is_equal(path, sight->node));
}

static bool is_meant(const fettle_match *match, const fettle_sight *sight)
{
    return sight->arrival != 0 && (match->path == NULL || is_at(match->path, sight)) &&
           (match->may_be == NULL || match->may_be(sight)) &&
           (match->serial == NULL || fettle_text_is_equal(match->serial, sight->serial)) &&
           (match->after_arrival == 0 || sight->arrival > match->after_arrival) &&
           !is_left_out(match, sight);
}

static bool fits(const fettle_face *face, const fettle_sight *sight)
{
    static const fettle_usb_id any = {0, 0};

    return (face->as == FETTLE_LINK_NONE || face->as == sight->kind) &&
           (is_same_id(face->id, any) || is_same_id(face->id, sight->id));
}

const fettle_face *fettle_match_face(const fettle_match *match, const fettle_sight *sight)
{
    if (!is_meant(match, sight)) {
        return NULL;
    }
    for (size_t i = 0; i < match->face_count; i++) {
        if (fits(&match->faces[i], sight)) {
            return &match->faces[i];
        }
    }
    return NULL;
}
