/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images as a program sees them: facts, regions, targets, and several files joined. What the formats hold is tested
 * in test_image_*.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "fettle/fettle.h"

static fettle_error err;

static fettle_image *of_text(const char *name, const char *text)
{
    fettle_image *image = fettle_image_from_bytes(
        name, (fettle_span){(const uint8_t *)text, strlen(text)}, 0, &err);
    assert_non_null(image);
    return image;
}

static const char two_regions[] = ":020000040800F2\n:0400000001020304F2\n"
                                  ":0400100005060708D2\n:0400000508000131BD\n:00000001FF\n";

static void test_facts_of_one_region(void **state)
{
    (void)state;
    fettle_image *image = of_text("folder/a.bin", "content");
    fettle_image_facts facts;
    fettle_image_region_view region;
    fettle_image_target_view target;
    fettle_image_get_facts(image, &facts);
    assert_string_equal("a.bin", facts.name);
    assert_string_equal("raw", facts.format);
    assert_int_equal(7, facts.content.size);
    assert_int_equal(7, facts.content_size);
    assert_int_equal(1, facts.region_count);
    assert_int_equal(0, facts.gap_count);
    assert_int_equal(0, facts.target_count);
    assert_string_equal("none", facts.dfuse_size);
    assert_false(facts.has_entry);
    assert_int_equal(1, fettle_image_region_count(image));
    assert_true(fettle_image_region(image, 0, &region));
    assert_false(region.has_address);
    assert_false(region.has_alternate);
    assert_ptr_equal(facts.content.data, region.data.data);
    assert_false(fettle_image_region(image, 1, &region));
    assert_false(fettle_image_target_at(image, 0, &target));
    fettle_image_free(image);
}

static void test_facts_of_several_regions(void **state)
{
    (void)state;
    fettle_image *image = of_text("a.hex", two_regions);
    fettle_image_facts facts;
    fettle_image_region_view region = {.address = 1};
    fettle_image_get_facts(image, &facts);
    assert_string_equal("hex", facts.format);
    assert_int_equal(0, facts.content.size);
    assert_int_equal(8, facts.content_size);
    assert_int_equal(2, facts.region_count);
    assert_int_equal(1, facts.gap_count);
    assert_true(facts.has_entry);
    assert_int_equal(0x08000131, facts.entry);
    assert_true(fettle_image_region(image, 1, &region));
    assert_true(region.has_address);
    assert_int_equal(0x08000010, region.address);
    assert_int_equal(4, region.data.size);
    assert_int_equal(5, region.data.data[0]);
    assert_false(fettle_image_region(image, 2, &region));
    assert_int_equal(0x08000010, region.address); /* nothing was written */
    fettle_image_free(image);
}

static void test_joining(void **state)
{
    (void)state;
    fettle_image *a = of_text("a.bin", "content"), *b = of_text("b.hex", two_regions);
    const fettle_part parts[] = {{.image = a, .has_address = true, .address = 0x1000},
                                 {.image = b}};
    fettle_image *image = fettle_image_join(parts, 2, &err);
    assert_non_null(image);
    fettle_image_free(a);
    fettle_image_free(b);
    fettle_image_facts facts;
    fettle_image_get_facts(image, &facts);
    assert_string_equal("joined", facts.format);
    assert_string_equal("a.bin, b.hex", facts.name);
    assert_int_equal(3, facts.region_count);
    assert_int_equal(15, facts.content_size);
    assert_int_equal(7 + strlen(two_regions), facts.file.size);
    fettle_image_free(image);
}

static void test_too_few_and_too_many(void **state)
{
    (void)state;
    fettle_part parts[65];
    fettle_image *image = of_text("a.bin", "content");
    for (uint32_t i = 0; i < 65; i++) {
        parts[i] = (fettle_part){.image = image, .has_address = true, .address = i * 16};
    }
    assert_null(fettle_image_join(parts, 0, &err));
    assert_int_equal(FETTLE_E_USAGE, err.code);
    assert_null(fettle_image_join(parts, 65, &err));
    assert_int_equal(FETTLE_E_USAGE, err.code);
    fettle_image *most = fettle_image_join(parts, 64, &err);
    assert_non_null(most);
    assert_int_equal(64, fettle_image_region_count(most));
    fettle_image_free(most);
    fettle_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_of_one_region),
        cmocka_unit_test(test_facts_of_several_regions),
        cmocka_unit_test(test_joining),
        cmocka_unit_test(test_too_few_and_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
