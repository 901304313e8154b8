/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An RFC 2217 server that sends anything at all.
 *
 *   byte 0     the largest piece, from 1
 *   byte 1     a bit for each item that is asked for before
 *   byte 2     how many purges there were before, modulo 4
 *   the rest   what the server sends
 *
 * However it is cut into pieces, the client makes the same of it; and what is escaped comes back as it was.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "os/rfc2217.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 3 };

static void begin(fettle_rfc2217 *telnet, const uint8_t *head)
{
    fettle_rfc2217_begin(telnet);
    for (unsigned i = 0; i < FETTLE_RFC2217_ITEMS; i++) {
        if ((head[1] >> i & 1) != 0) {
            fettle_rfc2217_ask(telnet, (fettle_rfc2217_item)i, 8);
        }
    }
    for (unsigned i = 0; i < head[2] % 4; i++) {
        fettle_rfc2217_purge(telnet);
    }
    telnet->out_size = 0;
}

static size_t take_in_pieces(fettle_rfc2217 *telnet, const uint8_t *bytes, size_t size,
                             size_t piece, uint8_t *to)
{
    size_t count = 0;
    for (size_t at = 0; at < size; at += piece) {
        size_t part = size - at < piece ? size - at : piece;
        size_t taken = fettle_rfc2217_take(telnet, bytes + at, part, to + count);
        assert(taken <= part);
        count += taken;
        assert(telnet->out_size <= sizeof telnet->out);
    }
    return count;
}

static void compare(const fettle_rfc2217 *a, const fettle_rfc2217 *b)
{
    assert(a->out_size == b->out_size);
    assert(memcmp(a->out, b->out, a->out_size) == 0);
    assert(fettle_rfc2217_is_agreed(a) == fettle_rfc2217_is_agreed(b));
    assert(fettle_rfc2217_is_pending(a) == fettle_rfc2217_is_pending(b));
    assert(a->is_suspended == b->is_suspended);
    for (int i = 0; i < FETTLE_RFC2217_ITEMS; i++) {
        assert(fettle_rfc2217_answer_to(a, (fettle_rfc2217_item)i) ==
               fettle_rfc2217_answer_to(b, (fettle_rfc2217_item)i));
    }
    (void)a;
    (void)b;
}

static void receive(const uint8_t *head, const uint8_t *bytes, size_t size)
{
    fettle_rfc2217 whole, pieces;
    uint8_t *one = malloc(size + 1), *other = malloc(size + 1);
    assert(one != NULL && other != NULL);
    begin(&whole, head);
    begin(&pieces, head);
    size_t count = take_in_pieces(&whole, bytes, size, size + 1, one);
    size_t again = take_in_pieces(&pieces, bytes, size, (size_t)head[0] + 1, other);
    assert(count == again && memcmp(one, other, count) == 0);
    compare(&whole, &pieces);
    (void)again;
    free(one);
    free(other);
}

static void send_and_receive(const uint8_t *bytes, size_t size)
{
    fettle_rfc2217 telnet;
    uint8_t *sent = malloc(2 * size + 1);
    assert(sent != NULL);
    fettle_rfc2217_begin(&telnet);
    size_t count = fettle_rfc2217_escape(bytes, size, sent);
    assert(count >= size && count <= 2 * size);
    size_t back = fettle_rfc2217_take(&telnet, sent, count, sent);
    assert(back == size && memcmp(sent, bytes, size) == 0);
    (void)back;
    free(sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > HEAD) {
        receive(data, data + HEAD, size - HEAD);
        send_and_receive(data + HEAD, size - HEAD);
    }
    return 0;
}
