/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pycom: shields with a PIC16F145x that is updated over USB DFU. The vendor closed in 2023; what is
 * known is in docs/protocols/pycom-shields.md.
 */
#ifndef FETTLE_PYCOM_H
#define FETTLE_PYCOM_H

#include "board/vendor.h"

extern const fettle_vendor fettle_vendor_pycom;

enum { FETTLE_PYCOM_ROWS = 5 };
extern const fettle_board_row fettle_pycom_rows[FETTLE_PYCOM_ROWS];

/* The shields as what carries a module. */
extern const fettle_carrier_ops fettle_pycom_carrier;

/* Findings about the content of a shield's image; see fettle_vendor.check. */
size_t fettle_pycom_check_shield(const fettle_board_row *row, fettle_span content,
                                 fettle_finding *findings, size_t max);

/*
 * The checksum that the upstream bootloader wants: CRC-14, reflected polynomial 0x23B1, start 0, 16
 * bits a word, low byte first. Over words that end in their own checksum it is 0. An odd last byte is
 * left out.
 */
uint16_t fettle_pycom_crc14(fettle_span words);

#endif
