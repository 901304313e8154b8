#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Files of other people's make are read to the same bytes as by other people's programs: Intel HEX by srec_cat (package
# srecord) and objcopy, DfuSe by dfuse-pack and dfu-suffix (package dfu-util). And what fettle writes, those read.
#
# FETTLE_TEST_MICROBIT: a real HEX file; else Debian's package firmware-microbit-micropython has one.
. "$(dirname "$0")/lib.sh"
tool=${FETTLE_IMAGE_TOOL:-$(dirname "$FETTLE")/tests/fettle-image-tool}
microbit=${FETTLE_TEST_MICROBIT:-/usr/share/firmware-microbit-micropython/firmware.hex}
for needed in srec_cat srec_info objcopy dfu-suffix dfuse-pack; do
    command -v $needed >/dev/null || {
        echo "Bail out! $needed is not there: scripts/install-needs check installs it"
        exit 1
    }
done
[ -x "$tool" ] || {
    echo "Bail out! $tool is not there: build it, or name it in FETTLE_IMAGE_TOOL"
    exit 1
}
status=0
: >"$out"
sample raw 70001 a.bin 1
sample raw 3000 b.bin 2
sample raw 1 c.bin 3

skip() { # DESCRIPTION REASON
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

split() { # FILE: regions to part0, part1, ...; their lines to `regions`
    rm -f part[0-9]*
    "$tool" split "$1" part >regions 2>"$err"
}

# "- 00000000 0000FFFF" a line, as srec_info has it after "Data:".
srec_ranges() { # FILE
    srec_info "$1" -intel 2>/dev/null | tr -d '\r' | sed -n 's/^\(Data: \)\{0,1\} *\([0-9A-F]*\) - \([0-9A-F]*\)$/\2 \3/p' |
        while read -r first last; do
            printf -- '- %08X %08X\n' "0x$first" "0x$last"
        done
}

# Every region of a HEX file is what srec_cat cuts out of it, and there are no others.
same_as_srec() { # FILE DESCRIPTION
    split "$1" && srec_ranges "$1" >theirs && [ -s theirs ] && cmp -s theirs regions
    ok $? "$2: the same addresses as srec_info has ($(wc -l <regions) regions)"
    i=0
    wrong=0
    while read -r _ first last; do
        end=$(($((0x$last)) + 1))
        srec_cat "$1" -intel -crop "0x$first" $end -offset "-0x$first" -o their-part -binary 2>/dev/null &&
            cmp -s their-part part$i || wrong=1
        i=$((i + 1))
    done <regions
    [ $i -gt 0 ] && [ $wrong -eq 0 ]
    ok $? "$2: the same bytes as srec_cat has"
}

# ---- Intel HEX by srec_cat ----

srec_cat a.bin -binary -offset 0x08000000 -o a.hex -intel
same_as_srec a.hex "one piece"
cmp -s part0 a.bin
ok $? "it is the file that it was made of"

srec_cat a.bin -binary -offset 0x08000000 b.bin -binary -offset 0x1FFFC001 c.bin -binary -offset 0xFFFFFFF0 -o abc.hex \
    -intel -line-length=600 2>/dev/null
same_as_srec abc.hex "three pieces, long records"

srec_cat a.bin -binary -exclude 0x100 0x110 -exclude 0x8000 0x18000 -o holes.hex -intel -obs=7
same_as_srec holes.hex "holes, short records"

srec_cat a.bin -binary -offset 0x12345 -o segments.hex -intel -address-length=3
grep -q '^:02000002' segments.hex
ok $? "srec_cat writes segments"
same_as_srec segments.hex "segments"

srec_cat b.bin -binary -offset 0x100 -execution-start-address=0x131 -o start.hex -intel
run info start.hex
says "$out" "0x00000131" "the start address"
same_as_srec start.hex "with a start address"

# Records in any order, some of them twice, small letters, CR and LF.
{
    sed '$d' holes.hex | grep -v '^:02000004' | head -n 1000 | sort -r
    sed '$d' holes.hex | grep -v '^:02000004' | head -n 30
    tail -n 1 holes.hex
} | tr 'A-F' 'a-f' | sed 's/$/\r/' >mixed.hex
same_as_srec mixed.hex "any order"

# A record that goes round in its segment, and one that goes on.
printf ':02000002100' >round.hex
printf '0EC\n:04FFFE0001020304F5\n:00000001FF\n' >>round.hex
same_as_srec round.hex "a record that goes round in its segment"
printf ':04FFFE0001020304F5\n:00000001FF\n' >on.hex
same_as_srec on.hex "a record that goes on over 64 KiB"

# ---- Intel HEX by objcopy ----

for address in 0 0x8000000 0xFFFE1000; do
    objcopy -I binary -O ihex --change-addresses $address b.bin objcopy.hex
    same_as_srec objcopy.hex "objcopy at $address"
    cmp -s part0 b.bin
    ok $? "it is the file that it was made of"
done
objcopy -I binary -O ihex --change-addresses 0x18000 a.bin objcopy.hex
same_as_srec objcopy.hex "objcopy over several segments"

# What one of them refuses the other does, too.
sed '3s/^\(..........\)../\100/' a.hex >damaged.hex
run info damaged.hex
ends_with 9 "a damaged record"
says "$err" "line 3 of the Intel HEX file has the checksum" "names its line"
! srec_cat damaged.hex -intel -o nothing -binary 2>/dev/null
ok $? "srec_cat refuses it, too"
printf ':0100000001FE\n:0100000002FD\n:00000001FF\n' >two.hex
run info two.hex
ends_with 9 "two bytes for one address"
! srec_cat two.hex -intel -o nothing -binary 2>/dev/null
ok $? "srec_cat refuses them, too"

# ---- a real HEX file ----

if [ -f "$microbit" ]; then
    same_as_srec "$microbit" "MicroPython for the micro:bit"
    run info "$microbit" --json
    is_valid info
    has '["image"]["format"]' '"hex"'
    srec_cat "$microbit" -intel -o straight.hex -intel -line-length=44 2>/dev/null
    split straight.hex && mv part0 straight0 && split "$microbit" && cmp -s straight0 part0
    ok $? "written anew by srec_cat it is the same"
else
    skip "MicroPython for the micro:bit" "there is no $microbit (package firmware-microbit-micropython)"
fi

# ---- DfuSe by dfuse-pack ----

dfuse-pack -b 0x08000000:a.bin -b 0x08020000:b.bin -b 0x1FFFC000@1:c.bin -D 0x1234:0x5678 packed.dfu >/dev/null
split packed.dfu
cat >expected <<END
0 08000000 08011170
0 08020000 08020BB7
1 1FFFC000 1FFFC000
END
cmp -s expected regions && cmp -s a.bin part0 && cmp -s b.bin part1 && cmp -s c.bin part2
ok $? "what dfuse-pack packs is read to the same bytes and addresses"
run info packed.dfu
says "$out" "1234" "its vendor"
says "$out" "counts the suffix" "its size field counts the suffix, and that is told"
dfu-suffix -c packed.dfu >theirs 2>&1
says "$out" "$(sed -n 's/^CRC:[[:space:]]*0x//p' theirs | tr 'A-F' 'a-f')" "its checksum is what dfu-suffix says"

dfuse-pack -b 0x08000000:a.bin -b 0x08000100:b.bin over.dfu >/dev/null
run info over.dfu
ends_with 9 "elements that overlap"
says "$err" "0x08000000 to 0x08011170" "the one is named"
says "$err" "0x08000100 to 0x08000cb7" "the other is named"

# ---- DfuSe by us ----

dfuse-pack -b 0x1FFF0000@1:c.bin -b 0x20000000@2:b.bin others.dfu >/dev/null
"$tool" dfuse ours.dfu abc.hex others.dfu 2>"$err"
ok $? "two files joined and written as DfuSe"
dfu-suffix -c ours.dfu >theirs 2>&1
ok $? "dfu-suffix finds its suffix good"
says theirs "0x011A" "and of the right version"
dfuse-pack -d ours.dfu >theirs
! grep -q 'ERROR' theirs
ok $? "dfuse-pack finds no error in it"
grep -q "image size: $(($(wc -c <ours.dfu) - 16)), targets: 3" theirs
ok $? "its size field leaves the suffix out"
grep -q '0, address: 0x08000000, size: 70001' theirs && cmp -s ours.dfu.target0.image0.bin a.bin &&
    cmp -s ours.dfu.target0.image1.bin b.bin && cmp -s ours.dfu.target0.image2.bin c.bin &&
    cmp -s ours.dfu.target1.image0.bin c.bin && cmp -s ours.dfu.target2.image0.bin b.bin
ok $? "and takes the same content out of it"
split ours.dfu
cut -d ' ' -f 1,2 regions | tr '\n' ',' >ours
[ "$(cat ours)" = "0 08000000,0 1FFFC001,0 FFFFFFF0,1 1FFF0000,2 20000000," ]
ok $? "so do we"
finish
