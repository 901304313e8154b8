/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptor parser, against descriptors of real devices (tests/data/usb), against sets made by
 * hand for every rule of its contract, and against all of them cut and damaged in every place.
 *
 * The data folder is the first argument, or FETTLE_TEST_DATA, or tests/data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "proto/descriptors.h"

enum { SET_SIZE = 1024, RECORD_SIZE = 16384, DEVICE_SIZE = 18, CONFIGURATION_SIZE = 9 };

/* A device descriptor and one configuration set. */
typedef struct set {
    size_t size;
    uint8_t bytes[SET_SIZE];
} set;

/* A .usbdesc file, each line ended by NUL. */
typedef struct record {
    char name[256];
    size_t size;
    char text[RECORD_SIZE + 1];
} record;

/* Reading .usbdesc files */

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static void read_record(record *out, const char *folder, const char *name)
{
    char path[1024];
    assert_true(snprintf(path, sizeof path, "%s/usb/%s", folder, name) < (int)sizeof path);
    assert_true(snprintf(out->name, sizeof out->name, "%s", name) < (int)sizeof out->name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    out->size = fread(out->text, 1, RECORD_SIZE, file);
    assert_true(feof(file));
    fclose(file);
    out->text[out->size] = '\0';
    for (size_t i = 0; i < out->size; i++) {
        if (out->text[i] == '\n') {
            out->text[i] = '\0';
        }
    }
    assert_string_equal("usbdesc 1", out->text);
}

/* The first line after `line` (NULL: from the start) that begins with `key`, or NULL. */
static const char *next_line(const record *r, const char *line, const char *key)
{
    const char *end = r->text + r->size;
    for (line = line == NULL ? r->text : line + strlen(line) + 1; line < end;
         line += strlen(line) + 1) {
        if (strncmp(line, key, strlen(key)) == 0) {
            return line;
        }
    }
    return NULL;
}

/* The number behind " name=" in the line; false if it isn't there or isn't known. */
static bool find_number(const char *line, const char *name, unsigned long *number)
{
    size_t length = strlen(name);
    for (const char *at = strchr(line, ' '); at != NULL; at = strchr(at + 1, ' ')) {
        if (strncmp(at + 1, name, length) == 0 && at[1 + length] == '=') {
            const char *digits = at + length + 2;
            char *end;
            *number = strtoul(digits, &end, 0);
            return end != digits;
        }
    }
    return false;
}

static unsigned long number_of(const char *line, const char *name)
{
    unsigned long number = 0;
    if (!find_number(line, name, &number)) {
        fail_msg("no number %s in \"%s\"", name, line);
    }
    return number;
}

static void append_hex(set *out, const char *hex)
{
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        char digits[3] = {hex[0], hex[1], '\0'}, *end;
        assert_true(out->size < SET_SIZE);
        out->bytes[out->size++] = (uint8_t)strtoul(digits, &end, 16);
        assert_ptr_equal(digits + 2, end);
    }
    assert_true(hex[0] == '\0');
}

static const char *last_word(const char *line)
{
    const char *blank = strrchr(line, ' ');
    assert_non_null(blank);
    return blank + 1;
}

/* The line that describes configuration `value` and begins with `key`, after `line`. */
static const char *next_of(const record *r, const char *line, const char *key,
                           unsigned long value)
{
    for (line = next_line(r, line, key); line != NULL; line = next_line(r, line, key)) {
        if (number_of(line, "config") == value) {
            return line;
        }
    }
    return NULL;
}

/* All bytes of a configuration with the device's before it; false where they aren't all known. */
static bool find_set(const record *r, unsigned long value, set *out)
{
    const char *device = next_line(r, NULL, "device_hex: reconstructed ");
    const char *config = next_of(r, NULL, "config_hex: reconstructed ", value);
    out->size = 0;
    if (device == NULL || config == NULL) {
        return false;
    }
    append_hex(out, last_word(device));
    append_hex(out, last_word(config));
    return true;
}

