/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of virtual boards, and their options: how a value is written, within which bounds, whose it is,
 * and what it is when it isn't given.
 */
#include "dfuse.h"
#include "esp.h"
#include "options.h"
#include "pycom.h"

/* ---- names ---- */

/*
 * Pycom's boards: ids and the versions of the newest files from section 1.1 of the fact sheet, Pyscan's (of
 * which none was ever published) as that of its sisters.
 */
#define SHIELD(its_name, app, update, its_product, version)                   \
    {                                                                         \
        .name = its_name, .ops = &fettle_sim_pic_ops, .is_shield = true,      \
        .app_product = app, .update_product = update, .product = its_product, \
        .pic_version = version,                                               \
    }

#define ON_CARRIER(its_name, its_module, app, update, its_product, version)   \
    {                                                                         \
        .name = its_name, .ops = &fettle_sim_pic_ops, .is_shield = true,      \
        .app_product = app, .update_product = update, .product = its_product, \
        .pic_version = version, .module = &fettle_sim_pycom_##its_module,     \
    }

/* Section 1.4: its bridge has nothing but bytes. */
#define ON_EXPANSION2(its_name, its_module)                                     \
    {                                                                           \
        .name = its_name, .ops = &fettle_sim_esp_ops, .esp = &fettle_sim_esp32, \
        .module = &fettle_sim_pycom_##its_module,                               \
    }

#define ON_ALL_CARRIERS(its_name, its_module)                                              \
    ON_CARRIER(its_name "+pytrack", its_module, 0xf013, 0xf014, "Pytrack", 8),             \
        ON_CARRIER(its_name "+pysense", its_module, 0xf012, 0xf011, "Pysense", 8),         \
        ON_CARRIER(its_name "+pyscan", its_module, 0xef38, 0xef37, "Pyscan", 8),           \
        ON_CARRIER(its_name "+pygate", its_module, 0xed14, 0xed15, "Pygate", 13),          \
        ON_CARRIER(its_name "+expansion30", its_module, 0xef98, 0xef99, "Expansion3", 9),  \
        ON_CARRIER(its_name "+expansion31", its_module, 0xef98, 0xef99, "Expansion3", 11), \
        ON_EXPANSION2(its_name "+expansion2", its_module)

const fettle_sim_model fettle_sim_models[] = {
    SHIELD("pytrack", 0xf013, 0xf014, "Pytrack", 8),
    SHIELD("pysense", 0xf012, 0xf011, "Pysense", 8),
    SHIELD("pyscan", 0xef38, 0xef37, "Pyscan", 8),
    SHIELD("pygate", 0xed14, 0xed15, "Pygate", 13),
    SHIELD("expansion30", 0xef98, 0xef99, "Expansion3", 9),
    SHIELD("expansion31", 0xef98, 0xef99, "Expansion3", 11),
    ON_ALL_CARRIERS("wipy2", wipy2),
    ON_ALL_CARRIERS("wipy", wipy),
    ON_ALL_CARRIERS("lopy", lopy),
    ON_ALL_CARRIERS("l01", l01),
    ON_ALL_CARRIERS("lopy4", lopy4),
    ON_ALL_CARRIERS("sipy", sipy),
    ON_ALL_CARRIERS("gpy", gpy),
    ON_ALL_CARRIERS("fipy", fipy),
    {.name = "dfu", .ops = &fettle_sim_strict_ops},
    {.name = "strict", .ops = &fettle_sim_strict_ops},
    {.name = "twoalt",
     .ops = &fettle_sim_strict_ops,
     .preset = "transfer=64,names=FLASH|EEPROM"},
    {.name = "firmware-error", .ops = &fettle_sim_strict_ops, .preset = "greets=error"},
    {.name = "zephyr25",
     .ops = &fettle_sim_strict_ops,
     .preset = "id=2fe3:ffff,app-id=2fe3:0005,version=0x0205,bcd=0205,transfer=128,"
               "detach=reset,dfu-detach=idle,names=image_0|image_1,locked=0,poll=256,"
               "manifest-poll=256,idle-poll=256,early-poll=ignore,clrstatus=any"},
    {.name = "stm32f4", .ops = &fettle_sim_dfuse_ops, .dfuse = &fettle_sim_dfuse_stm32f4},
    {.name = "stm32f405",
     .ops = &fettle_sim_dfuse_ops,
     .dfuse = &fettle_sim_dfuse_stm32f405},
    {.name = "stm32l4", .ops = &fettle_sim_dfuse_ops, .dfuse = &fettle_sim_dfuse_stm32l4},
    {.name = "stm32h7", .ops = &fettle_sim_dfuse_ops, .dfuse = &fettle_sim_dfuse_stm32h7},
    {.name = "stm32l0", .ops = &fettle_sim_dfuse_ops, .dfuse = &fettle_sim_dfuse_stm32l0},
    {.name = "gd32vf103",
     .ops = &fettle_sim_dfuse_ops,
     .dfuse = &fettle_sim_dfuse_gd32vf103},
    {.name = "at32", .ops = &fettle_sim_dfuse_ops, .dfuse = &fettle_sim_dfuse_at32},
    {.name = "esp8266", .ops = &fettle_sim_esp_ops, .esp = &fettle_sim_esp8266},
    {.name = "esp32", .ops = &fettle_sim_esp_ops, .esp = &fettle_sim_esp32},
    {.name = "esp32s2", .ops = &fettle_sim_esp_ops, .esp = &fettle_sim_esp32s2},
    {.name = "esp32s3",
     .ops = &fettle_sim_esp_ops,
     .esp = &fettle_sim_esp32s3,
     .preset = "bridge=jtag"},
    {.name = "esp32c2", .ops = &fettle_sim_esp_ops, .esp = &fettle_sim_esp32c2},
    {.name = "esp32c3",
     .ops = &fettle_sim_esp_ops,
     .esp = &fettle_sim_esp32c3,
     .preset = "bridge=jtag"},
    {.name = "esp32c6",
     .ops = &fettle_sim_esp_ops,
     .esp = &fettle_sim_esp32c6,
     .preset = "bridge=jtag"},
};

