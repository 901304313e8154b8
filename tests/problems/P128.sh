#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P128: everything is run with sudo, and the files that come of it belong to root afterwards.
# P128: the page's half comes with the page.
. "$(dirname "$0")/lib.sh"
echo "# P128: the half of the page comes with the page"
sample pytrack new.dfu
someone=65534
owner() { # FILE
    stat -c %u "$1" 2>/dev/null
}
if [ "$(id -u)" != 0 ]; then
    echo "# P128: only root can hand files over; here it is held that another user's SUDO_UID does no harm"
    SUDO_UID=$someone SUDO_GID=$someone run read copy.bin --board sim:pytrack,timing=none,mode=dfu
    ends_with 0 "P128 reading with a stray SUDO_UID"
    holds "P128 the file is ours" [ "$(owner copy.bin)" = "$(id -u)" ]
    finish
fi
export SUDO_UID=$someone SUDO_GID=$someone

run read copy.bin --board sim:pytrack,timing=none,mode=dfu --trace trace.txt --report report.txt
ends_with 0 "P128 (a) a copy of the memory, with sudo"
for file in copy.bin trace.txt report.txt; do
    holds "P128 (a) $file belongs to the calling user" [ "$(owner $file)" = $someone ]
done

run update new.dfu --board sim:pytrack,timing=none --revision 1 --state-dir state
ends_with 0 "P128 (b) an update with sudo works"
holds "P128 (b) the folder of what is remembered belongs to the calling user" \
    [ "$(owner state)" = $someone ]
find state -type f >files
holds "P128 (b) something is remembered" [ -s files ]
while read -r file; do
    holds "P128 (b) $(basename "$file") belongs to the calling user" [ "$(owner "$file")" = $someone ]
done <files

# Replaced, it is a new file.
: >kept.txt
run read kept.txt --overwrite --board sim:pytrack,timing=none,mode=dfu
ends_with 0 "P128 (c) over an existing file"
holds "P128 (c) it belongs to the calling user" [ "$(owner kept.txt)" = $someone ]
finish
