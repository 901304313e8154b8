/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DfuSe files, UM0391: content for the memories of one board, in targets (an alternate setting each) of elements (content
 * and its address), with a DFU suffix behind. dfuse.h has the layout.
 *
 * The file says most things twice. What its tools are known to get wrong without harm is accepted and told: a
 * DFUImageSize that counts the suffix, or is zero; names without an end; several targets for one alternate; elements
 * out of order; elements without content. Everything else that contradicts itself is refused: where an element
 * begins follows from all sizes before it.
 */
#include "image/dfuse.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "image/regions.h"

#include <assert.h>
#include <string.h>

enum { REASON_SIZE = 160 };

/* What is left to be read. */
typedef struct cursor {
    const uint8_t *at;
    size_t left;
} cursor;

/* What the image will need room for. */
typedef struct tally {
    size_t targets, elements, regions, names; /* names: bytes, with an end each */
} tally;

/* The same, as it is filled. */
typedef struct filling {
    fettle_region *region;
    fettle_image_target *target;
    char *name;
} filling;

static const uint8_t *take(cursor *rest, size_t size)
{
    const uint8_t *taken = rest->at;

    assert(size <= rest->left);
    rest->at += size;
    rest->left -= size;
    return taken;
}

static bool refuse(const char *format, const fettle_words *words, fettle_error *err)
{
    char text[REASON_SIZE];

    fettle_words_render(text, sizeof text, format, words);
    fettle_error_set(err, FETTLE_E_FILE_BAD_DFUSE, &(fettle_words){.text = text});
    return false;
}

static bool begins(fettle_span file)
{
    return file.size >= DFUSE_PREFIX_SIZE &&
           memcmp(file.data, fettle_dfuse_letters, sizeof fettle_dfuse_letters) == 0;
}

/*
 * The suffix says so; or the content does, for what damages the suffix must not make the container content. Five letters
 * and a 1 alone may be anybody's: there is a target behind them, a suffix at the end, or a name that promises one.
 */
static bool is_dfuse(const char *name, fettle_span file)
{
    uint16_t bcdDFU = 0;
    bool has_suffix = fettle_suffix_has_signature(file, &bcdDFU);

    if (has_suffix && bcdDFU == FETTLE_SUFFIX_DFUSE) {
        return true;
    }
    if (!begins(file) || file.data[DFUSE_VERSION] != DFUSE_VERSION_1) {
        return false;
    }
    return has_suffix || fettle_image_is_named(name, ".dfu") ||
           (file.size >= DFUSE_PREFIX_SIZE + sizeof fettle_dfuse_target_letters &&
            memcmp(file.data + DFUSE_PREFIX_SIZE, fettle_dfuse_target_letters,
                   sizeof fettle_dfuse_target_letters) == 0);
}

/* ---- the first look: everything is checked and counted ---- */

static bool check_prefix(fettle_image *image, cursor *rest, tally *count, fettle_error *err)
{
    size_t content = rest->left;

    if (!begins((fettle_span){rest->at, rest->left})) {
        return refuse("its content does not begin as DfuSe does", NULL, err);
    }
    const uint8_t *prefix = take(rest, DFUSE_PREFIX_SIZE);
    if (prefix[DFUSE_VERSION] != DFUSE_VERSION_1) {
        return refuse("it has version {count} of the format, and only 1 is known",
                      &(fettle_words){.count = prefix[DFUSE_VERSION]}, err);
    }
    uint32_t size = fettle_get32(prefix + DFUSE_IMAGE_SIZE);
    image->dfuse_size = size == content            ? FETTLE_DFUSE_SIZE_RIGHT
                        : size == image->file.size ? FETTLE_DFUSE_SIZE_WITH_SUFFIX
                        : size == 0                ? FETTLE_DFUSE_SIZE_ZERO
                                                   : FETTLE_DFUSE_SIZE_NONE;
    count->targets = prefix[DFUSE_TARGETS];
    return image->dfuse_size != FETTLE_DFUSE_SIZE_NONE ||
           refuse("it says that it has {size} bytes, and has {limit}",
                  &(fettle_words){.size = size, .limit = content}, err);
}