/* Calls `check` with every configuration whose bytes are all known; how many there were. */
static size_t for_each_set(const char *folder,
                           void (*check)(const record *, const char *config, const set *))
{
    char path[1024];
    assert_true(snprintf(path, sizeof path, "%s/usb", folder) < (int)sizeof path);
    DIR *entries = opendir(path);
    if (entries == NULL) {
        fail_msg("no folder %s", path);
        return 0;
    }
    record *r = malloc(sizeof *r);
    assert_non_null(r);
    size_t count = 0;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (!ends_in(entry->d_name, ".usbdesc")) {
            continue;
        }
        read_record(r, folder, entry->d_name);
        for (const char *config = next_line(r, NULL, "config: "); config != NULL;
             config = next_line(r, config, "config: ")) {
            set s;
            if (find_set(r, number_of(config, "value"), &s)) {
                check(r, config, &s);
                count++;
            }
        }
    }
    free(r);
    closedir(entries);
    return count;
}

/* Parsing */

static bool is_empty(const fettle_usb_descriptors *d)
{
    return d->idVendor == 0 && d->idProduct == 0 && d->bcdUSB == 0 &&
           d->interface_count == 0 && !d->is_computer_part && d->dfu_count == 0 &&
           d->mode == FETTLE_DFU_NONE;
}

/*
 * Parses an exact copy of the bytes on the heap, so that a read past the end is found, and checks
 * what must hold of every answer.
 */
static bool parse(fettle_usb_descriptors *out, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    memset(out, 0xA5, sizeof *out);
    fettle_error error = {0};
    bool is_ok = fettle_usb_descriptors_parse(out, (fettle_span){copy, size}, &error);
    free(copy);
    if (!is_ok) {
        assert_int_equal(FETTLE_E_UNEXPECTED_ANSWER, error.code);
        assert_true(error.message[0] != '\0');
        assert_true(error.evidence[0] != '\0');
        assert_true(is_empty(out));
        return false;
    }
    assert_int_equal(FETTLE_E_NONE, error.code);
    assert_true(out->dfu_count <= FETTLE_DFU_INTERFACES_MAX);
    assert_int_equal(out->dfu_count == 0, out->mode == FETTLE_DFU_NONE);
    for (size_t i = 0; i < out->dfu_count; i++) {
        assert_in_range(out->dfu[i].alternate_count, 1, FETTLE_DFU_ALTERNATES_MAX);
        uint16_t usable = fettle_dfu_transfer_size(&out->dfu[i], out->bMaxPacketSize0);
        assert_in_range(usable, 1, 4096);
    }
    return true;
}

/* A device descriptor with class 0 and 64-byte packets, then the hex digits of a configuration. */
static set make_set(const char *config_hex)
{
    set s = {0};
    append_hex(&s, "120100020000004034127856020101020301");
    append_hex(&s, config_hex);
    return s;
}

static fettle_usb_descriptors parse_hex(const char *config_hex)
{
    set s = make_set(config_hex);
    fettle_usb_descriptors out;
    assert_true(parse(&out, s.bytes, s.size));
    return out;
}

static void assert_refused(const char *config_hex)
{
    set s = make_set(config_hex);
    fettle_usb_descriptors out;
    assert_false(parse(&out, s.bytes, s.size));
}

static void assert_functional(const fettle_dfu_interface *dfu, unsigned bmAttributes,
                              unsigned wDetachTimeOut, unsigned wTransferSize,
                              unsigned bcdDFUVersion)
{
    assert_true(dfu->has_functional);
    assert_int_equal(bmAttributes, dfu->bmAttributes);
    assert_int_equal(wDetachTimeOut, dfu->wDetachTimeOut);
    assert_int_equal(wTransferSize, dfu->wTransferSize);
    assert_int_equal(bcdDFUVersion, dfu->bcdDFUVersion);
}

