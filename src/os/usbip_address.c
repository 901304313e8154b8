/* SPDX-License-Identifier: Apache-2.0 */
/* "usbip://HOST[:PORT][/BUSID]". Nothing is guessed: a text that is almost one is refused. */
#include "os/usbip_address.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

static const char scheme[] = "usbip://";

static bool refuse(const char *text, const char *why, fettle_error *err)
{
    char sentence[200] = "";
    fettle_text_append(sentence, sizeof sentence, text);
    fettle_text_append(sentence, sizeof sentence, why);
    fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = sentence});
    return false;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool consists_of(const char *text, size_t length, const char *others)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0' ||
            (!is_letter_or_digit(text[i]) && strchr(others, text[i]) == NULL)) {
            return false;
        }
    }
    return length > 0;
}

/* Where HOST ends, brackets included; NULL if it is none. */
static const char *take_host(fettle_usbip_address *address, const char *text)
{
    bool is_ip6 = text[0] == '[';
    const char *first = is_ip6 ? text + 1 : text;
    size_t length = strcspn(first, is_ip6 ? "]/" : ":/");
    if ((is_ip6 && first[length] != ']') || length >= sizeof address->host ||
        !consists_of(first, length, is_ip6 ? ":.%_-" : "-._")) {
        return NULL;
    }
    memcpy(address->host, first, length);
    return first + length + (is_ip6 ? 1 : 0);
}

/* Where ":PORT" ends; NULL if it is none. */
static const char *take_port(fettle_usbip_address *address, const char *text)
{
    fettle_text_append(address->port, sizeof address->port, text[0] == ':' ? "" : "3240");
    if (text[0] != ':') {
        return text;
    }
    char digits[6] = "";
    uint64_t port = 0;
    size_t length = strcspn(text + 1, "/");
    if (!fettle_text_append_part(digits, sizeof digits, text + 1, length) ||
        strspn(digits, "0123456789") != length || !fettle_text_to_number(digits, &port) ||
        port < 1 || port > 65535) {
        return NULL;
    }
    fettle_text_append_number(address->port, sizeof address->port, port);
    return text + 1 + length;
}

static bool take_busid(fettle_usbip_address *address, const char *text)
{
    if (text[0] != '/') {
        return text[0] == '\0';
    }
    bool is_there = text[1] != '\0';
    size_t length = is_there ? strlen(text + 1) : 0;
    if (is_there && fettle_usbip_is_busid(text + 1, length)) {
        memcpy(address->busid, text + 1, length);
    }
    return !is_there || address->busid[0] != '\0';
}

bool fettle_usbip_address_parse(fettle_usbip_address *address, const char *text,
                                fettle_error *err)
{
    *address = (fettle_usbip_address){.host = ""};
    bool has_scheme = strncmp(text, scheme, sizeof scheme - 1) == 0;
    const char *host = has_scheme ? text + sizeof scheme - 1 : NULL;
    const char *port = host != NULL ? take_host(address, host) : NULL;
    const char *rest = port != NULL ? take_port(address, port) : NULL;
    if (rest == NULL || !take_busid(address, rest)) {
        return refuse(text, " is no port of the form usbip://HOST[:PORT][/BUSID]", err);
    }
    /* One character of a BUSID and the NUL at least must follow "usbip://HOST:PORT/". */
    size_t length = (size_t)(port - host) + 1 + strlen(address->port);
    if (sizeof scheme - 1 + length + 1 + 1 >= FETTLE_PATH_SIZE) {
        return refuse(text, " is too long: use a shorter name of the server", err);
    }
    (void)fettle_text_append_part(address->name, sizeof address->name, host,
                                  (size_t)(port - host));
    fettle_text_append(address->name, sizeof address->name, ":");
    fettle_text_append(address->name, sizeof address->name, address->port);
    return true;
}

void fettle_usbip_address_path(const fettle_usbip_address *address, const char *busid,
                               char path[FETTLE_PATH_SIZE])
{
    const char *const parts[] = {scheme, address->name, "/", busid};
    size_t length = 0;
    memset(path, 0, FETTLE_PATH_SIZE);
    for (size_t i = 0; i < 4; i++) {
        length += strlen(parts[i]);
    }
    for (size_t i = 0; i < 4 && length < FETTLE_PATH_SIZE && busid[0] != '\0'; i++) {
        fettle_text_append(path, FETTLE_PATH_SIZE, parts[i]);
    }
}
