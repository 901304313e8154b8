/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB through libusb-1.0 (API of 1.0.22 and later): its contexts. Open boards are in usb_link.c, its list of devices, where
 * that is needed, in usb_list.c.
 */
#define _POSIX_C_SOURCE 200809L /* for threads */

#include "os/desk_inside.h"

#include "base/error.h"
#include "base/text.h"

#include <libusb.h>

/* ---- contexts of libusb ---- */

/* NULL, with libusb's code in `code`. */
static libusb_context *start_libusb(int *code)
{
    libusb_context *context = NULL;
    *code = libusb_init(&context);
    if (*code != LIBUSB_SUCCESS) {
        return NULL;
    }
    (void)libusb_set_option(context, LIBUSB_OPTION_LOG_LEVEL, LIBUSB_LOG_LEVEL_NONE);
    return context;
}

void fettle_usb_drain(libusb_context *context)
{
    struct timeval at_once = {0, 0};
    (void)libusb_handle_events_timeout_completed(context, &at_once, NULL);
}

static void *make_context(int *code)
{
    return start_libusb(code);
}

static void tidy_context(void *context)
{
    fettle_usb_drain(context);
}

static void unmake_context(void *context)
{
    libusb_exit(context);
}

static const fettle_usb_spare_ops context_ops = {make_context, tidy_context,
                                                 unmake_context};

/* ---- for the desk ---- */

void fettle_usb_want(fettle_os_desk *desk)
{
    fettle_usb_spare_want(desk->spare);
}

void fettle_usb_tidy(fettle_os_desk *desk)
{
    fettle_usb_spare_tidy(desk->spare);
}

static bool refuse_start(int code, fettle_error *err)
{
    char text[FETTLE_TEXT_SIZE] = "libusb can't start: ";
    fettle_text_append(text, sizeof text, libusb_strerror(code));
    fettle_error_set(err, FETTLE_E_SYSTEM_ERROR, &(fettle_words){.text = text});
    err->system = code;
    return false;
}

/* Where sysfs shows who is there, libusb need not start before something is opened. */
bool fettle_usb_start(fettle_os_desk *desk, fettle_error *err)
{
    desk->spare = fettle_usb_spare_new(&context_ops);
    if (desk->spare == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = sizeof *desk});
        return false;
    }
    int code = LIBUSB_SUCCESS;
    desk->context = desk->has_sysfs ? NULL : start_libusb(&code);
    return code == LIBUSB_SUCCESS || refuse_start(code, err);
}

void fettle_usb_stop(fettle_os_desk *desk)
{
    fettle_usb_spare_free(desk->spare);
    if (desk->context != NULL) {
        libusb_exit(desk->context);
    }
}
