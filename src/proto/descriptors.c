/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor set is a chain: each descriptor says how long it is and of which type (USB 2.0
 * section 9.5). It is walked once, from front to back. The only memory of the walk is which DFU
 * interface the last interface descriptor belonged to, if any: that alone tells a DFU functional
 * descriptor from a HID descriptor, as both are type 0x21.
 *
 * Every step moves on by at least two bytes and never beyond the end, so no length that a device
 * invents can make the walk loop or read too far.
 */
#include "descriptors.h"

#include "base/bytes.h"
#include "base/error.h"

/* bDescriptorType: USB 2.0 table 9-5; the functional descriptor: USB DFU 1.1 table 4.2. */
enum {
    TYPE_DEVICE = 0x01,
    TYPE_CONFIGURATION = 0x02,
    TYPE_INTERFACE = 0x04,
    TYPE_ENDPOINT = 0x05,
    TYPE_DFU_FUNCTIONAL = 0x21,
};

/* bLength: USB 2.0 tables 9-8, 9-10, 9-12 and 9-13; USB DFU 1.0 and 1.1 table 4.2. */
enum {
    HEADER_SIZE = 2,
    DEVICE_SIZE = 18,
    CONFIGURATION_SIZE = 9,
    INTERFACE_SIZE = 9,
    ENDPOINT_SIZE = 7,
    FUNCTIONAL_SIZE_1_0 = 7,
    FUNCTIONAL_SIZE_1_1 = 9,
};

/* Classes, subclasses and protocols: usb.org, "Defined Class Codes". */
enum {
    CLASS_AUDIO = 0x01,
    CLASS_VIDEO = 0x0E,
    CLASS_WIRELESS = 0xE0,
    CLASS_APPLICATION = 0xFE,
    CLASS_VENDOR = 0xFF,
    SUBCLASS_AUDIO_STREAMING = 0x02,
    SUBCLASS_RADIO = 0x01,
    SUBCLASS_DFU = 0x01,
    PROTOCOL_BLUETOOTH = 0x01,
    PROTOCOL_RUNTIME = 0x01,
    PROTOCOL_DFU_MODE = 0x02,
};

enum {
    TRANSFER_TYPE_MASK = 0x03, /* of an endpoint's bmAttributes */
    TRANSFER_TYPE_ISOCHRONOUS = 0x01,
};

enum {
    BCD_1_0 = 0x0100,
    BCD_1_1 = 0x0110,
    BCD_1_1_MISWRITTEN = 0x0101, /* common on small boards */
};

/* One walk over a set. */
typedef struct walk {
    fettle_usb_descriptors *out;
    const uint8_t *next;
    size_t left;                   /* bytes from `next` on */
    fettle_dfu_interface *current; /* of the last interface descriptor; NULL: not DFU */
    bool has_interface;            /* an interface descriptor has been seen */
    bool has_other;                /* one that isn't DFU */
    bool is_vendor_bluetooth;      /* the last one may be Bluetooth, but vendor-specific */
    const uint8_t *shared; /* functional descriptor before all interfaces, or NULL */
    const char *wrong;     /* what is broken, or NULL */
} walk;

static bool is_dfu(const uint8_t *descriptor)
{
    return descriptor[5] == CLASS_APPLICATION && descriptor[6] == SUBCLASS_DFU;
}

static bool is_radio_bluetooth(uint8_t class, uint8_t subclass, uint8_t protocol)
{
    return class == CLASS_WIRELESS && subclass == SUBCLASS_RADIO &&
           protocol == PROTOCOL_BLUETOOTH;
}

static bool is_computer_interface(const uint8_t *descriptor)
{
    uint8_t class = descriptor[5], subclass = descriptor[6];
    return class == CLASS_VIDEO ||
           (class == CLASS_AUDIO && subclass == SUBCLASS_AUDIO_STREAMING) ||
           is_radio_bluetooth(class, subclass, descriptor[7]);
}

/* The DFU interface with this number; a new one if need be; NULL when there is no more room. */
static fettle_dfu_interface *find_or_add(fettle_usb_descriptors *out,
                                         const uint8_t *descriptor)
{
    for (size_t i = 0; i < out->dfu_count; i++) {
        if (out->dfu[i].number == descriptor[2]) {
            return &out->dfu[i];
        }
    }
    if (out->dfu_count == FETTLE_DFU_INTERFACES_MAX) {
        return NULL;
    }
    fettle_dfu_interface *dfu = &out->dfu[out->dfu_count++];
    dfu->number = descriptor[2];
    dfu->bInterfaceProtocol = descriptor[7];
    return dfu;
}

