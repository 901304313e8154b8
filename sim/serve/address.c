/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as numbers only: a server for tests has no business asking a name server. */
#define _POSIX_C_SOURCE 200809L

#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { HOST_SIZE = INET6_ADDRSTRLEN, PORT_MOST = 65535 };

static bool parse_port(const char *text, in_port_t *port)
{
    unsigned value = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (unsigned)(*text - '0');
        if (value > PORT_MOST) {
            return false;
        }
    }
    *port = htons((uint16_t)value);
    return *text == '\0';
}

static bool parse_host(fettle_sim_address *address, const char *host, bool is_bracketed,
                       in_port_t port)
{
    if (is_bracketed) {
        address->of.v6.sin6_family = AF_INET6;
        address->of.v6.sin6_port = port;
        address->size = sizeof address->of.v6;
        return inet_pton(AF_INET6, host, &address->of.v6.sin6_addr) == 1;
    }
    address->of.v4.sin_family = AF_INET;
    address->of.v4.sin_port = port;
    address->size = sizeof address->of.v4;
    host = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    return inet_pton(AF_INET, host, &address->of.v4.sin_addr) == 1;
}

bool fettle_sim_address_parse(fettle_sim_address *address, const char *text)
{
    char host[HOST_SIZE];
    in_port_t port;
    memset(address, 0, sizeof *address);
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !parse_port(colon + 1, &port)) {
        return false;
    }
    bool is_bracketed = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    const char *begin = is_bracketed ? text + 1 : text;
    size_t length = (size_t)(colon - begin) - (is_bracketed ? 1 : 0);
    if (length >= sizeof host) {
        return false;
    }
    memcpy(host, begin, length);
    host[length] = '\0';
    return parse_host(address, host, is_bracketed, port);
}

bool fettle_sim_address_add(fettle_sim_address *address, size_t offset)
{
    bool is_v6 = address->of.any.sa_family == AF_INET6;
    in_port_t *port = is_v6 ? &address->of.v6.sin6_port : &address->of.v4.sin_port;
    size_t number = ntohs(*port);
    if (number == 0) {
        return true;
    }
    if (offset > PORT_MOST - number) {
        return false;
    }
    *port = htons((uint16_t)(number + offset));
    return true;
}

bool fettle_sim_address_is_loopback(const fettle_sim_address *address)
{
    if (address->of.any.sa_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&address->of.v6.sin6_addr) != 0;
    }
    return ntohl(address->of.v4.sin_addr.s_addr) >> 24 == 127;
}

void fettle_sim_address_print(const fettle_sim_address *address, char *text, size_t size)
{
    char host[HOST_SIZE] = "?";
    bool is_v6 = address->of.any.sa_family == AF_INET6;
    const void *number = is_v6 ? (const void *)&address->of.v6.sin6_addr
                               : (const void *)&address->of.v4.sin_addr;
    in_port_t port = is_v6 ? address->of.v6.sin6_port : address->of.v4.sin_port;
    (void)inet_ntop(address->of.any.sa_family, number, host, sizeof host);
    snprintf(text, size, is_v6 ? "[%s]:%u" : "%s:%u", host, (unsigned)ntohs(port));
}
