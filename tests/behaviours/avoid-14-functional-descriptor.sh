#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 14: one functional descriptor counts for all DFU interfaces of a configuration.
# No virtual board has two such interfaces: each with its own is each_interface_has_its_own_functional of
# tests/unit/test_proto_descriptors.c. Here that the right one is found wherever it stands.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin

for place in after-interface after-each after-config; do
    for alternates in 1 2 4; do
        forget
        run update new.bin --json --board \
            sim:dfu,timing=none,person=none,functional=$place,alternates=$alternates,transfer=320,log=$log,flash=$flash
        ends_with 0 "avoid 14: $place, $alternates alternate settings"
        [ "$(largest_block)" = 320 ]
        ok $? "avoid 14: $place, $alternates: its wTransferSize counts ($(largest_block))"
        starts_with new.bin "avoid 14: $place, $alternates: the board has the file"
    done
done
finish