static void add_alternate(fettle_dfu_interface *dfu, const uint8_t *descriptor)
{
    for (size_t i = 0; i < dfu->alternate_count; i++) {
        if (dfu->alternates[i] == descriptor[3]) {
            return;
        }
    }
    if (dfu->alternate_count < FETTLE_DFU_ALTERNATES_MAX) {
        dfu->alternates[dfu->alternate_count] = descriptor[3];
        dfu->iInterface[dfu->alternate_count] = descriptor[8];
        dfu->alternate_count++;
    }
}

static void read_functional(fettle_dfu_interface *dfu, const uint8_t *descriptor)
{
    dfu->has_functional = true;
    dfu->bmAttributes = descriptor[2];
    dfu->wDetachTimeOut = fettle_get16(descriptor + 3);
    dfu->wTransferSize = fettle_get16(descriptor + 5);
    dfu->bcdDFUVersion =
        descriptor[0] < FUNCTIONAL_SIZE_1_1 ? BCD_1_0 : fettle_get16(descriptor + 7);
}

static void on_interface(walk *w, const uint8_t *descriptor)
{
    w->has_interface = true;
    w->current = NULL;
    w->is_vendor_bluetooth = false;
    if (descriptor[0] < INTERFACE_SIZE) {
        w->wrong = "an interface descriptor of the board is too short";
    } else if (is_dfu(descriptor)) {
        w->current = find_or_add(w->out, descriptor);
        if (w->current != NULL) {
            add_alternate(w->current, descriptor);
        }
    } else {
        w->has_other = true;
        w->out->is_computer_part |= is_computer_interface(descriptor);
        w->is_vendor_bluetooth = descriptor[5] == CLASS_VENDOR &&
                                 descriptor[6] == SUBCLASS_RADIO &&
                                 descriptor[7] == PROTOCOL_BLUETOOTH;
    }
}

/* Plain vendor-specific interfaces often are FF/01/01 too; only those for voice are isochronous. */
static void on_endpoint(walk *w, const uint8_t *descriptor)
{
    if (w->is_vendor_bluetooth && descriptor[0] >= ENDPOINT_SIZE &&
        (descriptor[3] & TRANSFER_TYPE_MASK) == TRANSFER_TYPE_ISOCHRONOUS) {
        w->out->is_computer_part = true;
    }
}

static void on_functional(walk *w, const uint8_t *descriptor)
{
    bool is_whole = descriptor[0] >= FUNCTIONAL_SIZE_1_0;
    if (!w->has_interface) {
        if (is_whole && w->shared == NULL) {
            w->shared = descriptor;
        }
    } else if (w->current != NULL && !is_whole) {
        w->wrong = "the DFU functional descriptor of the board is too short";
    } else if (w->current != NULL && !w->current->has_functional) {
        read_functional(w->current, descriptor);
    }
}

/*
 * The next descriptor, or NULL at the end or when something is wrong. A bLength below 2 leads
 * nowhere: what is left is taken as rubbish, as Linux does.
 */
static const uint8_t *take(walk *w)
{
    const uint8_t *descriptor = w->next;
    if (w->left == 0 || descriptor[0] < HEADER_SIZE) {
        return NULL;
    }
    if (descriptor[0] > w->left) {
        w->wrong = "a descriptor of the board is cut short";
        return NULL;
    }
    w->next += descriptor[0];
    w->left -= descriptor[0];
    return descriptor;
}

static void read_device(walk *w)
{
    fettle_usb_descriptors *out = w->out;
    const uint8_t *descriptor = w->next;
    if (w->left < DEVICE_SIZE) {
        w->wrong = "the device descriptor of the board is missing or cut short";
        return;
    }
    if (descriptor[0] != DEVICE_SIZE || descriptor[1] != TYPE_DEVICE) {
        w->wrong = "the descriptors of the board don't begin with a device descriptor";
        return;
    }
    out->bcdUSB = fettle_get16(descriptor + 2);
    out->bDeviceClass = descriptor[4];
    out->is_computer_part = is_radio_bluetooth(descriptor[4], descriptor[5], descriptor[6]);
    out->bMaxPacketSize0 = descriptor[7];
    out->idVendor = fettle_get16(descriptor + 8);
    out->idProduct = fettle_get16(descriptor + 10);
    out->bcdDevice = fettle_get16(descriptor + 12);
    out->iManufacturer = descriptor[14];
    out->iProduct = descriptor[15];
    out->iSerialNumber = descriptor[16];
    w->next += DEVICE_SIZE;
    w->left -= DEVICE_SIZE;
}

