/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of other programs that people search for; see foreign.h. */
#include "foreign.h"

#include <stddef.h>

const cli_foreign cli_foreign_messages[] = {
    {"Error sending completion packet", "completion-lost",
     "The other program sent all of the firmware and only missed the answer to the empty packet that "
     "ends it. Mostly everything is in place: many loaders restart at once and leave that answer out. "
     "fettle doesn't take this for a failure; it reads the memory back, or looks which application "
     "comes up, and says what it found. To know for sure: fettle verify FILE."},
    {"unable to read DFU status after completion", "completion-lost",
     "The firmware had been sent whole, and the board restarted before it was asked how it went. "
     "fettle finds out by reading back. To know for sure: fettle verify FILE."},
    {"No DFU capable USB device available", "no-board",
     "Nothing in update mode was there at the moment the other program looked. Some boards stay in it "
     "for a few seconds only. fettle is started first, says which button to press, and waits for the "
     "board: fettle update FILE --wait."},
    {"Lost device after RESET", "no-update-mode",
     "The board was told to go into update mode and did not come back as the other program expected, "
     "or not soon enough. fettle finds it again by the port it is plugged into, whatever ids it shows "
     "then, and waits as long as --wait says."},
    {"Cannot open DFU device", "usb-permission",
     "The board is there but may not be opened: mostly a missing permission (LIBUSB_ERROR_ACCESS), on "
     "Windows a missing driver, sometimes another program that holds it (LIBUSB_ERROR_BUSY). fettle "
     "list tells which of them it is."},
    {"Cannot set alt interface", NULL,
     "The other program sent a request that this board doesn't need and refuses: its interface has "
     "only one setting. fettle never sends it there. Nothing is wrong with the board; run fettle "
     "update FILE."},
    {"Runtime device already in DFU state", NULL,
     "Harmless. The board is in update mode and describes itself as if it were not; some small loaders "
     "do. fettle looks at its ids and its state, and has nothing to say about it."},
    {"Invalid DFU suffix signature", "file-cut",
     "The file has no DFU suffix. For raw firmware (.bin) that is how it should be, and fettle takes it "
     "as it is. Only a file that is named .dfu must have one: without it, it is cut or another kind of "
     "file."},
    {"A valid DFU suffix will be required", "file-cut",
     "The file has no DFU suffix. For raw firmware (.bin) that is how it should be, and fettle takes it "
     "as it is."},
    {"File too short for DFU suffix", "file-cut",
     "The file has fewer bytes than a DFU suffix alone. If it was to be a .dfu file, it is cut."},
    {"More than one DFU capable USB device found", "several-boards",
     "Several boards in update mode are there. fettle list shows them with their ports; name one with "
     "--board."},
    {"Error during special command", "board-refused",
     "The board refused to erase or to set an address, mostly because the file is for another place in "
     "memory, or the memory is protected."},
    {"Last page at", "image-not-for-board",
     "The file has bytes for an address that this board's memory doesn't have or doesn't let be "
     "written."},
    {"Failed to parse memory layout", "not-supported",
     "The board describes its memory in a form that the other program doesn't know."},
    {"can't detach", "no-update-mode",
     "The board was asked to go into update mode and did not do it. Where it can't by itself, fettle "
     "says which button to press."},
    {"LIBUSB_ERROR_ACCESS", "usb-permission", "You may not open the board's USB node."},
    {"LIBUSB_ERROR_BUSY", "board-busy", "Another program, or a driver, holds the board."},
    {"LIBUSB_ERROR_NO_DEVICE", "board-left",
     "The board went away in the middle of the work."},
    {"LIBUSB_ERROR_NOT_FOUND", "usb-driver",
     "On Windows: no driver that lets programs reach the board is bound to it."},
    {"LIBUSB_ERROR_NOT_SUPPORTED", "usb-driver",
     "On Windows: the driver that is bound to the board doesn't let programs reach it."},
    {"LIBUSB_ERROR_PIPE", "board-refused", "The board refused a request."},
    {"LIBUSB_ERROR_TIMEOUT", "no-answer", "The board did not answer in time."},
    {"LIBUSB_ERROR_IO", "transfer-failed",
     "The operating system could not carry a transfer out."},
    {"Cannot claim interface", "board-busy",
     "Another program, or a driver, holds the board."},
    {"Permission denied", "usb-permission", "This user may not open the board."},
    {"Device or resource busy", "board-busy",
     "Another program, or a driver, holds the board."},
    {.said = NULL},
};