const size_t fettle_sim_model_count =
    sizeof fettle_sim_models / sizeof fettle_sim_models[0];

/* ---- options ---- */

#define MS_MOST 86400000 /* a day */

const fettle_sim_option_row fettle_sim_option_rows[OPTION_COUNT] = {
    [OPTION_TIMING] = {"timing", WORD, OF_ALL, 1, 0, 0, {"none", "real"}},
    [OPTION_MODE] = {"mode", WORD, OF_USB, MODE_APP, 0, 0, {"app", "dfu", "unplugged"}},
    [OPTION_PERSON] = {"person",
                       WORD,
                       OF_ALL,
                       PERSON_HELPFUL,
                       0,
                       0,
                       {"helpful", "none", "slow", "wrong"}},
    [OPTION_DELAY] = {"delay", NUMBER, OF_ALL, 1000, 0, MS_MOST, {NULL}},
    [OPTION_SIZE] = {"size", BYTES, OF_ALL, 0, 64, 64 << 20, {NULL}},
    [OPTION_SEED] = {"seed", NUMBER, OF_ALL, 0, 0, UINT32_MAX, {NULL}},
    [OPTION_ENUMERATE] = {"enumerate", NUMBER, OF_ALL, 400, 0, MS_MOST, {NULL}},
    [OPTION_DOWNLOADING] = {"downloading", YES_NO, OF_ALL, 0, 0, 0, {NULL}},
    [OPTION_BATTERY] = {"battery", YES_NO, OF_ALL, 0, 0, 0, {NULL}},
    [OPTION_VERSION] = {"version", NUMBER, OF_ALL, SIM_VERSION, 0, 0xffff, {NULL}},
    [OPTION_RETURN] = {"return", NUMBER, OF_ALL, 2000, 0, MS_MOST, {NULL}},
    [OPTION_FLASH] = {"flash", TEXT, OF_ALL, 0, 0, 0, {NULL}},
    [OPTION_LOG] = {"log", TEXT, OF_ALL, 0, 0, 0, {NULL}},
    [OPTION_SERIAL] = {"serial", TEXT, OF_ALL, 0, 0, 0, {NULL}},
    [OPTION_FAULT] = {"fault", FAULT, OF_ALL, 0, 0, 0, {NULL}},
    [OPTION_SAME_SERIAL] = {"same-serial", YES_NO, OF_ALL, 0, 0, 0, {NULL}},
    [OPTION_USB] = {"usb", WORD, OF_USB, USB_ROUGH, 0, 0, {"rough", "full", "none"}},
    [OPTION_WINDOW] = {"window", NUMBER_OR_OFF, OF_SHIELDS, 7000, 0, MS_MOST, {NULL}},
    [OPTION_RACES] = {"races", YES_NO, OF_SHIELDS, 0, 0, 0, {NULL}},
    [OPTION_EXIT] = {"exit", YES_NO, OF_SHIELDS, 1, 0, 0, {NULL}},
    [OPTION_STAYS] = {"stays", YES_NO, OF_SHIELDS, 0, 0, 0, {NULL}},
    [OPTION_FAST_STALL] = {"fast-stall", NUMBER, OF_SHIELDS, 0, 0, UINT32_MAX, {NULL}},
    [OPTION_END_RACE] = {"end-race", NUMBER, OF_SHIELDS, 0, 0, UINT32_MAX, {NULL}},
    [OPTION_STOCK] = {"stock", YES_NO, OF_SHIELDS, 0, 0, 0, {NULL}},
    [OPTION_MODULE] = {"module", WORD, OF_BARE, MODULE_NONE, 0, 0, {"none", "echo"}},
    [OPTION_ID] = {"id", IDS, OF_STRICT, 0x1d506003, 0, 0, {NULL}},
    [OPTION_APP_ID] = {"app-id", IDS, OF_DFU, 0, 0, 0, {NULL}},
    [OPTION_SAME_IDS] = {"same-ids", YES_NO, OF_STRICT, 0, 0, 0, {NULL}},
    [OPTION_TRANSFER] = {"transfer", NUMBER, OF_STRICT, 256, 0, 0xffff, {NULL}},
    [OPTION_TOLERANT] = {"tolerant", YES_NO, OF_STRICT, 1, 0, 0, {NULL}},
    [OPTION_POLL] = {"poll", NUMBER, OF_STRICT, 0, 0, 0xffffff, {NULL}},
    [OPTION_MANIFEST_POLL] = {"manifest-poll", NUMBER, OF_STRICT, 0, 0, 0xffffff, {NULL}},
    [OPTION_DETACH] = {"detach", WORD, OF_DFU, DETACH_WILL, 0, 0, {"will", "reset", "no"}},
    [OPTION_DETACH_TIMEOUT] = {"detach-timeout", NUMBER, OF_DFU, 1000, 0, 0xffff, {NULL}},
    [OPTION_UPLOAD] = {"upload", YES_NO, OF_DFU, 1, 0, 0, {NULL}},
    [OPTION_DOWNLOAD] = {"download", YES_NO, OF_STRICT, 1, 0, 0, {NULL}},
    [OPTION_BCD] = {"bcd", HEX16, OF_STRICT, 0x0100, 0, 0, {NULL}},
    [OPTION_DFU_VERSION] = {"dfu-version", HEX16, OF_STRICT, 0x0110, 0, 0, {NULL}},
    [OPTION_LINGER] = {"linger", NUMBER, OF_DFU, 0, 0, MS_MOST, {NULL}},
    [OPTION_ALTERNATES] = {"alternates", NUMBER, OF_STRICT, 1, 1, 32, {NULL}},
    [OPTION_FUNCTIONAL] = {"functional",
                           WORD,
                           OF_STRICT,
                           FUNCTIONAL_AFTER_INTERFACE,
                           0,
                           0,
                           {"after-interface", "after-each", "after-config"}},
    [OPTION_PROTOCOL] = {"protocol", NUMBER, OF_STRICT, 2, 0, 0xff, {NULL}},
    [OPTION_REBOOTS] =
        {"reboots", WORD, OF_STRICT, REBOOTS_NO, 0, 0, {"no", "yes", "early"}},
    [OPTION_APP] = {"app", YES_NO, OF_STRICT, 1, 0, 0, {NULL}},
    [OPTION_BOOTABLE] = {"bootable", YES_NO, OF_DFU, 1, 0, 0, {NULL}},
    [OPTION_LEAVES] = {"leaves",
                       WORD,
                       OF_STRICT,
                       LEAVES_BY_RESET,
                       0,
                       0,
                       {"reset", "detach", "upload", "no"}},
    [OPTION_DFU_DETACH] =
        {"dfu-detach", WORD, OF_STRICT, DFU_DETACH_ERROR, 0, 0, {"error", "idle"}},
    [OPTION_FORCE_DETACH] = {"force-detach", YES_NO, OF_STRICT, 0, 0, 0, {NULL}},
    [OPTION_STRICT_CLRSTATUS] =
        {"clrstatus", WORD, OF_STRICT, CLRSTATUS_IN_ERROR, 0, 0, {"error", "any"}},
    [OPTION_NAMES] = {"names", TEXT, OF_STRICT, 0, 0, 0, {NULL}},
    [OPTION_LOCKED] = {"locked", NUMBER_OR_OFF, OF_STRICT, FETTLE_NEVER, 0, 31, {NULL}},
    [OPTION_EARLY_POLL] =
        {"early-poll", WORD, OF_STRICT, EARLY_POLL_STALLS, 0, 0, {"stall", "ignore"}},
    [OPTION_IDLE_POLL] = {"idle-poll", NUMBER, OF_STRICT, 0, 0, 0xffffff, {NULL}},
    [OPTION_BUSY_ROUNDS] = {"busy-rounds", NUMBER, OF_STRICT, 0, 0, 100000, {NULL}},
    [OPTION_STALLS_BUSY] = {"stalls-busy", YES_NO, OF_STRICT, 0, 0, 0, {NULL}},
    [OPTION_STRICT_GREETS] =
        {"greets", WORD, OF_STRICT, GREETS_IDLE, 0, 0, {"no", "error"}},
    [OPTION_APP_SERIAL] = {"app-serial", TEXT, OF_STRICT, 0, 0, 0, {NULL}},
    [OPTION_ROM_TRANSFER] =
        {"transfer", NUMBER, OF_DFUSE, SIM_MODEL_DECIDES, 0, 0xffff, {NULL}},
    [OPTION_STRING] = {"string", TEXT, OF_DFUSE, 0, 0, 0, {NULL}},
    [OPTION_SET_ADDRESS] =
        {"set-address", NUMBER, OF_DFUSE, SIM_MODEL_DECIDES, 0, 0xffffff, {NULL}},
    [OPTION_ERASE] = {"erase", NUMBER, OF_DFUSE, SIM_MODEL_DECIDES, 0, 0xffffff, {NULL}},
    [OPTION_WRITE] = {"write", NUMBER, OF_DFUSE, SIM_MODEL_DECIDES, 0, 0xffffff, {NULL}},
    [OPTION_MASS_ERASE] =
        {"mass-erase", NUMBER, OF_DFUSE, SIM_MODEL_DECIDES, 0, 0xffffff, {NULL}},
    [OPTION_RDP] = {"rdp", YES_NO, OF_DFUSE, 0, 0, 0, {NULL}},
    [OPTION_PROTECTED] =
        {"protected", NUMBER, OF_DFUSE | OF_CHIP, SIM_MODEL_DECIDES, 0, UINT32_MAX, {NULL}},
    [OPTION_GREETS] = {"greets", YES_NO, OF_DFUSE, SIM_MODEL_DECIDES, 0, 0, {NULL}},
    [OPTION_BUSY] = {"busy",
                     WORD,
                     OF_DFUSE,
                     SIM_MODEL_DECIDES,
                     0,
                     0,
                     {"answers", "naks", "stalls", "strict"}},
    [OPTION_CLRSTATUS] = {"clrstatus",
                          WORD,
                          OF_DFUSE,
                          SIM_MODEL_DECIDES,
                          0,
                          0,
                          {"taken", "unknown", "stalled"}},
    [OPTION_BLOCKS] =
        {"blocks", WORD, OF_DFUSE, BLOCKS_OF_TRANSFER_SIZE, 0, 0, {"fixed", "by-length"}},
    [OPTION_ESP_MODE] =
        {"mode", WORD, OF_LINE, MODE_APP, 0, 0, {"app", "rom", "unplugged"}},
    [OPTION_BRIDGE] = {"bridge",
                       WORD,
                       OF_ESP,
                       BRIDGE_CP210X,
                       0,
                       0,
                       {"cp210x", "ch340", "ch9102", "ftdi", "jtag"}},
    [OPTION_CIRCUIT] =
        {"circuit", WORD, OF_ESP, CIRCUIT_CLASSIC, 0, 0, {"classic", "direct", "none"}},
    [OPTION_EN_MS] = {"en-ms", NUMBER, OF_ESP, 1, 0, 1000, {NULL}},
    [OPTION_XTAL] = {"xtal", NUMBER, OF_CHIP, SIM_MODEL_DECIDES, 24, 40, {NULL}},
    [OPTION_REVISION] = {"revision", NUMBER, OF_CHIP, SIM_MODEL_DECIDES, 0, 399, {NULL}},
    [OPTION_MAX_BAUD] =
        {"max-baud", NUMBER, OF_CHIP, SIM_MODEL_DECIDES, 9600, 10000000, {NULL}},
    [OPTION_LATENCY] = {"latency", NUMBER, OF_CHIP, SIM_MODEL_DECIDES, 0, 255, {NULL}},
    [OPTION_LATE] = {"late", NUMBER, OF_CHIP, 1500, 0, MS_MOST, {NULL}},
    [OPTION_CONTENT] = {"content", WORD, OF_CHIP, CONTENT_APP, 0, 0, {"app", "blank"}},
    [OPTION_FLASH_ID] =
        {"flash-id", NUMBER, OF_CHIP, SIM_MODEL_DECIDES, 0, 0xffffff, {NULL}},
    [OPTION_UNKNOWN] =
        {"unknown", WORD, OF_CHIP, SIM_MODEL_DECIDES, 0, 0, {"one", "eight"}},
    [OPTION_SYNC_MISSES] = {"sync-misses", NUMBER, OF_CHIP, 0, 0, 1000, {NULL}},
    [OPTION_MEM_END] = {"mem-end", WORD, OF_CHIP, 1, 0, 0, {"silent", "answers"}},
    [OPTION_SDM] = {"sdm", YES_NO, OF_CHIP, 0, 0, 0, {NULL}},
    [OPTION_SECURE_BOOT] =
        {"secure-boot", WORD, OF_CHIP, SECURE_BOOT_NONE, 0, 0, {"no", "v1", "v2"}},
    [OPTION_ENCRYPTION] = {"encryption",
                           WORD,
                           OF_CHIP,
                           ENCRYPTION_NONE,
                           0,
                           0,
                           {"no", "development", "release"}},
    [OPTION_WATCHDOG] = {"watchdog", NUMBER, OF_ESP, 9000, 0, MS_MOST, {NULL}},
    [OPTION_SILENT] = {"silent", YES_NO, OF_CHIP, 0, 0, 0, {NULL}},
    [OPTION_OWN_STUB] = {"own-stub", YES_NO, OF_CHIP, 0, 0, 0, {NULL}},
    [OPTION_PIC] =
        {"pic", WORD, OF_SHIELDS, PIC_ANSWERS, 0, 0, {"answers", "silent", "left"}},
    [OPTION_PIC_VERSION] =
        {"pic-version", NUMBER, OF_SHIELDS, SIM_MODEL_DECIDES, 0, 0xffff, {NULL}},
    [OPTION_UPDATED_VERSION] =
        {"updated-version", NUMBER, OF_SHIELDS, SIM_MODEL_DECIDES, 0, 0xffff, {NULL}},
    [OPTION_HARDWARE] =
        {"hardware", NUMBER, OF_SHIELDS, SIM_MODEL_DECIDES, 0, 0xffff, {NULL}},
    [OPTION_RC0] = {"rc0", WORD, OF_SHIELDS, RC0_WORKS, 0, 0, {"works", "ignored"}},
    [OPTION_SOFTWARE_DFU] = {"software-dfu", YES_NO, OF_SHIELDS, 0, 0, 0, {NULL}},
    [OPTION_PRESENCE] = {"module",
                         WORD,
                         OF_MODULE,
                         PRESENCE_GOOD,
                         0,
                         0,
                         {"good", "none", "echo", "garbage", "safe-boot"}},
    [OPTION_MODULE_FLASH] = {"module-flash", TEXT, OF_MODULE, 0, 0, 0, {NULL}},
    [OPTION_LAYOUT] =
        {"layout", WORD, OF_MODULE, LAYOUT_NEW, 0, 0, {"old", "new", "small-factory"}},
    [OPTION_ACTIVE] =
        {"active", WORD, OF_MODULE, SIM_MODEL_DECIDES, 0, 0, {"factory", "ota_0"}},
    [OPTION_CONFIG] =
        {"config", WORD, OF_MODULE, CONFIG_FULL, 0, 0, {"full", "blank", "no-region"}},
    [OPTION_APP_VERSION] = {"app-version", TEXT, OF_MODULE, 0, 0, 0, {NULL}},
    [OPTION_HEADER] = {"header", WORD, OF_MODULE, HEADER_STRICT, 0, 0, {"strict", "any"}},
    [OPTION_WIRE] = {"wire",
                     WORD,
                     OF_MODULE,
                     WIRE_RIGHT,
                     0,
                     0,
                     {"right", "g28", "none", "noreset", "left"}},
    [OPTION_JUMPERS] = {"jumpers", WORD, OF_MODULE, JUMPERS_ON, 0, 0, {"on", "off"}},
    [OPTION_LOOPS] = {"loops",
                      WORD,
                      OF_MODULE,
                      LOOPS_NO,
                      0,
                      0,
                      {"no", "nvs", "files", "nvs+files", "app", "flash"}},
};