static void read_configuration(walk *w)
{
    const uint8_t *descriptor = w->next;
    if (w->left < CONFIGURATION_SIZE) {
        w->wrong = "the configuration descriptor of the board is cut short";
        return;
    }
    size_t total = fettle_get16(descriptor + 2); /* wTotalLength */
    if (descriptor[0] < CONFIGURATION_SIZE || descriptor[1] != TYPE_CONFIGURATION ||
        total < descriptor[0]) {
        w->wrong = "the configuration descriptor of the board is broken";
        return;
    }
    w->out->interface_count = descriptor[4];
    w->out->bConfigurationValue = descriptor[5];
    w->left = total < w->left ? total : w->left;
    take(w);
}

static void read_interfaces(walk *w)
{
    for (const uint8_t *descriptor = take(w); descriptor != NULL; descriptor = take(w)) {
        switch (descriptor[1]) {
        case TYPE_INTERFACE:
            on_interface(w, descriptor);
            break;
        case TYPE_ENDPOINT:
            on_endpoint(w, descriptor);
            break;
        case TYPE_DFU_FUNCTIONAL:
            on_functional(w, descriptor);
            break;
        default:
            break;
        }
        if (w->wrong != NULL) {
            w->next = descriptor;
            return;
        }
    }
}

/* With two that have none it would be a guess whose it is, and a wrong one exceeds a block size. */
static void place_shared(walk *w)
{
    fettle_dfu_interface *without = NULL;
    for (size_t i = 0; i < w->out->dfu_count; i++) {
        if (w->out->dfu[i].has_functional) {
            continue;
        }
        if (without != NULL) {
            return;
        }
        without = &w->out->dfu[i];
    }
    if (without != NULL && w->shared != NULL) {
        read_functional(without, w->shared);
    }
}

static fettle_dfu_mode_guess guess_alone(const fettle_dfu_interface *dfu)
{
    bool is_by_the_book =
        dfu->bcdDFUVersion == BCD_1_1 || dfu->bcdDFUVersion == BCD_1_1_MISWRITTEN;
    bool is_runtime = dfu->bInterfaceProtocol == PROTOCOL_RUNTIME && is_by_the_book &&
                      dfu->alternate_count == 1;
    return is_runtime ? FETTLE_DFU_RUNTIME : FETTLE_DFU_UNSURE;
}

static fettle_dfu_mode_guess guess_interface(const walk *w, const fettle_dfu_interface *dfu)
{
    if (dfu->bInterfaceProtocol == PROTOCOL_DFU_MODE) {
        return FETTLE_DFU_UPDATE;
    }
    if (dfu->bInterfaceProtocol > PROTOCOL_DFU_MODE) {
        return FETTLE_DFU_UNSURE;
    }
    if (w->has_other) {
        return FETTLE_DFU_RUNTIME;
    }
    return w->out->interface_count > w->out->dfu_count ? FETTLE_DFU_UNSURE
                                                       : guess_alone(dfu);
}

static fettle_dfu_mode_guess guess_mode(const walk *w)
{
    fettle_dfu_mode_guess mode = FETTLE_DFU_NONE;
    for (size_t i = 0; i < w->out->dfu_count; i++) {
        fettle_dfu_mode_guess guess = guess_interface(w, &w->out->dfu[i]);
        mode = mode == FETTLE_DFU_NONE || mode == guess ? guess : FETTLE_DFU_UNSURE;
    }
    return mode;
}

bool fettle_usb_descriptors_parse(fettle_usb_descriptors *out, fettle_span bytes,
                                  fettle_error *err)
{
    *out = (fettle_usb_descriptors){0};
    walk w = {.out = out, .next = bytes.data, .left = bytes.size};
    read_device(&w);
    if (w.wrong == NULL && w.left > 0) {
        read_configuration(&w);
    }
    if (w.wrong == NULL) {
        read_interfaces(&w);
    }
    if (w.wrong != NULL) {
        size_t offset = bytes.size == 0 ? 0 : (size_t)(w.next - bytes.data);
        *out = (fettle_usb_descriptors){0};
        fettle_error_set(err, FETTLE_E_UNEXPECTED_ANSWER, &(fettle_words){.text = w.wrong});
        fettle_words_render(err->evidence, sizeof err->evidence,
                            "descriptors: {size} bytes, wrong at byte {count}",
                            &(fettle_words){.size = bytes.size, .count = offset});
        return false;
    }
    place_shared(&w);
    out->mode = guess_mode(&w);
    return true;
}

uint16_t fettle_dfu_transfer_size(const fettle_dfu_interface *dfu, uint8_t bMaxPacketSize0)
{
    enum { UNKNOWN = 64, UNLIMITED = 1024, LARGEST = 4096 };
    switch (dfu->wTransferSize) {
    case 0:
        return bMaxPacketSize0 > UNKNOWN ? bMaxPacketSize0 : UNKNOWN;
    case 0xFFFF:
        return UNLIMITED;
    default:
        return dfu->wTransferSize < LARGEST ? dfu->wTransferSize : LARGEST;
    }
}
