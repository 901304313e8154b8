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
    *address = (fettle_usbip_address){.busid = ""};
    const char *rest = fettle_host_port_parse(&address->server, text, scheme, "3240");
    if (rest == NULL || !take_busid(address, rest)) {
        return refuse(text, " is no port of the form usbip://HOST[:PORT][/BUSID]", err);
    }
    /* One character of a BUSID and the NUL at least must follow "usbip://HOST:PORT/". */
    size_t length = strlen(address->server.name);
    if (length == 0 || sizeof scheme - 1 + length + 1 + 1 >= FETTLE_PATH_SIZE) {
        return refuse(text, " is too long: use a shorter name of the server", err);
    }
    return true;
}

void fettle_usbip_address_path(const fettle_usbip_address *address, const char *busid,
                               char path[FETTLE_PATH_SIZE])
{
    const char *const parts[] = {scheme, address->server.name, "/", busid};
    size_t length = 0;
    memset(path, 0, FETTLE_PATH_SIZE);
    for (size_t i = 0; i < 4; i++) {
        length += strlen(parts[i]);
    }
    for (size_t i = 0; i < 4 && length < FETTLE_PATH_SIZE && busid[0] != '\0'; i++) {
        fettle_text_append(path, FETTLE_PATH_SIZE, parts[i]);
    }
}
