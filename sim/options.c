/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading "NAME[*N][,OPTION...]": the tables of names, options and words, and the parser over them.
 *
 * Every option is a row: how its value is written, within which bounds, whose it is, and what it is
 * when it isn't given. An option of another kind of board counts as unknown, and the sentence about
 * anything unknown lists what is known there.
 */
#include "dfuse.h"
#include "esp.h"

#include <string.h>

/* ---- names ---- */

/* Ids: section 1.1 of the fact sheet on Pycom boards. */
static const fettle_sim_model models[] = {
    {"pytrack", &fettle_sim_pic_ops, true, 0xf013, 0xf014, "Pytrack", NULL, NULL, NULL},
    {"pysense", &fettle_sim_pic_ops, true, 0xf012, 0xf011, "Pysense", NULL, NULL, NULL},
    {"pyscan", &fettle_sim_pic_ops, true, 0xef38, 0xef37, "Pyscan", NULL, NULL, NULL},
    {"pygate", &fettle_sim_pic_ops, true, 0xed14, 0xed15, "Pygate", NULL, NULL, NULL},
    {"expansion30", &fettle_sim_pic_ops, true, 0xef98, 0xef99, "Expansion3", NULL, NULL,
     NULL},
    {"expansion31", &fettle_sim_pic_ops, true, 0xef98, 0xef99, "Expansion3", NULL, NULL,
     NULL},
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

enum { MODEL_COUNT = sizeof models / sizeof models[0] };

/* ---- options ---- */

typedef enum syntax {
    NUMBER,        /* decimal, or 0x... */
    NUMBER_OR_OFF, /* or "off": FETTLE_NEVER */
    BYTES,         /* with KB or MB */
    WORD,
    YES_NO,
    HEX16, /* one to four digits */
    IDS,   /* VVVV:PPPP, as vendor << 16 | product */
    TEXT,
    FAULT,
} syntax;

enum {
    OF_SHIELDS = 1,
    OF_STRICT = 2,
    OF_DFUSE = 4,
    OF_ESP = 8,
    OF_DFU = 6,
    OF_USB = 7,
    OF_ALL = 15
};

typedef struct option_row {
    const char *name;
    syntax syntax;
    unsigned of;
    uint64_t otherwise, least, most;
    const char *words[6];
} option_row;

#define MS_MOST 86400000 /* a day */

static const option_row options[OPTION_COUNT] = {
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
    [OPTION_VERSION] = {"version", NUMBER, OF_ALL, 0x0100, 0, 0xffff, {NULL}},
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
    [OPTION_MODULE] = {"module", WORD, OF_SHIELDS, MODULE_NONE, 0, 0, {"none", "echo"}},
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
        {"protected", NUMBER, OF_DFUSE | OF_ESP, SIM_MODEL_DECIDES, 0, UINT32_MAX, {NULL}},
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
    [OPTION_ESP_MODE] = {"mode", WORD, OF_ESP, MODE_APP, 0, 0, {"app", "rom", "unplugged"}},
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
    [OPTION_XTAL] = {"xtal", NUMBER, OF_ESP, SIM_MODEL_DECIDES, 24, 40, {NULL}},
    [OPTION_REVISION] = {"revision", NUMBER, OF_ESP, SIM_MODEL_DECIDES, 0, 399, {NULL}},
    [OPTION_MAX_BAUD] = {"max-baud", NUMBER, OF_ESP, 3000000, 9600, 10000000, {NULL}},
    [OPTION_LATENCY] = {"latency", NUMBER, OF_ESP, SIM_MODEL_DECIDES, 0, 255, {NULL}},
    [OPTION_CONTENT] = {"content", WORD, OF_ESP, CONTENT_APP, 0, 0, {"app", "blank"}},
    [OPTION_FLASH_ID] =
        {"flash-id", NUMBER, OF_ESP, SIM_MODEL_DECIDES, 0, 0xffffff, {NULL}},
    [OPTION_UNKNOWN] = {"unknown", WORD, OF_ESP, SIM_MODEL_DECIDES, 0, 0, {"one", "eight"}},
    [OPTION_SYNC_MISSES] = {"sync-misses", NUMBER, OF_ESP, 0, 0, 1000, {NULL}},
    [OPTION_MEM_END] = {"mem-end", WORD, OF_ESP, 1, 0, 0, {"silent", "answers"}},
    [OPTION_SDM] = {"sdm", YES_NO, OF_ESP, 0, 0, 0, {NULL}},
    [OPTION_SECURE_BOOT] =
        {"secure-boot", WORD, OF_ESP, SECURE_BOOT_NONE, 0, 0, {"no", "v1", "v2"}},
    [OPTION_ENCRYPTION] = {"encryption",
                           WORD,
                           OF_ESP,
                           ENCRYPTION_NONE,
                           0,
                           0,
                           {"no", "development", "release"}},
    [OPTION_WATCHDOG] = {"watchdog", NUMBER, OF_ESP, 9000, 0, MS_MOST, {NULL}},
    [OPTION_SILENT] = {"silent", YES_NO, OF_ESP, 0, 0, 0, {NULL}},
    [OPTION_OWN_STUB] = {"own-stub", YES_NO, OF_ESP, 0, 0, 0, {NULL}},
};

/* ---- values ---- */

static const char *const yes_no[] = {"no", "yes", NULL};

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* The digits at the start of `text`; NULL if there are none, or too many. */
static const char *take_digits(const char *text, unsigned base, uint64_t *number)
{
    const char *at = text;
    for (*number = 0; digit_of(*at) < (int)base; at++) {
        if (*number > UINT32_MAX) {
            return NULL;
        }
        *number = *number * base + (unsigned)digit_of(*at);
    }
    return at > text ? at : NULL;
}

static const char *take_number(const char *text, uint64_t *number)
{
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    return take_digits(is_hex ? text + 2 : text, is_hex ? 16 : 10, number);
}

static const char *take_hex16(const char *text, uint64_t *number)
{
    const char *end = take_digits(text, 16, number);
    return end != NULL && end - text <= 4 ? end : NULL;
}

static bool read_bytes(const char *text, uint64_t *number)
{
    const char *end = take_number(text, number);
    if (end == NULL || *number > UINT32_MAX) {
        return false;
    }
    if (strcmp(end, "KB") == 0 || strcmp(end, "MB") == 0) {
        *number <<= *end == 'K' ? 10 : 20;
        return true;
    }
    return *end == '\0';
}

static bool read_ids(const char *text, uint64_t *number)
{
    uint64_t vendor, product;
    const char *end = take_hex16(text, &vendor);
    if (end == NULL || *end != ':') {
        return false;
    }
    end = take_hex16(end + 1, &product);
    *number = vendor << 16 | product;
    return end != NULL && *end == '\0';
}

static bool read_word(const char *const *words, const char *text, uint64_t *number)
{
    for (*number = 0; words[*number] != NULL; ++*number) {
        if (strcmp(words[*number], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_number(const option_row *option, const char *text, uint64_t *number)
{
    if (option->syntax == NUMBER_OR_OFF && strcmp(text, "off") == 0) {
        *number = FETTLE_NEVER;
        return true;
    }
    const char *end = take_number(text, number);
    return end != NULL && *end == '\0' && *number >= option->least &&
           *number <= option->most;
}

static bool read_value(const option_row *option, const char *text, uint64_t *number)
{
    const char *end;
    switch (option->syntax) {
    case NUMBER:
    case NUMBER_OR_OFF:
        return read_number(option, text, number);
    case BYTES:
        return read_bytes(text, number) && *number >= option->least &&
               *number <= option->most;
    case WORD:
        return read_word(option->words, text, number);
    case YES_NO:
        return read_word(yes_no, text, number);
    case HEX16:
        end = take_hex16(text, number);
        return end != NULL && *end == '\0';
    case IDS:
        return read_ids(text, number);
    case TEXT:
    case FAULT:
        break;
    }
    return false;
}

/* ---- sentences ---- */

static void append(char *message, size_t size, const char *text)
{
    size_t length = strlen(message);
    if (length < size) {
        snprintf(message + length, size - length, "%s", text);
    }
}

static void append_words(char *message, size_t size, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        append(message, size, i == 0 ? "" : ", ");
        append(message, size, words[i]);
    }
}

static void append_form(char *message, size_t size, const option_row *option)
{
    char text[80];
    unsigned long long least = option->least, most = option->most;
    switch (option->syntax) {
    case WORD:
        append_words(message, size, option->words);
        return;
    case YES_NO:
        append_words(message, size, yes_no);
        return;
    case HEX16:
        append(message, size, "one to four hex digits");
        return;
    case IDS:
        append(message, size, "VVVV:PPPP in hex");
        return;
    case NUMBER_OR_OFF:
        append(message, size, "off, ");
        break;
    default:
        break;
    }
    snprintf(text, sizeof text, "%llu to %llu", least, most);
    append(message, size, text);
}

static bool refuse_value(const option_row *option, const char *value, char *message,
                         size_t size)
{
    snprintf(message, size, "\"%s\" is no value for %s; known: ", value, option->name);
    append_form(message, size, option);
    return false;
}

static unsigned kind_of(const fettle_sim_model *model)
{
    if (model->esp != NULL) {
        return OF_ESP;
    }
    unsigned of_dfu = model->dfuse != NULL ? OF_DFUSE : OF_STRICT;
    return model->is_shield ? OF_SHIELDS : of_dfu;
}

static bool refuse_option(const fettle_sim_model *model, const char *name, char *message,
                          size_t size)
{
    unsigned whose = kind_of(model);
    bool is_first = true;
    snprintf(message, size, "option \"%s\" isn't known for %s; known: ", name, model->name);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((options[i].of & whose) != 0) {
            append(message, size, is_first ? "" : ", ");
            append(message, size, options[i].name);
            is_first = false;
        }
    }
    return false;
}

static bool refuse_name(const char *name, char *message, size_t size)
{
    snprintf(message, size, "virtual board \"%s\" isn't known; known: ", name);
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        append(message, size, i == 0 ? "" : ", ");
        append(message, size, models[i].name);
    }
    return false;
}

/* ---- the parser ---- */

typedef struct spec_parser {
    const char *at;
    const fettle_sim_model *model;
    fettle_sim_settings *settings;
    char *message;
    size_t message_size;
    char piece[SIM_FILE_NAME_SIZE + 32];
} spec_parser;

/* The next piece up to a comma that has no backslash before it; false if it is too long. */
static bool take_piece(spec_parser *parser)
{
    size_t length = 0;
    while (*parser->at != '\0' && *parser->at != ',') {
        if (parser->at[0] == '\\' && parser->at[1] == ',') {
            parser->at++;
        }
        if (length + 1 >= sizeof parser->piece) {
            snprintf(parser->message, parser->message_size, "an option is too long");
            return false;
        }
        parser->piece[length++] = *parser->at++;
    }
    parser->piece[length] = '\0';
    return true;
}

/* Where a text goes, and how much room is there. */
static char *room_for(fettle_sim_settings *settings, const option_row *option, size_t *room)
{
    switch (option - options) {
    case OPTION_SERIAL:
        *room = sizeof settings->serial;
        return settings->serial;
    case OPTION_APP_SERIAL:
        *room = sizeof settings->app_serial;
        return settings->app_serial;
    case OPTION_NAMES:
        *room = sizeof settings->names;
        return settings->names;
    case OPTION_STRING:
        *room = sizeof settings->string;
        return settings->string;
    case OPTION_LOG:
        *room = sizeof settings->log;
        return settings->log;
    default:
        *room = sizeof settings->flash;
        return settings->flash;
    }
}

static bool take_text(spec_parser *parser, const option_row *option, const char *value)
{
    size_t room;
    char *to = room_for(parser->settings, option, &room);
    if (value[0] == '\0' || strlen(value) >= room) {
        snprintf(parser->message, parser->message_size,
                 "%s= wants a text of 1 to %zu bytes", option->name, room - 1);
        return false;
    }
    fettle_sim_copy_text(to, room, value);
    return true;
}

static bool take_fault(spec_parser *parser, const char *value)
{
    fettle_sim_settings *settings = parser->settings;
    if (settings->fault_count == SIM_FAULTS_MAX) {
        snprintf(parser->message, parser->message_size, "a board may have %d faults",
                 SIM_FAULTS_MAX);
        return false;
    }
    return fettle_sim_fault_parse(value, strlen(value),
                                  &settings->faults[settings->fault_count++],
                                  parser->message, parser->message_size);
}

static const option_row *find_option(const fettle_sim_model *model, const char *name,
                                     size_t length)
{
    unsigned whose = kind_of(model);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((options[i].of & whose) != 0 && strlen(options[i].name) == length &&
            memcmp(options[i].name, name, length) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

static bool take_option(spec_parser *parser)
{
    char *equals = strchr(parser->piece, '=');
    size_t length =
        equals != NULL ? (size_t)(equals - parser->piece) : strlen(parser->piece);
    const char *value = equals != NULL ? equals + 1 : "";
    const option_row *option = find_option(parser->model, parser->piece, length);
    if (option == NULL) {
        parser->piece[length] = '\0';
        return refuse_option(parser->model, parser->piece, parser->message,
                             parser->message_size);
    }
    if (option->syntax == TEXT) {
        return take_text(parser, option, value);
    }
    if (option->syntax == FAULT) {
        return take_fault(parser, value);
    }
    uint64_t *number = &parser->settings->number[option - options];
    return read_value(option, value, number) ||
           refuse_value(option, value, parser->message, parser->message_size);
}

/* "NAME" or "NAME*N" */
static bool take_name(spec_parser *parser, size_t *boards)
{
    uint64_t count = 1;
    char *star = strchr(parser->piece, '*');
    if (star != NULL) {
        const char *end = take_digits(star + 1, 10, &count);
        if (end == NULL || *end != '\0' || count < 1 || count > SIM_BOARDS_MAX) {
            snprintf(parser->message, parser->message_size, "\"%s\" is no number of boards",
                     star + 1);
            return false;
        }
        *star = '\0';
    }
    *boards = (size_t)count;
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        if (strcmp(models[i].name, parser->piece) == 0) {
            parser->model = &models[i];
            return true;
        }
    }
    return refuse_name(parser->piece, parser->message, parser->message_size);
}

static const char *without_scheme(const char *spec)
{
    return strncmp(spec, "sim:", 4) == 0 ? spec + 4 : spec;
}

/* 0: any */
static uint32_t fixed_size(const fettle_sim_model *model)
{
    if (model->dfuse != NULL) {
        return fettle_sim_dfuse_size(&model->dfuse->memories[0]);
    }
    return model->is_shield ? 16384 : 0;
}

/* names=A|B: two memories at least. */
static bool settle_names(spec_parser *parser)
{
    const char *names = parser->settings->names;
    uint64_t *alternates = &parser->settings->number[OPTION_ALTERNATES];
    uint64_t count = names[0] != '\0' ? 1 : 0;
    for (const char *at = strchr(names, '|'); at != NULL; at = strchr(at + 1, '|')) {
        count++;
    }
    if (count > options[OPTION_ALTERNATES].most) {
        snprintf(parser->message, parser->message_size, "names= has more than %llu names",
                 (unsigned long long)options[OPTION_ALTERNATES].most);
        return false;
    }
    *alternates = *alternates < count ? count : *alternates;
    return true;
}

enum { ESP_SIZE = 4 << 20, ESP_LEAST = 256 << 10, FTDI_MS = 16 };

/*
 * Its flash is one of the sizes that there are; what runs there decides where it can be spoken
 * to.
 */
static bool settle_esp(spec_parser *parser)
{
    uint64_t *number = parser->settings->number;
    const fettle_sim_esp_chip *chip = parser->model->esp;
    uint64_t size = number[OPTION_SIZE] != 0 ? number[OPTION_SIZE] : ESP_SIZE;
    if (size < ESP_LEAST || (size & (size - 1)) != 0) {
        snprintf(parser->message, parser->message_size,
                 "the flash of a %s has 256 KiB, 512 KiB, 1 MiB, ... 64 MiB",
                 parser->model->name);
        return false;
    }
    if (number[OPTION_BRIDGE] == BRIDGE_JTAG && !chip->has_jtag) {
        snprintf(parser->message, parser->message_size,
                 "a %s has no USB-Serial-JTAG: bridge=jtag isn't for it",
                 parser->model->name);
        return false;
    }
    if (number[OPTION_LATENCY] == SIM_MODEL_DECIDES) {
        number[OPTION_LATENCY] = number[OPTION_BRIDGE] == BRIDGE_FTDI ? FTDI_MS : 1;
    }
    number[OPTION_SIZE] = size;
    number[OPTION_MODE] = number[OPTION_ESP_MODE];
    return true;
}

/* What follows from several options together. */
static bool settle(spec_parser *parser)
{
    if (parser->model->esp != NULL) {
        return settle_esp(parser);
    }
    uint64_t *number = parser->settings->number;
    uint32_t size = fixed_size(parser->model);
    if (size != 0 && number[OPTION_SIZE] != 0 && number[OPTION_SIZE] != size) {
        snprintf(parser->message, parser->message_size, "the memory of a %s has %lu bytes",
                 parser->model->name, (unsigned long)size);
        return false;
    }
    number[OPTION_FAST_STALL] = number[OPTION_FAST_STALL] > number[OPTION_END_RACE]
                                    ? number[OPTION_FAST_STALL]
                                    : number[OPTION_END_RACE];
    return settle_names(parser);
}

/* "OPTION[,OPTION...]" */
static bool take_options(spec_parser *parser, const char *text)
{
    parser->at = text;
    for (;;) {
        if (!take_piece(parser) || !take_option(parser)) {
            return false;
        }
        if (*parser->at == '\0') {
            return true;
        }
        parser->at++; /* the comma */
    }
}

bool fettle_sim_parse(const char *spec, const fettle_sim_model **model, size_t *boards,
                      fettle_sim_settings *settings, char *message, size_t message_size)
{
    spec_parser parser = {
        .at = without_scheme(spec),
        .settings = settings,
        .message = message,
        .message_size = message_size,
    };
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        settings->number[i] = options[i].otherwise;
    }
    if (!take_piece(&parser) || !take_name(&parser, boards)) {
        return false;
    }
    const char *own = *parser.at == ',' ? parser.at + 1 : NULL;
    *model = parser.model;
    return (parser.model->preset == NULL || take_options(&parser, parser.model->preset)) &&
           (own == NULL || take_options(&parser, own)) && settle(&parser);
}

bool fettle_sim_wants_no_time(const char *spec)
{
    static const char wanted[] = "timing=none";
    bool wants = false;
    for (const char *at = strchr(spec, ','); at != NULL; at = strchr(at + 1, ',')) {
        bool is_one = at == spec || at[-1] != '\\';
        if (is_one && strncmp(at + 1, "timing=", 7) == 0) {
            size_t length = sizeof wanted - 1;
            wants = strncmp(at + 1, wanted, length) == 0 &&
                    (at[1 + length] == '\0' || at[1 + length] == ',');
        }
    }
    return wants;
}