/* Real devices */

/*
 * No file with all its bytes leaves the mode open: in DFU mode each says protocol 2, and each
 * application says 1 next to other interfaces. (The NXP ROM and the PIC loader can't be told from
 * their descriptors; they are among the sets made by hand below.)
 */
static fettle_dfu_mode_guess expected_mode(const record *r, bool has_dfu)
{
    const char *mode = next_line(r, NULL, "mode: ");
    assert_non_null(mode);
    if (!has_dfu) { /* also a second configuration without, of a device that has it in the first */
        return FETTLE_DFU_NONE;
    }
    assert_string_not_equal("mode: none", mode);
    return strcmp(mode, "mode: dfu") == 0 ? FETTLE_DFU_UPDATE : FETTLE_DFU_RUNTIME;
}

static const fettle_dfu_interface *find_dfu(const fettle_usb_descriptors *d,
                                            unsigned long number)
{
    for (size_t i = 0; i < d->dfu_count; i++) {
        if (d->dfu[i].number == number) {
            return &d->dfu[i];
        }
    }
    fail_msg("no DFU interface %lu", number);
    return NULL;
}

static void check_device(const record *r, const char *config,
                         const fettle_usb_descriptors *d)
{
    const char *device = next_line(r, NULL, "device: ");
    assert_non_null(device);
    assert_int_equal(number_of(device, "vid"), d->idVendor);
    assert_int_equal(number_of(device, "pid"), d->idProduct);
    assert_int_equal(number_of(device, "bcdDevice"), d->bcdDevice);
    assert_int_equal(number_of(device, "bcdUSB"), d->bcdUSB);
    assert_int_equal(number_of(device, "class"), d->bDeviceClass);
    assert_int_equal(number_of(device, "mps0"), d->bMaxPacketSize0);
    assert_int_equal(number_of(device, "iManufacturer"), d->iManufacturer);
    assert_int_equal(number_of(device, "iProduct"), d->iProduct);
    assert_int_equal(number_of(device, "iSerial"), d->iSerialNumber);
    assert_int_equal(number_of(config, "value"), d->bConfigurationValue);
    assert_int_equal(number_of(config, "interfaces"), d->interface_count);
}

/* Every alternate of every DFU interface in the file, and no other. How many there are. */
static size_t check_alternates(const record *r, unsigned long value,
                               const fettle_usb_descriptors *d)
{
    size_t expected = 0, actual = 0;
    for (const char *line = next_of(r, NULL, "interface: ", value); line != NULL;
         line = next_of(r, line, "interface: ", value)) {
        if (number_of(line, "class") != 0xFE || number_of(line, "subclass") != 1) {
            continue;
        }
        expected++;
        const fettle_dfu_interface *dfu = find_dfu(d, number_of(line, "number"));
        assert_int_equal(number_of(line, "protocol"), dfu->bInterfaceProtocol);
        size_t i = 0;
        while (i < dfu->alternate_count && dfu->alternates[i] != number_of(line, "alt")) {
            i++;
        }
        assert_true(i < dfu->alternate_count);
        assert_int_equal(number_of(line, "iInterface"), dfu->iInterface[i]);
    }
    for (size_t i = 0; i < d->dfu_count; i++) {
        actual += d->dfu[i].alternate_count;
    }
    assert_int_equal(expected, actual);
    return expected;
}

static void check_functionals(const record *r, unsigned long value,
                              const fettle_usb_descriptors *d)
{
    for (const char *line = next_of(r, NULL, "dfu_functional: ", value); line != NULL;
         line = next_of(r, line, "dfu_functional: ", value)) {
        unsigned long version = 0x0100;
        find_number(line, "version", &version);
        assert_functional(find_dfu(d, number_of(line, "interface")),
                          (unsigned)number_of(line, "attributes"),
                          (unsigned)number_of(line, "detach_ms"),
                          (unsigned)number_of(line, "transfer"), (unsigned)version);
    }
}

