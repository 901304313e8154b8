/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading "NAME[*N][,OPTION...]": the tables of names, options and words, and the parser over them.
 *
 * Every option is a row: how its value is written, within which bounds, whose it is, and what it is
 * when it isn't given. An option of another kind of board counts as unknown, and the sentence about
 * anything unknown lists what is known there.
 */
#include "internal.h"

#include <string.h>

/* ---- names ---- */

/* Ids: section 1.1 of the fact sheet on Pycom boards. */
static const fettle_sim_model models[] = {
    {"pytrack", &fettle_sim_pic_ops, true, 0xf013, 0xf014, "Pytrack"},
    {"pysense", &fettle_sim_pic_ops, true, 0xf012, 0xf011, "Pysense"},
    {"pyscan", &fettle_sim_pic_ops, true, 0xef38, 0xef37, "Pyscan"},
    {"pygate", &fettle_sim_pic_ops, true, 0xed14, 0xed15, "Pygate"},
    {"expansion30", &fettle_sim_pic_ops, true, 0xef98, 0xef99, "Expansion3"},
    {"expansion31", &fettle_sim_pic_ops, true, 0xef98, 0xef99, "Expansion3"},
    {"dfu", &fettle_sim_strict_ops, false, 0, 0, NULL},
};

enum { MODEL_COUNT = sizeof models / sizeof models[0] };

static const fettle_sim_kind kinds[] = {
    {"pytrack",
     "Pycom Pytrack: a shield with a PIC bootloader (04d8:f013, f014 in update mode)"},
    {"pysense", "Pycom Pysense, likewise (04d8:f012, f011)"},
    {"pyscan", "Pycom Pyscan, likewise (04d8:ef38, ef37)"},
    {"pygate", "Pycom Pygate, likewise (04d8:ed14, ed15)"},
    {"expansion30", "Pycom Expansion Board 3.0, likewise (04d8:ef98, ef99)"},
    {"expansion31", "Pycom Expansion Board 3.1, likewise (04d8:ef98, ef99)"},
    {"dfu", "a strict DFU 1.1 device (1d50:6003 unless id= says otherwise)"},
    {NULL, NULL},
};

const fettle_sim_kind *fettle_sim_kinds(void)
{
    return kinds;
}

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

enum { OF_SHIELDS = 1, OF_STRICT = 2, OF_ALL = 3 };

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
    [OPTION_MODE] = {"mode", WORD, OF_ALL, MODE_APP, 0, 0, {"app", "dfu", "unplugged"}},
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
    [OPTION_WINDOW] = {"window", NUMBER_OR_OFF, OF_SHIELDS, 7000, 0, MS_MOST, {NULL}},
    [OPTION_RACES] = {"races", YES_NO, OF_SHIELDS, 0, 0, 0, {NULL}},
    [OPTION_EXIT] = {"exit", YES_NO, OF_SHIELDS, 1, 0, 0, {NULL}},
    [OPTION_STAYS] = {"stays", YES_NO, OF_SHIELDS, 0, 0, 0, {NULL}},
    [OPTION_FAST_STALL] = {"fast-stall", NUMBER, OF_SHIELDS, 0, 0, UINT32_MAX, {NULL}},
    [OPTION_END_RACE] = {"end-race", NUMBER, OF_SHIELDS, 0, 0, UINT32_MAX, {NULL}},
    [OPTION_STOCK] = {"stock", YES_NO, OF_SHIELDS, 0, 0, 0, {NULL}},
    [OPTION_MODULE] = {"module", WORD, OF_SHIELDS, MODULE_NONE, 0, 0, {"none", "echo"}},
    [OPTION_ID] = {"id", IDS, OF_STRICT, 0x1d506003, 0, 0, {NULL}},
    [OPTION_APP_ID] = {"app-id", IDS, OF_STRICT, 0, 0, 0, {NULL}},
    [OPTION_SAME_IDS] = {"same-ids", YES_NO, OF_STRICT, 0, 0, 0, {NULL}},
    [OPTION_TRANSFER] = {"transfer", NUMBER, OF_STRICT, 256, 0, 0xffff, {NULL}},
    [OPTION_TOLERANT] = {"tolerant", YES_NO, OF_STRICT, 1, 0, 0, {NULL}},
    [OPTION_POLL] = {"poll", NUMBER, OF_STRICT, 0, 0, 0xffffff, {NULL}},
    [OPTION_MANIFEST_POLL] = {"manifest-poll", NUMBER, OF_STRICT, 0, 0, 0xffffff, {NULL}},
    [OPTION_DETACH] =
        {"detach", WORD, OF_STRICT, DETACH_WILL, 0, 0, {"will", "reset", "no"}},
    [OPTION_DETACH_TIMEOUT] =
        {"detach-timeout", NUMBER, OF_STRICT, 1000, 0, 0xffff, {NULL}},
    [OPTION_UPLOAD] = {"upload", YES_NO, OF_STRICT, 1, 0, 0, {NULL}},
    [OPTION_DOWNLOAD] = {"download", YES_NO, OF_STRICT, 1, 0, 0, {NULL}},
    [OPTION_BCD] = {"bcd", HEX16, OF_STRICT, 0x0100, 0, 0, {NULL}},
    [OPTION_DFU_VERSION] = {"dfu-version", HEX16, OF_STRICT, 0x0110, 0, 0, {NULL}},
    [OPTION_LINGER] = {"linger", NUMBER, OF_STRICT, 0, 0, MS_MOST, {NULL}},
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
    [OPTION_BOOTABLE] = {"bootable", YES_NO, OF_STRICT, 1, 0, 0, {NULL}},
};

