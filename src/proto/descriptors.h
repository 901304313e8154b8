/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a USB device says about itself, as far as firmware update is concerned: the device
 * descriptor and the descriptor set of one configuration (USB 2.0 section 9.6), with the DFU
 * interfaces and their functional descriptors in it (USB DFU 1.1 sections 4.1 and 4.2).
 *
 * The bytes are the device's and untrusted. All that is read here is a value afterwards: nothing
 * points into the bytes. What *kind* of device it is by its ids, what the strings say and whether
 * GETSTATUS agrees with the mode guessed here is left to the callers.
 *
 * Pure: no state, no memory, no system; safe from any thread.
 */
#ifndef FETTLE_PROTO_DESCRIPTORS_H
#define FETTLE_PROTO_DESCRIPTORS_H

#include "fettle/outcome.h"

enum {
    FETTLE_DFU_INTERFACES_MAX = 8,  /* of a configuration; further ones are left out */
    FETTLE_DFU_ALTERNATES_MAX = 16, /* of one DFU interface; further ones are left out */
};

/* Bits of bmAttributes, USB DFU 1.1 table 4.2. */
enum {
    FETTLE_DFU_CAN_DNLOAD = 0x01,
    FETTLE_DFU_CAN_UPLOAD = 0x02,
    FETTLE_DFU_MANIFESTATION_TOLERANT = 0x04,
    FETTLE_DFU_WILL_DETACH = 0x08,
};

/*
 * One DFU interface of a configuration: class 0xFE, subclass 0x01. Several alternate settings are
 * several memories of the same device; they stand here in the order of the descriptors.
 *
 * The protocol is the first alternate's: 1 runtime, 2 DFU mode, by the book. The last five fields
 * are the functional descriptor's, exactly as they stand there, and 0 without one; where there
 * are several (one after each alternate) they are the first one's. In bmAttributes, bit 0 is
 * CanDnload, 1 CanUpload, 2 ManifestationTolerant, 3 WillDetach. The 7-byte form of DFU 1.0 has
 * no bcdDFUVersion: 0x0100.
 */
typedef struct fettle_dfu_interface {
    uint8_t number; /* bInterfaceNumber */
    uint8_t bInterfaceProtocol;
    uint8_t alternate_count;                       /* 1 to FETTLE_DFU_ALTERNATES_MAX */
    uint8_t alternates[FETTLE_DFU_ALTERNATES_MAX]; /* bAlternateSetting, each once */
    uint8_t iInterface[FETTLE_DFU_ALTERNATES_MAX]; /* string index of its name; 0: none */
    bool has_functional;
    uint8_t bmAttributes;
    uint16_t wDetachTimeOut; /* ms */
    uint16_t wTransferSize;  /* bytes; see fettle_dfu_transfer_size() */
    uint16_t bcdDFUVersion;
} fettle_dfu_interface;

/*
 * The mode that a device seems to be in, from its descriptors alone. Its protocol byte decides
 * where it can be believed. It is not believed, and GETSTATUS or knowledge of the device must
 * decide (UNSURE), where there are only DFU interfaces and one says
 *   - protocol 0, as DFU 1.0 did in both modes, or
 *   - protocol 1, but has several alternates or isn't version 1.1 (0x0110, or 0x0101 by mistake):
 *     loaders in ROM do so;
 * and everywhere with a protocol above 2 or with DFU interfaces that contradict each other.
 * Protocol 0 or 1 next to interfaces of other classes is an application; where bNumInterfaces
 * announces others that aren't in the bytes, it is UNSURE.
 */
typedef enum fettle_dfu_mode_guess {
    FETTLE_DFU_NONE,    /* no DFU interface */
    FETTLE_DFU_RUNTIME, /* an application that offers DFU */
    FETTLE_DFU_UPDATE,  /* DFU mode */
    FETTLE_DFU_UNSURE,
} fettle_dfu_mode_guess;

/* A device in one configuration. Fields in the specification's words are as they stand there. */
typedef struct fettle_usb_descriptors {
    uint16_t idVendor, idProduct, bcdDevice, bcdUSB;
    uint8_t bDeviceClass, bMaxPacketSize0;
    uint8_t iManufacturer, iProduct, iSerialNumber; /* string indices; 0: none */
    uint8_t bConfigurationValue;                    /* 0 without a configuration */
    uint8_t interface_count; /* bNumInterfaces, all classes; 0 without */
    /*
     * It is, or serves as, a part of a computer that merely has DFU as well, and that nobody wants
     * interrupted: a Bluetooth adapter (class 0xE0/01/01, or the same shape under 0xFF/01/01), a
     * camera (video class), or something that plays or records (audio streaming; MIDI alone is
     * not). Never to be chosen by default, never to be reset. Only an application shows it: in DFU
     * mode the other interfaces are gone.
     */
    bool is_computer_part;
    size_t dfu_count; /* 0: not a DFU device, which is no error here */
    fettle_dfu_interface dfu[FETTLE_DFU_INTERFACES_MAX]; /* in order of appearance */
    fettle_dfu_mode_guess mode;                          /* of the whole device */
} fettle_usb_descriptors;

/*
 * Reads a device descriptor (18 bytes) and, directly behind it, the descriptor set of one
 * configuration; the latter may be missing altogether. Bytes beyond wTotalLength are ignored, and
 * so is everything from a descriptor with a bLength below 2 on. Fewer bytes than wTotalLength are
 * taken as far as they go.
 *
 * A functional descriptor (type 0x21, the same number as HID's) counts after the interface
 * descriptor of a DFU interface, before the next interface; or before the first interface of all,
 * for the one DFU interface that has none of its own. It may have any length from 7 on.
 *
 * False with UNEXPECTED_ANSWER where there is no device descriptor, where a descriptor is cut by
 * the end of the bytes or of wTotalLength, or where one that matters is shorter than its fields;
 * `out` is empty then, and the error's evidence says at which byte. None of the pointers may be
 * NULL (bytes.data may with size 0); `bytes` isn't needed any more afterwards.
 */
bool fettle_usb_descriptors_parse(fettle_usb_descriptors *out, fettle_span bytes,
                                  fettle_error *err);

/*
 * The size of a block, in bytes, that may be sent to or asked from this interface: never 0, never
 * above 4096, never above wTransferSize if that is a size at all. Two values found in the wild are
 * none: 0 becomes 64 (or bMaxPacketSize0 where that is larger) and 0xFFFF becomes 1024, fwupd's
 * choice. No functional descriptor is the same as 0. A size below bMaxPacketSize0 is against the
 * specification, but it is the device's own and stays.
 */
uint16_t fettle_dfu_transfer_size(const fettle_dfu_interface *dfu, uint8_t bMaxPacketSize0);

#endif
