/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every failure and every note there is. Made by scripts/make-codes from src/base/errors.def and
 * notes.def, where each has its message, its hint and its exit status. Numbers never change.
 */
#ifndef FETTLE_CODES_H
#define FETTLE_CODES_H

typedef enum fettle_code {
    FETTLE_E_NONE = 0,
    FETTLE_E_CANCELLED = 1,             /* cancelled */
    FETTLE_E_USAGE = 2,                 /* usage */
    FETTLE_E_NO_BOARD = 3,              /* no-board */
    FETTLE_E_SEVERAL_BOARDS = 4,        /* several-boards */
    FETTLE_E_ANSWER_NEEDED = 5,         /* answer-needed */
    FETTLE_E_USB_PERMISSION = 6,        /* usb-permission */
    FETTLE_E_USB_DRIVER = 7,            /* usb-driver */
    FETTLE_E_BOARD_BUSY = 8,            /* board-busy */
    FETTLE_E_BOARD_LOCKED = 9,          /* board-locked */
    FETTLE_E_WRONG_BOARD = 10,          /* wrong-board */
    FETTLE_E_WRONG_REVISION = 11,       /* wrong-revision */
    FETTLE_E_IMAGE_TOO_LARGE = 12,      /* image-too-large */
    FETTLE_E_IMAGE_NOT_FOR_BOARD = 13,  /* image-not-for-board */
    FETTLE_E_DOWNLOAD_UNSUPPORTED = 14, /* download-unsupported */
    FETTLE_E_UPLOAD_UNSUPPORTED = 15,   /* upload-unsupported */
    FETTLE_E_FILE_UNREADABLE = 16,      /* file-unreadable */
    FETTLE_E_FILE_IS_FOLDER = 17,       /* file-is-folder */
    FETTLE_E_FILE_EMPTY = 18,           /* file-empty */
    FETTLE_E_FILE_TOO_LARGE = 19,       /* file-too-large */
    FETTLE_E_FILE_DAMAGED = 20,         /* file-damaged */
    FETTLE_E_FILE_CUT = 21,             /* file-cut */
    FETTLE_E_FILE_BAD_SUFFIX = 22,      /* file-bad-suffix */
    FETTLE_E_BOARD_REFUSED = 23,        /* board-refused */
    FETTLE_E_FIRMWARE_REFUSED = 24,     /* firmware-refused */
    FETTLE_E_NO_ANSWER = 25,            /* no-answer */
    FETTLE_E_BOARD_STAYS_BUSY = 26,     /* board-stays-busy */
    FETTLE_E_BOARD_LEFT = 27,           /* board-left */
    FETTLE_E_UNEXPECTED_ANSWER = 28,    /* unexpected-answer */
    FETTLE_E_TRANSFER_FAILED = 29,      /* transfer-failed */
    FETTLE_E_NOT_DFU = 30,              /* not-dfu */
    FETTLE_E_VERIFY_MISMATCH = 31,      /* verify-mismatch */
    FETTLE_E_NO_UPDATE_MODE = 32,       /* no-update-mode */
    FETTLE_E_APPLICATION_MISSING = 33,  /* application-missing */
    FETTLE_E_CANNOT_KEEP = 34,          /* cannot-keep */
    FETTLE_E_FILE_EXISTS = 35,          /* file-exists */
    FETTLE_E_NO_MEMORY = 36,            /* no-memory */
    FETTLE_E_SYSTEM_ERROR = 37,         /* system-error */
    FETTLE_E_NOT_SUPPORTED = 38,        /* not-supported */
    FETTLE_E_NO_APPLICATION = 39,       /* no-application */
    FETTLE_E_OTHER_BOARD = 40,          /* other-board */
    FETTLE_E_FILE_OTHER_REVISION = 41,  /* file-other-revision */
    FETTLE_E_SERVER_UNREACHABLE = 42,   /* server-unreachable */
    FETTLE_E_USB_GROUP = 43,            /* usb-group */
    FETTLE_E_USB_LOGIN = 44,            /* usb-login */
    FETTLE_E_ADDRESS_OUTSIDE = 45,      /* address-outside */
    FETTLE_E_ADDRESS_READ_ONLY = 46,    /* address-read-only */
    FETTLE_E_READ_PROTECTED = 47,       /* read-protected */
    FETTLE_E_NO_SUCH_MEMORY = 48,       /* no-such-memory */
    FETTLE_E_WOULD_LOSE = 49,           /* would-lose */
    FETTLE_E_CONFIRMATION_NEEDED = 50,  /* confirmation-needed */
    FETTLE_E_MEMORY_NOT_NAMED = 51,     /* memory-not-named */
    FETTLE_E_FILE_BAD_DFUSE = 52,       /* file-bad-dfuse */
    FETTLE_E_FILE_BAD_HEX = 53,         /* file-bad-hex */
    FETTLE_E_FILE_TOO_SCATTERED = 54,   /* file-too-scattered */
    FETTLE_E_FILE_NEEDS_ADDRESS = 55,   /* file-needs-address */
    FETTLE_E_FILE_HAS_ADDRESS = 56,     /* file-has-address */
    FETTLE_E_FILES_OVERLAP = 57,        /* files-overlap */
    FETTLE_E_ADDRESS_TOO_HIGH = 58,     /* address-too-high */
    FETTLE_E_FILES_FOR_TWO_BOARDS = 59, /* files-for-two-boards */
    FETTLE_E_NOT_BLANK = 60,            /* not-blank */
    FETTLE_E_FILE_OTHER_FORMAT = 61,    /* file-other-format */
    FETTLE_E_NO_ADDRESSES = 62,         /* no-addresses */
    FETTLE_E_FILE_INCOMPLETE = 63,      /* file-incomplete */
    FETTLE_E_FILE_BAD_ESP = 64,         /* file-bad-esp */
    FETTLE_E_FILE_BAD_TABLE = 65,       /* file-bad-table */
    FETTLE_E_FILE_BAD_JSON = 66,        /* file-bad-json */
    FETTLE_E_FILE_BAD_BUNDLE = 67,      /* file-bad-bundle */
    FETTLE_E_BUILD_NOT_NAMED = 68,      /* build-not-named */
    FETTLE_E_NO_BUILD_FOR_CHIP = 69,    /* no-build-for-chip */
    FETTLE_E_FILE_IS_ESP_ELF = 70,      /* file-is-esp-elf */
    FETTLE_E_ESP_SILENT = 71,           /* esp-silent */
    FETTLE_E_ESP_BOOT_MODE = 72,        /* esp-boot-mode */
    FETTLE_E_ESP_STRAPS = 73,           /* esp-straps */
    FETTLE_E_ESP_DEAF = 74,             /* esp-deaf */
    FETTLE_E_ESP_ECHO = 75,             /* esp-echo */
    FETTLE_E_ESP_NOISE = 76,            /* esp-noise */
    FETTLE_E_ESP_NOT_RESET = 77,        /* esp-not-reset */
    FETTLE_E_ESP_RESTARTED = 78,        /* esp-restarted */
    FETTLE_E_ESP_UNKNOWN_CHIP = 79,     /* esp-unknown-chip */
    FETTLE_E_ESP_OTHER_CHIP = 80,       /* esp-other-chip */
    FETTLE_E_ESP_FLASH_SILENT = 81,     /* esp-flash-silent */
    FETTLE_E_ESP_SECURE_DOWNLOAD = 82,  /* esp-secure-download */
    FETTLE_E_ESP_CANNOT = 83,           /* esp-cannot */
    FETTLE_E_FILE_BAD_STUB = 84,        /* file-bad-stub */
    FETTLE_E_ESP_SECURED = 85,          /* esp-secured */
    FETTLE_E_COUNT = 86,
} fettle_code;