static void check_real(const record *r, const char *config, const set *s)
{
    print_message("%s, configuration %lu\n", r->name, number_of(config, "value"));
    fettle_usb_descriptors d;
    assert_true(parse(&d, s->bytes, s->size));
    assert_int_equal(number_of(config, "total"), s->size - DEVICE_SIZE);
    check_device(r, config, &d);
    bool has_dfu = check_alternates(r, number_of(config, "value"), &d) > 0;
    check_functionals(r, number_of(config, "value"), &d);
    assert_int_equal(expected_mode(r, has_dfu), d.mode);
    /* The Bluetooth adapters, one of them vendor-specific, and nothing else. */
    assert_int_equal(strncmp(r->name, "bt-", 3) == 0, d.is_computer_part);
}

static void real_devices_are_read_as_recorded(void **state)
{
    assert_true(for_each_set(*state, check_real) >= 28);
}

/* Known sets: documents and observations */

#define CONFIG_27 "09021b0001010080320904000000fe01"

static const struct {
    const char *name, *config_hex;
    fettle_dfu_mode_guess mode;
    unsigned bmAttributes, wDetachTimeOut, wTransferSize, bcdDFUVersion, alternate_count;
} known[] = {
    {"Pycom PIC loader: 0 and 1.0 in DFU mode, undecidable",
     CONFIG_27 "0000092103000040000001", FETTLE_DFU_UNSURE, 0x03, 0, 64, 0x0100, 1},
    {"PIC loader since 2018-12: protocol 2", CONFIG_27 "0200092103000040000001",
     FETTLE_DFU_UPDATE, 0x03, 0, 64, 0x0100, 1},
    {"NXP ROM: 1 and 1.0 in DFU mode, undecidable", CONFIG_27 "010009210be80300080001",
     FETTLE_DFU_UNSURE, 0x0B, 1000, 2048, 0x0100, 1},
    {"Zephyr 2.5 runtime: 1 and 1.1", CONFIG_27 "0100092107e80380001001",
     FETTLE_DFU_RUNTIME, 0x07, 1000, 128, 0x0110, 1},
    {"TinyUSB, two alternates",
     "0902240001010080320904000000fe0102040904000100fe010205092107e80340001001",
     FETTLE_DFU_UPDATE, 0x07, 1000, 64, 0x0110, 2},
    {"STM32 ROM that says 0, undecidable", CONFIG_27 "000009210bff0000081a01",
     FETTLE_DFU_UNSURE, 0x0B, 255, 2048, 0x011A, 1},
    {"1.1 miswritten as 0x0101", CONFIG_27 "0100092107e80380000101", FETTLE_DFU_RUNTIME,
     0x07, 1000, 128, 0x0101, 1},
    {"1, 1.1, but two alternates: undecidable",
     "0902240001010080320904000000fe0101040904000100fe010105092107e80340001001",
     FETTLE_DFU_UNSURE, 0x07, 1000, 64, 0x0110, 2},
    {"protocol 3: undecidable", CONFIG_27 "0300092107e80380001001", FETTLE_DFU_UNSURE, 0x07,
     1000, 128, 0x0110, 1},
    {"protocol 0 next to HID: an application",
     "09022d00020100803209040000000300000009040100"
     "00fe010000092107e80340000001",
     FETTLE_DFU_RUNTIME, 0x07, 1000, 64, 0x0100, 1},
    {"protocol 1, a second interface announced but not there",
     "09021b0002010080320904000000fe010100092107e80340001001", FETTLE_DFU_UNSURE, 0x07,
     1000, 64, 0x0110, 1},
};

