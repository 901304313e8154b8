/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MD5 against the vectors of RFC 1321 (appendix A.5), and fed in every kind of piece.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/hash.h"
#include "base/text.h"

static const struct vector {
    const char *text, *digest;
} vectors[] = {
    {"", "d41d8cd98f00b204e9800998ecf8427e"},
    {"a", "0cc175b9c0f1b6a831c399e269772661"},
    {"abc", "900150983cd24fb0d6963f7d28e17f72"},
    {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
     "d174ab98d277d9f5a5611c2c9f419d9f"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a"},
};

static void assert_digest(const char *expected, const uint8_t digest[FETTLE_MD5_SIZE])
{
    char hex[2 * FETTLE_MD5_SIZE + 1] = "";
    for (size_t i = 0; i < FETTLE_MD5_SIZE; i++) {
        fettle_text_append_hex(hex, sizeof hex, digest[i], 2);
    }
    assert_string_equal(expected, hex);
}

static void digest_of(fettle_span bytes, uint8_t digest[FETTLE_MD5_SIZE])
{
    fettle_md5 md5;
    fettle_md5_init(&md5);
    fettle_md5_feed(&md5, bytes);
    fettle_md5_finish(&md5, digest);
}

static void test_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const char *text = vectors[i].text;
        uint8_t digest[FETTLE_MD5_SIZE];
        digest_of((fettle_span){(const uint8_t *)text, strlen(text)}, digest);
        assert_digest(vectors[i].digest, digest);
    }
}

static void test_a_million_letters_in_odd_pieces(void **state)
{
    (void)state;
    uint8_t letters[1009];
    uint8_t digest[FETTLE_MD5_SIZE];
    fettle_md5 md5;
    size_t left = 1000000;

    memset(letters, 'a', sizeof letters);
    fettle_md5_init(&md5);
    for (size_t piece = 1; left > 0; piece = piece * 3 % sizeof letters) {
        size_t size = piece < left ? piece : left;
        fettle_md5_feed(&md5, (fettle_span){letters, size});
        left -= size;
    }
    fettle_md5_finish(&md5, digest);
    assert_digest("7707d6ae4e027c70eea2a935c2296f21", digest);
}

/*
 * The padding has its edges at 55, 56, 63, 64, 119, ...; expected from another
 * implementation.
 */
static void test_every_length_around_a_block(void **state)
{
    (void)state;
    uint8_t bytes[200];
    uint8_t digest[FETTLE_MD5_SIZE];
    fettle_md5 all;

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + 3);
    }
    fettle_md5_init(&all);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        digest_of((fettle_span){bytes, size}, digest);
        fettle_md5_feed(&all, (fettle_span){digest, sizeof digest});
    }
    fettle_md5_finish(&all, digest);
    assert_digest("3c2e2f5ba85a139b95d47a02f96f81c1", digest);
}

static void test_every_cut_makes_the_whole(void **state)
{
    (void)state;
    uint8_t bytes[150];
    uint8_t whole[FETTLE_MD5_SIZE], digest[FETTLE_MD5_SIZE];

    memset(bytes, 0x5A, sizeof bytes);
    digest_of((fettle_span){bytes, sizeof bytes}, whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        fettle_md5 md5;
        fettle_md5_init(&md5);
        fettle_md5_feed(&md5, (fettle_span){bytes, cut});
        fettle_md5_feed(&md5, (fettle_span){bytes + cut, sizeof bytes - cut});
        fettle_md5_finish(&md5, digest);
        assert_memory_equal(whole, digest, sizeof whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors),
        cmocka_unit_test(test_a_million_letters_in_odd_pieces),
        cmocka_unit_test(test_every_length_around_a_block),
        cmocka_unit_test(test_every_cut_makes_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
