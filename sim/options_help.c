/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people are told of the names and options that options.c reads: for `fettle help sim`, the manual page
 * and fettle-sim --help.
 */
#include "sim.h"

static const fettle_sim_kind kinds[] = {
    {"pytrack",
     "Pycom Pytrack: a shield with a PIC bootloader (04d8:f013, f014 in update mode)"},
    {"pysense", "Pycom Pysense, likewise (04d8:f012, f011)"},
    {"pyscan", "Pycom Pyscan, likewise (04d8:ef38, ef37)"},
    {"pygate", "Pycom Pygate, likewise (04d8:ed14, ed15)"},
    {"expansion30", "Pycom Expansion Board 3.0, likewise (04d8:ef98, ef99)"},
    {"expansion31", "Pycom Expansion Board 3.1, likewise (04d8:ef98, ef99)"},
    {"lopy4+pytrack",
     "a LoPy4 on a Pytrack; so wipy2, wipy, lopy, l01, lopy4, sipy, gpy and fipy on each of these"},
    {"lopy+expansion2",
     "a LoPy on an Expansion Board 2.0, a serial line and no more (0403:6015); so all of them"},
    {"dfu", "a strict DFU 1.1 device (1d50:6003 unless id= says otherwise)"},
    {"strict", "the same"},
    {"twoalt", "likewise; two memories and blocks of 64 bytes, as in TinyUSB's example"},
    {"firmware-error", "likewise; greets with dfuERROR and errFIRMWARE"},
    {"zephyr25", "the DFU class of Zephyr 2.5 (2fe3:0005, ffff in update mode)"},
    {"stm32f4", "the DfuSe ROM of an STM32F4 with 1 MiB in two banks (0483:df11)"},
    {"stm32f405", "likewise; its mass erase takes 32 s, in which it doesn't answer"},
    {"stm32l4",
     "likewise; its poll times are too short, and it stalls whoever believes them"},
    {"stm32h7", "likewise; erasing beyond 1 MiB leaves it busy until CLRSTATUS"},
    {"stm32l0", "likewise; pages of 128 bytes, erased to 0x00"},
    {"gd32vf103", "the ROM of a GD32VF103 (28e9:0189), whose memory string isn't true"},
    {"at32", "the ROM of an AT32 (2e3c:df11), with sectors that may only be read"},
    {"esp8266", "an ESP8266 behind a CP2102N, in its application or its ROM loader"},
    {"esp32", "an ESP32, likewise"},
    {"esp32s2", "an ESP32-S2, likewise"},
    {"esp32s3", "an ESP32-S3 at its USB-Serial-JTAG (303a:1001), or behind a bridge"},
    {"esp32c2", "an ESP32-C2 (ESP8684) behind a CP2102N"},
    {"esp32c3", "an ESP32-C3 at its USB-Serial-JTAG, or behind a bridge"},
    {"esp32c6", "an ESP32-C6, likewise"},
    {NULL, NULL},
};

const fettle_sim_kind *fettle_sim_kinds(void)
{
    return kinds;
}