static void known_sets_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        print_message("%s\n", known[i].name);
        fettle_usb_descriptors d = parse_hex(known[i].config_hex);
        assert_int_equal(1, d.dfu_count);
        assert_int_equal(known[i].mode, d.mode);
        assert_int_equal(known[i].alternate_count, d.dfu[0].alternate_count);
        assert_functional(&d.dfu[0], known[i].bmAttributes, known[i].wDetachTimeOut,
                          known[i].wTransferSize, known[i].bcdDFUVersion);
        assert_false(d.is_computer_part);
    }
}

static void device_without_configuration_is_read(void **state)
{
    (void)state;
    fettle_usb_descriptors d = parse_hex("");
    assert_int_equal(0x1234, d.idVendor);
    assert_int_equal(0x5678, d.idProduct);
    assert_int_equal(0x0102, d.bcdDevice);
    assert_int_equal(0x0200, d.bcdUSB);
    assert_int_equal(64, d.bMaxPacketSize0);
    assert_int_equal(0, d.bConfigurationValue);
    assert_int_equal(0, d.interface_count);
    assert_int_equal(FETTLE_DFU_NONE, d.mode);
}

/* Where the functional descriptor stands */

static void functional_after_each_alternate(void **state)
{
    (void)state;
    fettle_usb_descriptors d =
        parse_hex("09022d0001010080320904000000fe0102040921030102400010010904"
                  "000100fe010205092107030480001001");
    assert_int_equal(1, d.dfu_count);
    assert_int_equal(2, d.dfu[0].alternate_count);
    assert_int_equal(4, d.dfu[0].iInterface[0]);
    assert_int_equal(5, d.dfu[0].iInterface[1]);
    assert_functional(&d.dfu[0], 0x03, 0x0201, 64, 0x0110); /* the first */
}

static void functional_after_configuration(void **state)
{
    (void)state;
    fettle_usb_descriptors d =
        parse_hex("09021b000101008032092103e803400010010904000000fe010200");
    assert_functional(&d.dfu[0], 0x03, 1000, 64, 0x0110);
    assert_int_equal(FETTLE_DFU_UPDATE, d.mode);
}

static void own_functional_wins_over_configurations(void **state)
{
    (void)state;
    fettle_usb_descriptors d =
        parse_hex("090224000101008032092103e803400010010904000000fe010200"
                  "09210bff0000081a01");
    assert_functional(&d.dfu[0], 0x0B, 255, 2048, 0x011A);
}

static void functional_is_never_shared(void **state)
{
    (void)state;
    /* Two without: nobody knows whose it is. */
    fettle_usb_descriptors d =
        parse_hex("090224000201008032092103e803400010010904000000fe010200"
                  "0904010000fe010200");
    assert_int_equal(2, d.dfu_count);
    assert_false(d.dfu[0].has_functional);
    assert_false(d.dfu[1].has_functional);
    /* One has its own: it is the other's. */
    d = parse_hex("09022d000201008032092103e803400010010904000000fe010200"
                  "0904010000fe01020009210bff0000081a01");
    assert_functional(&d.dfu[0], 0x03, 1000, 64, 0x0110);
    assert_functional(&d.dfu[1], 0x0B, 255, 2048, 0x011A);
}

static void each_interface_has_its_own_functional(void **state)
{
    (void)state;
    fettle_usb_descriptors d = parse_hex("09023600020100803209040100"
                                         "00fe010200092103e80340001001"
                                         "0904050000fe010200"
                                         "09210bff0000081a01");
    assert_int_equal(2, d.dfu_count);
    assert_int_equal(1, d.dfu[0].number);
    assert_int_equal(5, d.dfu[1].number);
    assert_functional(&d.dfu[0], 0x03, 1000, 64, 0x0110);
    assert_functional(&d.dfu[1], 0x0B, 255, 2048, 0x011A);
}

