/* SPDX-License-Identifier: Apache-2.0 */
/* The shields as carriers of modules: the PIC's channel behind the table that jobs know (board/module.h). */
#include "pycom/pic.h"
#include "pycom/pycom.h"

enum {
    MICROCHIP = 0x04D8,
    BAUD_MAX = 921600,        /* towards the module (SIG) */
    BAUD_OF_ANSWERS = 230400, /* what the PIC hands on whole (SIG caps reads at it) */
};

/* In application mode; the ids of their loaders are other ones. */
static const uint16_t products[] = {
    0xF012, /* Pysense */
    0xF013, /* Pytrack */
    0xEF98, /* Expansion Board 3.x */
    0xEF38, /* Pyscan */
    0xED14, /* Pygate */
};

static bool is_one(fettle_usb_id id)
{
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        if (id.vendor == MICROCHIP && id.product == products[i]) {
            return true;
        }
    }
    return false;
}

static void init(void *room, fettle_usb_id id)
{
    fettle_pic_init(room, id);
}

static fettle_engine *ask(void *room)
{
    return fettle_pic_ask(room);
}

static fettle_engine *enter(void *room)
{
    return fettle_pic_enter(room);
}

static fettle_engine *leave(void *room)
{
    return fettle_pic_leave(room);
}

static fettle_engine *update_mode(void *room)
{
    return fettle_pic_update_mode(room);
}

static void tell(const void *room, fettle_carrier_facts *facts)
{
    const fettle_pic *pic = room;
    *facts = pic->facts;
}

const fettle_carrier_ops fettle_pycom_carrier = {
    .name = "shield",
    .baud_max = BAUD_MAX,
    .baud_of_answers = BAUD_OF_ANSWERS,
    .is_one = is_one,
    .init = init,
    .ask = ask,
    .enter = enter,
    .leave = leave,
    .update_mode = update_mode,
    .tell = tell,
};