/* The manual page makes paragraphs of it: "  option  what", further lines with six blanks. */
static const char *const options_help[] = {
    "options of all virtual boards:\n"
    "  timing=none|real      waiting takes no time, or as long as with a real board\n"
    "  mode=app|dfu|unplugged  how it is found (default app); ESP boards: app|rom|unplugged\n"
    "  person=helpful|none|slow|wrong  who hears what is asked (default helpful)\n"
    "  delay=MS              how long that person takes (1000)\n"
    "  size=BYTES            of its memory; KB and MB may follow\n"
    "  flash=FILE            its memory, read at the start and kept up to date\n"
    "  log=FILE              every request, one JSON object a line\n"
    "  serial=TEXT           its serial number\n"
    "  same-serial=yes       that of all boards of this name\n"
    "  version=N             bcdDevice of its application\n"
    "  seed=N                of its content, and of chance\n"
    "  enumerate=MS          from leaving the bus to being back (400)\n"
    "  downloading=yes       found in update mode with a download cut off\n"
    "  battery=yes           unplugging doesn't restart it\n"
    "  usb=rough|full|none   what requests cost: 0.2 ms and 1 us a byte; as a full speed bus;\n"
    "      nothing (not of ESP boards)\n"
    "  return=MS             how long it stays away when a fault made it vanish (2000)\n"
    "  fault=KIND[:before|:after][@N|@N+|@p0.01]  repeatable; KIND is one of\n"
    "      lose-completion lose-reply drop-write flip-bit stall vanish no-return other-ids\n"
    "      busy-forever short status=errPROG... slow no-permission busy odd-state\n"
    "      odd-status mute drop-erase; of ESP boards also noise lose-byte double-byte\n"
    "      brownout stuck-app wrong-strap late-reply",

    "options of shields:\n"
    "  window=MS|off         how long it stays in update mode (7000)\n"
    "  exit=no               doesn't leave update mode by itself\n"
    "  stays=yes             always starts in update mode\n"
    "  races=yes             may leave before it has answered the end marker\n"
    "  fast-stall=US, end-race=US  stalls an end marker so soon after a GETSTATUS\n"
    "  stock=yes             shows 1209:2002 in update mode\n"
    "  module=none|echo      on its serial line: nobody, or who sends each byte back (where the name\n"
    "      has no module)\n"
    "  pic=answers|silent|left  its command channel (five data bits); left: holding the module's boot\n"
    "      pin low, as whoever was there before has left it\n"
    "  pic-version=N         of its application (as version=; else 8, pygate 13, expansion30 9, expansion31 11)\n"
    "  updated-version=N     of any other application that it gets\n"
    "  hardware=N            its hardware version (1; from pic-version 15 on 2)\n"
    "  software-dfu=yes      command 31 brings it into update mode\n"
    "  rc0=works|ignored     ignored: it can't pull a module's boot pin",

    "options of Pycom modules, on shields and on expansion2:\n"
    "  module=good|none|echo|garbage|safe-boot  what is there: one that works, nobody, who sends each\n"
    "      byte back, noise, one that is kept in safe boot\n"
    "  module-flash=FILE     its flash, as flash= (which on expansion2 is the same)\n"
    "  layout=old|new|small-factory  of its partitions (new); small-factory: of 8 MB only\n"
    "  active=factory|ota_0  the slot that starts (factory; small-factory: ota_0)\n"
    "  config=full|blank|no-region  its config block: keys, LoRa region, Wi-Fi (full)\n"
    "  content=blank         the whole flash is erased, but for the config block\n"
    "  app-version=TEXT      of its firmware (1.20.2.r6; old 1.18.2.r7; small-factory 1.20.3.b3)\n"
    "  header=strict|any     any: starts also if its bootloader's header isn't dio, 80 MHz, true size\n"
    "  wire=right|g28|none|noreset|left  what that person does who is to wire G23 to ground and press\n"
    "      reset: that; wires G28 to 3V3; doesn't wire; doesn't press; never takes it off again\n"
    "  jumpers=on|off        off: those of RX and TX are missing\n"
    "  loops=no|nvs|files|nvs+files|app|flash  crashes and restarts without end: until NVS, the file\n"
    "      system or both are erased; until another firmware starts; until it has a bootloader that can\n"
    "      be read\n"
    "  revision=N            of its ESP32 (0 with 4 MB, 100 with 8)\n"
    "  max-baud=N            what the line bears (3000000; 921600 behind a PIC, where long runs from the\n"
    "      module lose bytes above 230400)\n"
    "  mode=app|rom|unplugged  on expansion2; rom: found wired\n"
    "  flash-id=, protected=, xtal=, latency=, late=, unknown=, sync-misses=, mem-end=, sdm=  and\n"
    "  secure-boot=, encryption=, silent=, own-stub=  as of ESP boards",

    "options of dfu, strict, twoalt, firmware-error and zephyr25 (which has values of its own):\n"
    "  id=VVVV:PPPP          in update mode (1d50:6003)\n"
    "  app-id=VVVV:PPPP      while its application runs; without it, it has none\n"
    "  same-ids=yes          the application shows the ids of update mode\n"
    "  transfer=BYTES        wTransferSize (256)\n"
    "  tolerant=yes|no       bitManifestationTolerant (yes)\n"
    "  poll=MS, manifest-poll=MS  bwPollTimeout of a block, of the manifestation (0)\n"
    "  detach=will|reset|no  how it goes into update mode (will)\n"
    "  detach-timeout=MS     wDetachTimeOut (1000)\n"
    "  linger=MS             stays so long after DETACH (0)\n"
    "  upload=yes|no, download=yes|no  what it can do (yes)\n"
    "  bcd=XXXX              bcdDevice in update mode (0100)\n"
    "  dfu-version=XXXX      bcdDFUVersion (0110)\n"
    "  protocol=N            bInterfaceProtocol in update mode (2)\n"
    "  alternates=N          so many memories (1)\n"
    "  functional=after-interface|after-each|after-config  where that descriptor stands\n"
    "  reboots=yes|early     leaves during the manifestation, or at the end marker\n"
    "  app=no                stays away after an update\n"
    "  bootable=no           found without an application that starts\n"
    "  app-serial=TEXT       another serial number while its application runs\n"
    "  names=A|B...          of its memories; there are at least so many\n"
    "  locked=N|off          that memory takes no firmware: errWRITE\n"
    "  greets=no|error       starts update mode in dfuERROR, with errFIRMWARE\n"
    "  clrstatus=error|any   where CLRSTATUS is taken: in dfuERROR, or anywhere\n"
    "  busy-rounds=N         so many dfuDNBUSY for each block\n"
    "  stalls-busy=yes       it says one of them, and stalls GETSTATUS during the others\n"
    "  early-poll=stall|ignore  a GETSTATUS before bwPollTimeout is over\n"
    "  idle-poll=MS          bwPollTimeout where it isn't busy (0)\n"
    "  leaves=reset|detach|upload|no  what ends update mode: a USB reset, a DETACH, an UPLOAD\n"
    "      and then a reset, only power\n"
    "  dfu-detach=error|idle  what a DETACH in update mode is stalled with: dfuERROR, appIDLE\n"
    "  force-detach=yes      takes DETACH only with bit 8 of wIndex",

    "options of stm32f4, stm32f405, stm32l4, stm32h7, stm32l0, gd32vf103 and at32:\n"
    "  app-id=, detach=, detach-timeout=, linger=, upload=, bootable=  as above\n"
    "  transfer=BYTES        wTransferSize (the model's)\n"
    "  string=TEXT           memory string of the first alternate setting\n"
    "  set-address=MS, erase=MS, write=MS, mass-erase=MS  how long it takes and says\n"
    "  rdp=yes               read protection is on\n"
    "  protected=ADDRESS     that page is write protected, and nobody is told\n"
    "  greets=yes|no         the first GETSTATUS says errFIRMWARE\n"
    "  busy=answers|naks|stalls|strict  what a GETSTATUS meets that comes too early\n"
    "  clrstatus=taken|unknown|stalled  a CLRSTATUS outside dfuERROR\n"
    "  blocks=fixed|by-length  addresses go by wTransferSize, or by wLength (fixed)",

    "options of esp8266, esp32, esp32s2, esp32s3, esp32c2, esp32c3 and esp32c6:\n"
    "  bridge=cp210x|ch340|ch9102|ftdi|jtag  between USB and it; jtag: its own (S3, C3, C6)\n"
    "  circuit=classic|direct|none  from DTR and RTS to its pins: two transistors; wires; none,\n"
    "      so that a person has to press BOOT and RESET\n"
    "  en-ms=MS              how long its reset line takes to rise (1)\n"
    "  size=BYTES            of its flash (4MB)\n"
    "  content=app|blank     of a new one\n"
    "  flash-id=N            what the flash says it is; 0xffffff: it doesn't answer\n"
    "  protected=ADDRESS     the 64 KiB around it take nothing, and nobody is told\n"
    "  revision=N            major * 100 + minor\n"
    "  xtal=MHZ              its crystal (26 or 40)\n"
    "  max-baud=N            what the line bears; bytes get lost and spoilt above it (3000000)\n"
    "  latency=MS            after which a bridge hands over what it has (1; ftdi: 16)\n"
    "  late=MS               by how much the fault late-reply delays an answer (1500)\n"
    "  unknown=one|eight     replies to an opcode that the ROM doesn't know\n"
    "  sync-misses=N         so many SYNCs get no reply (0)\n"
    "  mem-end=answers|silent  the ROM, when it starts what was loaded into RAM\n"
    "  sdm=yes               secure download mode\n"
    "  secure-boot=no|v1|v2  and\n"
    "  encryption=no|development|release  what its eFuses say\n"
    "  watchdog=MS           of the application, after a reset over USB-Serial-JTAG (9000; 0: off)\n"
    "  silent=yes            its ROM prints nothing\n"
    "  own-stub=yes          takes the stub that tests make for a published one",

    "a comma in a value is written \\,",
};

const char *fettle_sim_options_help(size_t part)
{
    return part < sizeof options_help / sizeof options_help[0] ? options_help[part] : NULL;
}