static void hid_descriptor_is_not_functional(void **state)
{
    (void)state;
    /* DFU without a functional descriptor, then HID with its own 0x21; and the other way round. */
    fettle_usb_descriptors d = parse_hex("0902240002010080320904000000fe010100"
                                         "090401000103000000092111010001227b00");
    assert_int_equal(1, d.dfu_count);
    assert_false(d.dfu[0].has_functional);
    assert_int_equal(64, fettle_dfu_transfer_size(&d.dfu[0], d.bMaxPacketSize0));
    d = parse_hex("09022400020100803209040000010300000009211101000122"
                  "7b000904010000fe010100");
    assert_int_equal(1, d.dfu_count);
    assert_false(d.dfu[0].has_functional);
    assert_int_equal(FETTLE_DFU_RUNTIME, d.mode);
}

static void functional_after_endpoint_counts(void **state)
{
    (void)state;
    fettle_usb_descriptors d = parse_hex("0902220001010080320904000001fe010200"
                                         "07058103400001092103e80340001001");
    assert_functional(&d.dfu[0], 0x03, 1000, 64, 0x0110);
}

static void functional_lengths(void **state)
{
    (void)state;
    fettle_usb_descriptors d = parse_hex("0902190001010080320904000000fe010100"
                                         "07210788134000");
    assert_functional(&d.dfu[0], 0x07, 5000, 64, 0x0100);
    d = parse_hex("09021a0001010080320904000000fe010100"
                  "0821078813400055");
    assert_functional(&d.dfu[0], 0x07, 5000, 64, 0x0100);
    d = parse_hex("09021d0001010080320904000000fe010100"
                  "0b2107881340001001abcd");
    assert_functional(&d.dfu[0], 0x07, 5000, 64, 0x0110);
    assert_refused("0902180001010080320904000000fe010100"
                   "062107881340");
}

/* Interfaces */

static void alternates_need_not_stand_together(void **state)
{
    (void)state;
    fettle_usb_descriptors d = parse_hex("0902360002010080320904000000fe010201"
                                         "0904010000ff000000"
                                         "0904000200fe010202"
                                         "0904000200fe010203"
                                         "092103e80340001001");
    assert_int_equal(1, d.dfu_count);
    assert_int_equal(2, d.dfu[0].alternate_count);
    assert_int_equal(2, d.dfu[0].alternates[1]);
    assert_int_equal(2, d.dfu[0].iInterface[1]); /* the first of the repeated one */
    assert_functional(&d.dfu[0], 0x03, 1000, 64, 0x0110);
}

/* A configuration of `count` interface descriptors; number and alternate count up or stay 0. */
static set make_many(size_t count, bool is_numbered)
{
    set s = make_set("090200000101008032");
    for (size_t i = 0; i < count; i++) {
        append_hex(&s, "0904000000fe010200");
        s.bytes[s.size - 9 + (is_numbered ? 2 : 3)] = (uint8_t)i;
    }
    size_t total = s.size - DEVICE_SIZE;
    s.bytes[DEVICE_SIZE + 2] = (uint8_t)total;
    s.bytes[DEVICE_SIZE + 3] = (uint8_t)(total >> 8);
    return s;
}

static void too_many_are_left_out(void **state)
{
    (void)state;
    fettle_usb_descriptors d;
    set s = make_many(50, true);
    assert_true(parse(&d, s.bytes, s.size));
    assert_int_equal(FETTLE_DFU_INTERFACES_MAX, d.dfu_count);
    assert_int_equal(FETTLE_DFU_INTERFACES_MAX - 1,
                     d.dfu[FETTLE_DFU_INTERFACES_MAX - 1].number);
    s = make_many(50, false);
    assert_true(parse(&d, s.bytes, s.size));
    assert_int_equal(1, d.dfu_count);
    assert_int_equal(FETTLE_DFU_ALTERNATES_MAX, d.dfu[0].alternate_count);
}