static bool check_element(cursor *rest, tally *count, fettle_error *err)
{
    if (rest->left < DFUSE_ELEMENT_HEADER_SIZE) {
        return refuse("it ends in the middle of an element", NULL, err);
    }
    const uint8_t *header = take(rest, DFUSE_ELEMENT_HEADER_SIZE);
    uint32_t size = fettle_get32(header + DFUSE_SIZE);
    fettle_words words = {
        .address = fettle_get32(header + DFUSE_ADDRESS), .size = size, .limit = rest->left};
    if (size > rest->left) {
        return refuse(
            "its element at {address} says that it has {size} bytes, and only {limit} "
            "are left",
            &words, err);
    }
    if (words.address + (uint64_t)size > FETTLE_ADDRESS_END) {
        return refuse("its element at {address} has {size} bytes, and no address is above "
                      "0xffffffff",
                      &words, err);
    }
    (void)take(rest, size);
    count->regions += size > 0;
    return true;
}

/* Bytes of the name; a name needs no end, and may fill the field. */
static size_t name_length(const uint8_t *header)
{
    size_t length = 0;

    if (fettle_get32(header + DFUSE_IS_NAMED) == 0) {
        return 0;
    }
    while (length < DFUSE_NAME_SIZE && header[DFUSE_NAME + length] != '\0') {
        length++;
    }
    return length;
}

static bool check_target(cursor *rest, size_t number, tally *count, fettle_error *err)
{
    fettle_words words = {.count = number};

    if (rest->left < DFUSE_TARGET_HEADER_SIZE) {
        return refuse("it ends in the middle of its target {count}", &words, err);
    }
    const uint8_t *header = take(rest, DFUSE_TARGET_HEADER_SIZE);
    if (memcmp(header, fettle_dfuse_target_letters, sizeof fettle_dfuse_target_letters) !=
        0) {
        return refuse("its target {count} does not begin as a target does", &words, err);
    }
    uint32_t elements = fettle_get32(header + DFUSE_ELEMENTS);
    words.limit = FETTLE_DFUSE_ELEMENTS_MAX;
    if (elements > FETTLE_DFUSE_ELEMENTS_MAX - count->elements) {
        words.size = (uint64_t)elements + count->elements;
        return refuse(
            "up to its target {count} it has {size} elements, and fettle takes {limit}",
            &words, err);
    }
    size_t left = rest->left;
    for (uint32_t i = 0; i < elements; i++) {
        if (!check_element(rest, count, err)) {
            return false;
        }
    }
    words.size = fettle_get32(header + DFUSE_TARGET_SIZE);
    words.limit = left - rest->left;
    if (words.size != words.limit) {
        return refuse(
            "its target {count} says that it has {size} bytes, and its elements have "
            "{limit}",
            &words, err);
    }
    count->elements += elements;
    count->names += name_length(header) + 1;
    return true;
}

static bool check(fettle_image *image, cursor rest, tally *count, fettle_error *err)
{
    if (!check_prefix(image, &rest, count, err)) {
        return false;
    }
    for (size_t i = 0; i < count->targets; i++) {
        if (!check_target(&rest, i + 1, count, err)) {
            return false;
        }
    }
    if (rest.left > 0) {
        return refuse("{count} bytes are left behind its last target",
                      &(fettle_words){.count = rest.left}, err);
    }
    if (count->regions == 0) {
        fettle_error_set(err, FETTLE_E_FILE_EMPTY, NULL);
        return false;
    }
    return true;
}

/* ---- the second look: what is known to be sound becomes the image ---- */

static void take_element(cursor *rest, uint8_t alternate, filling *to)
{
    const uint8_t *header = take(rest, DFUSE_ELEMENT_HEADER_SIZE);
    uint32_t size = fettle_get32(header + DFUSE_SIZE);
    const uint8_t *data = take(rest, size);

    if (size > 0) {
        *to->region++ = (fettle_region){
            .has_address = true,
            .address = fettle_get32(header + DFUSE_ADDRESS),
            .has_alternate = true,
            .alternate = alternate,
            .data = {data, size},
        };
    }
}

