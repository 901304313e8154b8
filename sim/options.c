/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading "NAME[*N][,OPTION...]": the parser over the tables in options_table.c.
 *
 * An option of another kind of board counts as unknown, and the sentence about anything unknown lists
 * what is known there.
 */
#include "options.h"
#include "dfuse.h"
#include "esp.h"
#include "pycom.h"

#include <string.h>

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

static bool read_number(const fettle_sim_option_row *option, const char *text,
                        uint64_t *number)
{
    if (option->syntax == NUMBER_OR_OFF && strcmp(text, "off") == 0) {
        *number = FETTLE_NEVER;
        return true;
    }
    const char *end = take_number(text, number);
    return end != NULL && *end == '\0' && *number >= option->least &&
           *number <= option->most;
}

static bool read_value(const fettle_sim_option_row *option, const char *text,
                       uint64_t *number)
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

static void append_form(char *message, size_t size, const fettle_sim_option_row *option)
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

static bool refuse_value(const fettle_sim_option_row *option, const char *value,
                         char *message, size_t size)
{
    snprintf(message, size, "\"%s\" is no value for %s; known: ", value, option->name);
    append_form(message, size, option);
    return false;
}

static unsigned kind_of(const fettle_sim_model *model)
{
    if (model->module != NULL) {
        return model->is_shield ? OF_SHIELDS | OF_MODULE : OF_EXPANSION2 | OF_MODULE;
    }
    if (model->esp != NULL) {
        return OF_ESP;
    }
    unsigned of_dfu = model->dfuse != NULL ? OF_DFUSE : OF_STRICT;
    return model->is_shield ? OF_SHIELDS | OF_BARE : of_dfu;
}

static bool refuse_option(const fettle_sim_model *model, const char *name, char *message,
                          size_t size)
{
    unsigned whose = kind_of(model);
    bool is_first = true;
    snprintf(message, size, "option \"%s\" isn't known for %s; known: ", name, model->name);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((fettle_sim_option_rows[i].of & whose) != 0) {
            append(message, size, is_first ? "" : ", ");
            append(message, size, fettle_sim_option_rows[i].name);
            is_first = false;
        }
    }
    return false;
}

