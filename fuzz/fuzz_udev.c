/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds anything at all to the reader of udev rules, in two files that are cut at the first NUL: it ends
 * within its bounds, its answer is one that callers may rely on, and what is known of the device never
 * contradicts what is found without knowing it.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "doctor/udev.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate(const uint8_t *data, size_t size, const char *port, const char *class,
                     fettle_udev_answer *answer)
{
    const uint8_t *middle = size > 0 ? memchr(data, '\0', size) : NULL;
    size_t first = middle != NULL ? (size_t)(middle - data) : size;
    size_t second = middle != NULL ? first + 1 : size;
    const fettle_udev_file files[] = {
        {"60-first.rules", {data, first}},
        {"70-second.rules", {data + second, size - second}},
    };
    fettle_udev_usb usb;
    fettle_udev_usb_describe(
        &usb, (fettle_usb_id){0x04d8, 0xf014},
        &(fettle_udev_usb_words){.class = class, .interfaces = ":fe0102:"});
    usb.device.kernel = port;
    fettle_udev_evaluate(files, 2, &usb.device, NULL, answer);
}

static void check(const fettle_udev_answer *answer)
{
    assert(answer->mode <= 07777);
    assert(memchr(answer->owner, '\0', sizeof answer->owner) != NULL);
    assert(memchr(answer->group, '\0', sizeof answer->group) != NULL);
    assert(answer->owner[0] != '\0' && answer->group[0] != '\0');
    assert((answer->mode_from.file == NULL) == (answer->mode_from.line == 0));
    assert(!answer->is_unsure || answer->unsure_from.file != NULL);
}

/* What was sure without knowing the port and the class is the same with each of them. */
static void check_knowing_more(const fettle_udev_answer *answer,
                               const fettle_udev_answer *more)
{
    if (answer->is_unsure || more->is_unsure) {
        return;
    }
    assert(answer->mode == more->mode);
    assert(strcmp(answer->owner, more->owner) == 0);
    assert(strcmp(answer->group, more->group) == 0);
    assert(answer->has_uaccess == more->has_uaccess);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fettle_udev_answer answer, more;
    evaluate(data, size, NULL, NULL, &answer);
    check(&answer);
    static const char *const ports[] = {"1-1", "7-2.4"}, *const classes[] = {"00", "fe"};
    for (size_t i = 0; i < 4; i++) {
        evaluate(data, size, ports[i & 1], classes[i >> 1], &more);
        check(&more);
        check_knowing_more(&answer, &more);
    }
    return 0;
}
