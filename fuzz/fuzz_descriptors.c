/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds anything at all to the descriptor parser and holds it to its contract: it returns, stays
 * within the bytes, and its answer is one that callers may rely on.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/descriptors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_interface(const fettle_usb_descriptors *out,
                            const fettle_dfu_interface *dfu)
{
    assert(dfu->alternate_count >= 1);
    assert(dfu->alternate_count <= FETTLE_DFU_ALTERNATES_MAX);
    uint16_t size = fettle_dfu_transfer_size(dfu, out->bMaxPacketSize0);
    assert(size >= 1 && size <= 4096);
    assert(dfu->wTransferSize == 0 || size <= dfu->wTransferSize);
    (void)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fettle_usb_descriptors out;
    fettle_error error = {0};
    if (fettle_usb_descriptors_parse(&out, (fettle_span){data, size}, &error)) {
        assert(out.dfu_count <= FETTLE_DFU_INTERFACES_MAX);
        assert((out.dfu_count == 0) == (out.mode == FETTLE_DFU_NONE));
        for (size_t i = 0; i < out.dfu_count; i++) {
            check_interface(&out, &out.dfu[i]);
        }
    } else {
        assert(error.code == FETTLE_E_UNEXPECTED_ANSWER);
        assert(out.dfu_count == 0);
    }
    return 0;
}