static void contradicting_interfaces_are_unsure(void **state)
{
    (void)state;
    fettle_usb_descriptors d = parse_hex("09022d00020100803209040000"
                                         "00fe010100092103e80340001001"
                                         "0904010000fe010200");
    assert_int_equal(2, d.dfu_count);
    assert_int_equal(FETTLE_DFU_UNSURE, d.mode);
}

static void computer_parts_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *config_hex;
        bool is_computer_part;
    } cases[] = {
        {"09021200010100803209040000000e010000", true},  /* camera */
        {"090212000101008032090400000001020000", true},  /* audio streaming */
        {"090212000101008032090400000001030000", false}, /* MIDI */
        {"0902120001010080320904000000e0010100", true},  /* Bluetooth */
        {"0902120001010080320904000000e0010300", false}, /* RNDIS */
        {"0902120001010080320904000000ff010100", false}, /* just vendor-specific */
        {"0902190001010080320904000001ff010100"
         "07058302400001",
         false}, /* bulk */
        {"0902190001010080320904000001ff010100"
         "07058301090001",
         true}, /* isochronous */
        {"0902220002010080320904000001ff010100"
         "0904010001ff000000"
         "07058301090001",
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set s = make_set(cases[i].config_hex);
        s.bytes[DEVICE_SIZE + 2] = (uint8_t)(s.size - DEVICE_SIZE);
        fettle_usb_descriptors d;
        assert_true(parse(&d, s.bytes, s.size));
        assert_int_equal(cases[i].is_computer_part, d.is_computer_part);
    }
}

/* Broken sets */

static void bad_lengths(void **state)
{
    (void)state;
    const char *whole = CONFIG_27 "0200092103000040000001";
    /* Bytes beyond wTotalLength: the next configuration, or anything. */
    fettle_usb_descriptors d = parse_hex(CONFIG_27 "0200092103000040000001"
                                                   "ff04fe");
    assert_int_equal(1, d.dfu_count);
    /* bLength 0 and 1 end the set, within wTotalLength too. */
    d = parse_hex("0902200001010080320904000000fe0102000921030000400000010000fe0102");
    assert_int_equal(1, d.dfu_count);
    d = parse_hex("09021b0001010080320004000000fe010200092103000040000001");
    assert_int_equal(0, d.dfu_count);
    d = parse_hex("09021c0001010080320904000000fe01020009210300004000000101");
    assert_int_equal(1, d.dfu_count);
    /* wTotalLength larger than what is there. */
    d = parse_hex("0902ffff01010080320904000000fe010200092103000040000001");
    assert_functional(&d.dfu[0], 0x03, 0, 64, 0x0100);
    /* wTotalLength smaller: at a border, within a descriptor, within the configuration's own. */
    d = parse_hex("0902120001010080320904000000fe010200092103000040000001");
    assert_int_equal(1, d.dfu_count);
    assert_false(d.dfu[0].has_functional);
    assert_refused("09021a0001010080320904000000fe010200092103000040000001");
    assert_refused("0902080001010080320904000000fe010200092103000040000001");
    assert_refused("0902000001010080320904000000fe010200092103000040000001");
    /* A descriptor that is longer than what is left, or shorter than its fields. */
    assert_refused("09021b0001010080320904000000fe0102000a2103000040000001");
    assert_refused("09021a00010100803208040000"
                   "00fe0102092103000040000001");
    assert_refused("08021b00010100800904000000fe010200092103000040000001");
    assert_refused("09041b0001010080320904000000fe010200092103000040000001");
    /* Not a device descriptor. */
    set s = make_set(whole);
    s.bytes[0] = 17;
    assert_false(parse(&d, s.bytes, s.size));
    s.bytes[0] = 18;
    s.bytes[1] = 2;
    assert_false(parse(&d, s.bytes, s.size));
    s.bytes[1] = 1;
    assert_true(parse(&d, s.bytes, s.size));
    /* Nothing at all. */
    fettle_error error = {0};
    assert_false(fettle_usb_descriptors_parse(&d, (fettle_span){NULL, 0}, &error));
    assert_int_equal(FETTLE_E_UNEXPECTED_ANSWER, error.code);
}