typedef enum fettle_note_code {
    FETTLE_NOTE_NONE = 0,
    FETTLE_NOTE_TRIED_AGAIN = 1,            /* tried-again */
    FETTLE_NOTE_BCD_DIFFERS = 2,            /* bcd-device-differs */
    FETTLE_NOTE_DAMAGED_ACCEPTED = 3,       /* damaged-accepted */
    FETTLE_NOTE_IDS_IGNORED = 4,            /* ids-ignored */
    FETTLE_NOTE_UNPLUG_AND_REPLUG = 5,      /* unplug-and-replug */
    FETTLE_NOTE_STARTED_NORMALLY = 6,       /* started-normally */
    FETTLE_NOTE_WINDOW_MISSED = 7,          /* window-missed */
    FETTLE_NOTE_UNMOUNT = 8,                /* remove-module-and-battery */
    FETTLE_NOTE_CHECKSUM_UNSURE = 9,        /* image-checksum-unsure */
    FETTLE_NOTE_NO_READBACK = 10,           /* not-read-back */
    FETTLE_NOTE_READ_LATER_IMPOSSIBLE = 11, /* left-before-reading */
    FETTLE_NOTE_COMPLETION_LOST = 12,       /* completion-lost */
    FETTLE_NOTE_REPAIRED = 13,              /* repaired */
    FETTLE_NOTE_STAYS_IN_LOADER = 14,       /* stays-in-loader */
    FETTLE_NOTE_FAULTY_BATCH = 15,          /* faulty-batch */
    FETTLE_NOTE_FREED = 16,                 /* freed */
    FETTLE_NOTE_MODULE_SEPARATE = 17,       /* module-separate */
    FETTLE_NOTE_STOCK_LOADER = 18,          /* stock-loader */
    FETTLE_NOTE_VERSION_CHANGED = 19,       /* version-changed */
    FETTLE_NOTE_PREFIX_SENT = 20,           /* prefix-sent */
    FETTLE_NOTE_LEFT_IN_UPDATE_MODE = 21,   /* left-in-update-mode */
    FETTLE_NOTE_OTHER_CHECKSUM = 22,        /* suffix-left-out */
    FETTLE_NOTE_NAMED_NORMAL_MODE = 23,     /* named-normal-mode */
    FETTLE_NOTE_TRY_USB2 = 24,              /* try-usb-2 */
    FETTLE_NOTE_ALREADY_THERE = 25,         /* already-there */
    FETTLE_NOTE_NOTHING_APPEARED = 26,      /* nothing-appeared */
    FETTLE_NOTE_OTHER_APPEARED = 27,        /* other-appeared */
    FETTLE_NOTE_UNPROTECTED = 28,           /* unprotected */
    FETTLE_NOTE_ADDRESS_UNUSED = 29,        /* address-unused */
    FETTLE_NOTE_SKIPPED_PARTS = 30,         /* parts-left-out */
    FETTLE_NOTE_PAGES_DIFFER = 31,          /* pages-differ */
    FETTLE_NOTE_REST_NOT_KEPT = 32,         /* rest-not-kept */
    FETTLE_NOTE_PLACED = 33,                /* placed */
    FETTLE_NOTE_ERASE_TAKES = 34,           /* erase-takes */
    FETTLE_NOTE_ERASED_BY_PAGES = 35,       /* erased-by-pages */
    FETTLE_NOTE_RESTARTS = 36,              /* restarts */
    FETTLE_NOTE_WAITED_FOR = 37,            /* waited-for */
    FETTLE_NOTE_STAYS_HELD = 38,            /* stays-held */
    FETTLE_NOTE_PAGES_ERASED = 39,          /* pages-erased */
    FETTLE_NOTE_BAUD_NOT_HELD = 40,         /* baud-not-held */
    FETTLE_NOTE_NO_STUB = 41,               /* no-stub */
    FETTLE_NOTE_NO_LINES = 42,              /* no-control-lines */
    FETTLE_NOTE_PLACED_IN = 43,             /* placed-in */
    FETTLE_NOTE_PLACED_AT = 44,             /* placed-at */
    FETTLE_NOTE_PARTITION_KEPT = 45,        /* partition-kept */
    FETTLE_NOTE_PARTITION_LOST = 46,        /* partition-lost */
    FETTLE_NOTE_PARTITION_MOVES = 47,       /* partition-moves */
    FETTLE_NOTE_STUB_WOULD_PROVE = 48,      /* stub-would-prove */
    FETTLE_NOTE_SECURED_UNPROVEN = 49,      /* secured-unproven */
    FETTLE_NOTE_SLOT_UNUSED = 50,           /* slot-unused */
    FETTLE_NOTE_COUNT = 51,
} fettle_note_code;

#endif