/* Of modules on carriers, of which there are many, one stands for all. */
static bool refuse_name(const char *name, char *message, size_t size)
{
    snprintf(message, size, "virtual board \"%s\" isn't known; known: ", name);
    for (size_t i = 0; i < fettle_sim_model_count; i++) {
        if (fettle_sim_models[i].module == NULL) {
            append(message, size, i == 0 ? "" : ", ");
            append(message, size, fettle_sim_models[i].name);
        }
    }
    append(message, size, ", lopy4+pytrack and so on");
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
static char *room_for(fettle_sim_settings *settings, const fettle_sim_option_row *option,
                      size_t *room)
{
    switch (option - fettle_sim_option_rows) {
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
    case OPTION_MODULE_FLASH:
        *room = sizeof settings->module_flash;
        return settings->module_flash;
    case OPTION_APP_VERSION:
        *room = sizeof settings->app_version;
        return settings->app_version;
    default:
        *room = sizeof settings->flash;
        return settings->flash;
    }
}

static bool take_text(spec_parser *parser, const fettle_sim_option_row *option,
                      const char *value)
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

static const fettle_sim_option_row *find_option(const fettle_sim_model *model,
                                                const char *name, size_t length)
{
    unsigned whose = kind_of(model);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((fettle_sim_option_rows[i].of & whose) != 0 &&
            strlen(fettle_sim_option_rows[i].name) == length &&
            memcmp(fettle_sim_option_rows[i].name, name, length) == 0) {
            return &fettle_sim_option_rows[i];
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
    const fettle_sim_option_row *option = find_option(parser->model, parser->piece, length);
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
    uint64_t *number = &parser->settings->number[option - fettle_sim_option_rows];
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
    for (size_t i = 0; i < fettle_sim_model_count; i++) {
        if (strcmp(fettle_sim_models[i].name, parser->piece) == 0) {
            parser->model = &fettle_sim_models[i];
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
    if (count > fettle_sim_option_rows[OPTION_ALTERNATES].most) {
        snprintf(parser->message, parser->message_size, "names= has more than %llu names",
                 (unsigned long long)fettle_sim_option_rows[OPTION_ALTERNATES].most);
        return false;
    }
    *alternates = *alternates < count ? count : *alternates;
    return true;
}

enum {
    ESP_SIZE = 4 << 20,
    ESP_LEAST = 256 << 10,
    ESP_MAX_BAUD = 3000000,
    PIC_MAX_BAUD = 921600, /* to the module; for the other way see esp.c */
    FTDI_MS = 16,
    LARGE_FLASH = 8 << 20,
};

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
    if (number[OPTION_MAX_BAUD] == SIM_MODEL_DECIDES) {
        number[OPTION_MAX_BAUD] = ESP_MAX_BAUD;
    }
    number[OPTION_SIZE] = size;
    number[OPTION_MODE] = number[OPTION_ESP_MODE];
    return true;
}

/* A module has its own chip, and its carrier's way to it. */
static bool settle_module(spec_parser *parser)
{
    uint64_t *number = parser->settings->number;
    const fettle_sim_model *model = parser->model;
    bool is_small_factory = number[OPTION_LAYOUT] == LAYOUT_SMALL_FACTORY;
    if (is_small_factory && model->module->flash_size < LARGE_FLASH) {
        snprintf(parser->message, parser->message_size,
                 "layout=small-factory is for 8 MB, and a %s has 4 MB", model->name);
        return false;
    }
    if (number[OPTION_ACTIVE] == SIM_MODEL_DECIDES) {
        number[OPTION_ACTIVE] = is_small_factory ? ACTIVE_OTA_0 : ACTIVE_FACTORY;
    }
    if (number[OPTION_REVISION] == SIM_MODEL_DECIDES) {
        number[OPTION_REVISION] = model->module->revision;
    }
    number[OPTION_CIRCUIT] = CIRCUIT_NONE;
    if (model->is_shield) {
        number[OPTION_LATENCY] =
            number[OPTION_LATENCY] == SIM_MODEL_DECIDES ? 1 : number[OPTION_LATENCY];
        number[OPTION_MAX_BAUD] = number[OPTION_MAX_BAUD] == SIM_MODEL_DECIDES
                                      ? PIC_MAX_BAUD
                                      : number[OPTION_MAX_BAUD];
        return true;
    }
    number[OPTION_BRIDGE] = BRIDGE_FTDI;
    if (number[OPTION_SIZE] != 0 && number[OPTION_SIZE] != model->module->flash_size) {
        snprintf(parser->message, parser->message_size, "the flash of a %s has %lu bytes",
                 model->name, (unsigned long)model->module->flash_size);
        return false;
    }
    number[OPTION_SIZE] = model->module->flash_size;
    if (parser->settings->module_flash[0] != '\0') {
        memcpy(parser->settings->flash, parser->settings->module_flash,
               sizeof parser->settings->flash);
        parser->settings->module_flash[0] = '\0';
    }
    return true;
}

/* What follows from several options together. */
static bool settle(spec_parser *parser)
{
    if (parser->model->module != NULL && !settle_module(parser)) {
        return false;
    }
    if (parser->model->esp != NULL) {
        return settle_esp(parser);
    }
    if (parser->settings->number[OPTION_PIC_VERSION] == SIM_MODEL_DECIDES) {
        uint64_t shown = parser->settings->number[OPTION_VERSION];
        parser->settings->number[OPTION_PIC_VERSION] =
            shown != SIM_VERSION && shown <= 0xff ? shown : parser->model->pic_version;
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
        settings->number[i] = fettle_sim_option_rows[i].otherwise;
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