/* Is `size` the end of a descriptor of this whole, unbroken set? */
static bool is_border(const set *s, size_t size)
{
    size_t at = 0;
    while (at < size) {
        at += s->bytes[at];
    }
    return at == size;
}

static void check_cut(const set *s)
{
    fettle_usb_descriptors d;
    for (size_t size = 0; size <= s->size; size++) {
        assert_int_equal(size > 0 && is_border(s, size), parse(&d, s->bytes, size));
    }
}

static void check_damaged(set s)
{
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x04, 0x21, 0x7F, 0x80, 0xFE, 0xFF};
    fettle_usb_descriptors d;
    for (size_t i = 0; i < s.size; i++) {
        uint8_t right = s.bytes[i];
        for (size_t k = 0; k < sizeof values; k++) {
            s.bytes[i] = values[k];
            parse(&d, s.bytes, s.size);
        }
        s.bytes[i] = right;
    }
}

static void cut_and_damage(const record *r, const char *config, const set *s)
{
    (void)r;
    (void)config;
    check_cut(s);
    check_damaged(*s);
}

static void cut_or_damaged_sets_do_no_harm(void **state)
{
    assert_true(for_each_set(*state, cut_and_damage) > 0);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        set s = make_set(known[i].config_hex);
        check_cut(&s);
        check_damaged(s);
    }
}

/* The size of a block */

static void transfer_sizes(void **state)
{
    (void)state;
    static const struct {
        unsigned wTransferSize, bMaxPacketSize0, usable;
    } cases[] = {
        {0, 64, 64},        {0, 8, 64},        {0, 128, 128},    {0, 0, 64},
        {0xFFFF, 64, 1024}, {0xFFFF, 8, 1024}, {1, 64, 1},       {8, 64, 8},
        {64, 64, 64},       {64, 8, 64},       {128, 64, 128},   {1024, 64, 1024},
        {2048, 64, 2048},   {4096, 64, 4096},  {4097, 64, 4096}, {0xFFFE, 64, 4096},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fettle_dfu_interface dfu = {.has_functional = true,
                                    .wTransferSize = (uint16_t)cases[i].wTransferSize};
        assert_int_equal(cases[i].usable,
                         fettle_dfu_transfer_size(&dfu, (uint8_t)cases[i].bMaxPacketSize0));
    }
}

int main(int argc, char **argv)
{
    const char *variable = getenv("FETTLE_TEST_DATA");
    char folder[1024];
    int length = snprintf(folder, sizeof folder, "%s",
                          argc > 1           ? argv[1]
                          : variable != NULL ? variable
                                             : "tests/data");
    if (length < 0 || length >= (int)sizeof folder) {
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(real_devices_are_read_as_recorded, folder),
        cmocka_unit_test(known_sets_are_judged),
        cmocka_unit_test(device_without_configuration_is_read),
        cmocka_unit_test(functional_after_each_alternate),
        cmocka_unit_test(functional_after_configuration),
        cmocka_unit_test(own_functional_wins_over_configurations),
        cmocka_unit_test(functional_is_never_shared),
        cmocka_unit_test(each_interface_has_its_own_functional),
        cmocka_unit_test(hid_descriptor_is_not_functional),
        cmocka_unit_test(functional_after_endpoint_counts),
        cmocka_unit_test(functional_lengths),
        cmocka_unit_test(alternates_need_not_stand_together),
        cmocka_unit_test(too_many_are_left_out),
        cmocka_unit_test(contradicting_interfaces_are_unsure),
        cmocka_unit_test(computer_parts_are_recognised),
        cmocka_unit_test(bad_lengths),
        cmocka_unit_test_prestate(cut_or_damaged_sets_do_no_harm, folder),
        cmocka_unit_test(transfer_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