static void take_target(cursor *rest, filling *to)
{
    const uint8_t *header = take(rest, DFUSE_TARGET_HEADER_SIZE);
    size_t length = name_length(header);

    *to->target++ = (fettle_image_target){
        .alternate = header[DFUSE_ALTERNATE],
        .name = to->name,
        .element_count = fettle_get32(header + DFUSE_ELEMENTS),
    };
    memcpy(to->name, header + DFUSE_NAME, length);
    to->name += length + 1; /* the memory is zeroed */
    for (uint32_t i = fettle_get32(header + DFUSE_ELEMENTS); i > 0; i--) {
        take_element(rest, header[DFUSE_ALTERNATE], to);
    }
}

static bool fill(fettle_image *image, cursor rest, const tally *count, fettle_error *err)
{
    size_t regions = count->regions * sizeof *image->regions;
    size_t targets = count->targets * sizeof *image->targets;
    uint8_t *memory = fettle_alloc(regions + targets + count->names);

    if (memory == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY,
                         &(fettle_words){.size = regions + targets + count->names});
        return false;
    }
    image->more_memory = memory;
    fettle_region *first = image->more_memory;
    filling to = {
        .region = first,
        .target = (void *)(memory + regions),
        .name = (char *)memory + regions + targets,
    };
    image->region_count = count->regions;
    image->regions = first;
    image->target_count = count->targets;
    image->targets = to.target;
    (void)take(&rest, DFUSE_PREFIX_SIZE);
    for (size_t i = 0; i < count->targets; i++) {
        take_target(&rest, &to);
    }
    fettle_regions_sort(first, count->regions);
    return true;
}

static bool has_no_overlap(const fettle_image *image, fettle_error *err)
{
    const fettle_region *a = NULL, *b = NULL;
    char first[64] = "", second[64] = "";

    if (!fettle_regions_find_overlap(image->regions, image->region_count, &a, &b)) {
        return true;
    }
    fettle_regions_append_range(first, sizeof first, a->address, fettle_region_end(a));
    fettle_regions_append_range(second, sizeof second, b->address, fettle_region_end(b));
    return refuse("for alternate setting {count} it has content at {text} and at {text2}",
                  &(fettle_words){.count = a->alternate, .text = first, .text2 = second},
                  err);
}

/* How much is missing, where it says how long it was. */
static bool refuse_cut(fettle_span file, fettle_error *err)
{
    uint32_t size = begins(file) ? fettle_get32(file.data + DFUSE_IMAGE_SIZE) : 0;
    if (size <= file.size) {
        return refuse("there is no DFU suffix at its end, so it is cut", NULL, err);
    }
    return refuse(
        "it is cut: {limit} of {size} bytes are there, and no DFU suffix at its end",
        &(fettle_words){.size = size, .limit = file.size}, err);
}

static bool read_dfuse(fettle_image *image, unsigned flags, fettle_error *err)
{
    tally count = {0};

    if (!fettle_suffix_has_signature(image->file, NULL)) {
        return refuse_cut(image->file, err);
    }
    if (!fettle_suffix_read(image, flags, err)) {
        return false;
    }
    cursor content = {image->file.data, image->file.size - image->suffix.bLength};
    if (!check(image, content, &count, err) || !fill(image, content, &count, err) ||
        !has_no_overlap(image, err)) {
        return false;
    }
    image->format = FETTLE_IMAGE_DFUSE;
    if (image->region_count == 1) {
        image->only_region = image->regions[0];
        image->regions = &image->only_region;
    }
    return true;
}

const fettle_format fettle_format_dfuse = {
    .format = FETTLE_IMAGE_DFUSE,
    .name = "dfuse",
    .is_this = is_dfuse,
    .read = read_dfuse,
};

const char *fettle_dfuse_size_name(fettle_dfuse_size size)
{
    static const char *const names[] = {
        [FETTLE_DFUSE_SIZE_NONE] = "none",
        [FETTLE_DFUSE_SIZE_RIGHT] = "right",
        [FETTLE_DFUSE_SIZE_WITH_SUFFIX] = "with-suffix",
        [FETTLE_DFUSE_SIZE_ZERO] = "zero",
    };

    assert((size_t)size < sizeof names / sizeof names[0]);
    return names[size];
}
