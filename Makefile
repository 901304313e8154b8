# SPDX-License-Identifier: Apache-2.0
#
# A thin front: Meson builds (meson.build), scripts/ do the rest. Only relative paths here, so that
# the folder may have any name.
#
#   make               builds build/fettle; asks nothing, installs nothing
#   make try           installs what is missing, builds, and updates two virtual boards
#   make check         installs what the tests need, and runs all of them
#   make stubs         fetches Espressif's stubs, which make ESP chips faster, into build/stubs (needs npm)
#   make install       to PREFIX (/usr/local), below DESTDIR if given; make uninstall takes it back
#   make fuzz          each fuzz target for FUZZ_SECONDS (60)
#   make bench         the benchmarks; needs what `make check` has installed
#   make format        clang-format on all C files

PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
export PREFIX DESTDIR FUZZ_SECONDS

all:
	@scripts/build

try:
	@scripts/try

check:
	@scripts/check

install:
	@scripts/install

stubs:
	@scripts/stubs

uninstall:
	@scripts/install --undo

fuzz:
	@scripts/fuzz

bench:
	@scripts/bench

format:
	@scripts/format

clean:
	rm -rf build build-*

.PHONY: all try check stubs install uninstall fuzz bench format clean
