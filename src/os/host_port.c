/* SPDX-License-Identifier: Apache-2.0 */
/* "SCHEME://HOST[:PORT]". Nothing is guessed: a text that is almost one is refused. */
#include "os/host_port.h"

#include "base/text.h"

#include <string.h>

enum { PORT_MAX = 65535 };

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
static const char *take_host(fettle_host_port *server, const char *text)
{
    bool is_ip6 = text[0] == '[';
    const char *first = is_ip6 ? text + 1 : text;
    size_t length = strcspn(first, is_ip6 ? "]/" : ":/");
    if ((is_ip6 && first[length] != ']') || length >= sizeof server->host ||
        !consists_of(first, length, is_ip6 ? ":.%_-" : "-._")) {
        return NULL;
    }
    memcpy(server->host, first, length);
    return first + length + (is_ip6 ? 1 : 0);
}

/* Where ":PORT" ends; NULL if it is none. */
static const char *take_port(fettle_host_port *server, const char *text,
                             const char *default_port)
{
    if (text[0] != ':') {
        fettle_text_append(server->port, sizeof server->port,
                           default_port != NULL ? default_port : "");
        return default_port != NULL && (text[0] == '/' || text[0] == '\0') ? text : NULL;
    }
    char digits[6] = "";
    uint64_t port = 0;
    size_t length = strcspn(text + 1, "/");
    if (!fettle_text_append_part(digits, sizeof digits, text + 1, length) ||
        strspn(digits, "0123456789") != length || !fettle_text_to_number(digits, &port) ||
        port < 1 || port > PORT_MAX) {
        return NULL;
    }
    fettle_text_append_number(server->port, sizeof server->port, port);
    return text + 1 + length;
}

const char *fettle_host_port_parse(fettle_host_port *server, const char *text,
                                   const char *scheme, const char *default_port)
{
    *server = (fettle_host_port){.host = ""};
    if (strncmp(text, scheme, strlen(scheme)) != 0) {
        return NULL;
    }
    const char *host = text + strlen(scheme);
    const char *port = take_host(server, host);
    const char *rest = port != NULL ? take_port(server, port, default_port) : NULL;
    if (rest == NULL) {
        return NULL;
    }
    size_t length = (size_t)(port - host);
    if (length + 1 + strlen(server->port) < sizeof server->name) {
        (void)fettle_text_append_part(server->name, sizeof server->name, host, length);
        fettle_text_append(server->name, sizeof server->name, ":");
        fettle_text_append(server->name, sizeof server->name, server->port);
    }
    return rest;
}
