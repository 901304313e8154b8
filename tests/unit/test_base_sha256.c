/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 against the vectors that NIST gives with FIPS 180-4, and fed in every kind of
 * piece.
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
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void assert_digest(const char *expected, const uint8_t digest[FETTLE_SHA256_SIZE])
{
    char hex[2 * FETTLE_SHA256_SIZE + 1] = "";
    for (size_t i = 0; i < FETTLE_SHA256_SIZE; i++) {
        fettle_text_append_hex(hex, sizeof hex, digest[i], 2);
    }
    assert_string_equal(expected, hex);
}

static void digest_of(fettle_span bytes, uint8_t digest[FETTLE_SHA256_SIZE])
{
    fettle_sha256 sha256;
    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, bytes);
    fettle_sha256_finish(&sha256, digest);
}

static void test_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const char *text = vectors[i].text;
        uint8_t digest[FETTLE_SHA256_SIZE];
        digest_of((fettle_span){(const uint8_t *)text, strlen(text)}, digest);
        assert_digest(vectors[i].digest, digest);
    }
}

static void test_a_million_letters_in_odd_pieces(void **state)
{
    (void)state;
    uint8_t letters[1009];
    uint8_t digest[FETTLE_SHA256_SIZE];
    fettle_sha256 sha256;
    size_t left = 1000000;

    memset(letters, 'a', sizeof letters);
    fettle_sha256_init(&sha256);
    for (size_t piece = 1; left > 0; piece = piece * 3 % sizeof letters) {
        size_t size = piece < left ? piece : left;
        fettle_sha256_feed(&sha256, (fettle_span){letters, size});
        left -= size;
    }
    fettle_sha256_finish(&sha256, digest);
    assert_digest("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
                  digest);
}

/*
 * The padding has its edges at 55, 56, 63, 64, 119, ...; expected from another
 * implementation.
 */
static void test_every_length_around_a_block(void **state)
{
    (void)state;
    uint8_t bytes[200];
    uint8_t digest[FETTLE_SHA256_SIZE];
    fettle_sha256 all;

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + 3);
    }
    fettle_sha256_init(&all);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        digest_of((fettle_span){bytes, size}, digest);
        fettle_sha256_feed(&all, (fettle_span){digest, sizeof digest});
    }
    fettle_sha256_finish(&all, digest);
    assert_digest("3275febb4612d86d586eb9f11cd21e648a9fc7d95e0f6b8d362786e28c9c5b79",
                  digest);
}

static void test_every_cut_makes_the_whole(void **state)
{
    (void)state;
    uint8_t bytes[150];
    uint8_t whole[FETTLE_SHA256_SIZE], digest[FETTLE_SHA256_SIZE];

    memset(bytes, 0x5A, sizeof bytes);
    digest_of((fettle_span){bytes, sizeof bytes}, whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        fettle_sha256 sha256;
        fettle_sha256_init(&sha256);
        fettle_sha256_feed(&sha256, (fettle_span){bytes, cut});
        fettle_sha256_feed(&sha256, (fettle_span){bytes + cut, sizeof bytes - cut});
        fettle_sha256_finish(&sha256, digest);
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