const char *fettle_sim_options_help(void)
{
    return "options of all virtual boards:\n"
           "  timing=none|real      waiting takes no time, or as long as with a real board\n"
           "  mode=app|dfu|unplugged  how it is found (default app)\n"
           "  person=helpful|none|slow|wrong  who hears what is asked (default helpful)\n"
           "  delay=MS              how long that person takes (1000)\n"
           "  size=BYTES            of its memory; KB and MB may follow\n"
           "  flash=FILE            its memory, read at the start and kept up to date\n"
           "  log=FILE              every request, one JSON object a line\n"
           "  serial=TEXT           its serial number\n"
           "  version=N             bcdDevice of its application\n"
           "  seed=N                of its content, and of chance\n"
           "  enumerate=MS          from leaving the bus to being back (400)\n"
           "  downloading=yes       found in update mode with a download cut off\n"
           "  battery=yes           unplugging doesn't restart it\n"
           "  return=MS             how long it stays away when a fault made it vanish (2000)\n"
           "  fault=KIND[:before|:after][@N|@N+|@p0.01]  repeatable; KIND is one of\n"
           "      lose-completion lose-reply drop-write flip-bit stall vanish no-return other-ids\n"
           "      busy-forever short status=errPROG... slow no-permission busy odd-state\n"
           "      odd-status mute\n"
           "options of shields:\n"
           "  window=MS|off         how long it stays in update mode (7000)\n"
           "  exit=no               doesn't leave update mode by itself\n"
           "  stays=yes             always starts in update mode\n"
           "  races=yes             may leave before it has answered the end marker\n"
           "  fast-stall=US, end-race=US  stalls an end marker so soon after a GETSTATUS\n"
           "  stock=yes             shows 1209:2002 in update mode\n"
           "  module=none|echo      on its serial line: nobody, or who sends each byte back\n"
           "options of dfu:\n"
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
           "a comma in a value is written \\,\n";
}

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

static bool refuse_option(const fettle_sim_model *model, const char *name, char *message,
                          size_t size)
{
    unsigned whose = model->is_shield ? OF_SHIELDS : OF_STRICT;
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

static bool take_text(spec_parser *parser, const option_row *option, const char *value)
{
    fettle_sim_settings *settings = parser->settings;
    bool is_serial = option == &options[OPTION_SERIAL];
    char *to = option == &options[OPTION_LOG] ? settings->log : settings->flash;
    to = is_serial ? settings->serial : to;
    size_t room = is_serial ? sizeof settings->serial : sizeof settings->flash;
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
    unsigned whose = model->is_shield ? OF_SHIELDS : OF_STRICT;
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

/* What follows from several options together. */
static bool settle(spec_parser *parser)
{
    uint64_t *number = parser->settings->number;
    if (parser->model->is_shield && number[OPTION_SIZE] != 0 &&
        number[OPTION_SIZE] != 16384) {
        snprintf(parser->message, parser->message_size,
                 "the memory of a %s has 16384 bytes", parser->model->name);
        return false;
    }
    number[OPTION_FAST_STALL] = number[OPTION_FAST_STALL] > number[OPTION_END_RACE]
                                    ? number[OPTION_FAST_STALL]
                                    : number[OPTION_END_RACE];
    return true;
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
    while (*parser.at == ',') {
        parser.at++;
        if (!take_piece(&parser) || !take_option(&parser)) {
            return false;
        }
    }
    *model = parser.model;
    return settle(&parser);
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
