/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application of a shield as a USB device. In a world it is a serial line (transport.h); a host
 * at the other end of USB/IP sees the CDC-ACM device that carries it.
 */
#ifndef FETTLE_SIM_SERVE_FACE_H
#define FETTLE_SIM_SERVE_FACE_H

#include "fettle/transport.h"

typedef struct fettle_sim_face {
    const fettle_sight *sight; /* who it is */
    const fettle_link *link;   /* its serial line */
    uint8_t line_coding[7];    /* CDC PSTN 1.2 section 6.3.11 */
} fettle_sim_face;

/* Both must outlive the face. */
void fettle_sim_face_init(fettle_sim_face *face, const fettle_sight *sight,
                          const fettle_link *link);

/* As fettle_usb_ops.control(), at once. */
fettle_outcome fettle_sim_face_control(fettle_sim_face *face,
                                       const fettle_control *control);

#endif
