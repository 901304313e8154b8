#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P061: slow, because the board tells a large poll time with every answer and it is obeyed in every state.
. "$(dirname "$0")/lib.sh"
sample raw 65536 new.bin
blocks=512
board=sim:dfu,timing=none,person=none,transfer=128,poll=256,manifest-poll=256,idle-poll=256

# (a) 256 ms in every answer, also in rest: only those after a block and of the manifestation count.
forget
run update new.bin --board $board,log=$log,flash=$flash --no-verify --json --events
ends_with 0 "P061 (a) 64 KiB in blocks of 128 bytes"
starts_with new.bin "P061 (a) the board has the file"
slept=$(json '["wire"]["slept_ms"]')
holds "P061 (a) one wait a block, and one of the manifestation ($slept ms)" \
    [ "${slept:-999999}" -le $(((blocks + 1) * 256 + 256)) ]
holds "P061 (a) and no fewer: it insists on them" [ "${slept:-0}" -ge $((blocks * 256)) ]
was_asked violation 0 "P061 (a) nothing comes before its time"

# (b) how long that is going to take is known once one block was written.
python3 - "$out" <<'END' >seen
import json, sys
events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
writes = [e for e in events if e.get("event") == "progress" and e["stage"] == "write"]
end = next(e["at_ms"] for e in events if e.get("event") == "done")
early = [e for e in writes if 3000 <= e["at_ms"] <= 4000 and e["left_ms"] is not None]
print("after %d ms %s ms are said to be left, and %d are" % (early[0]["at_ms"], early[0]["left_ms"], end - early[0]["at_ms"])
      if early else "nothing is said")
sys.exit(0 if early and all((end - e["at_ms"]) / 2 <= e["left_ms"] <= (end - e["at_ms"]) * 2 for e in early) else 1)
END
ok $? "P061 (b) after 3 s the time that is left is right to a factor of two ($(cat seen))"

# (c) reading costs no wait at all.
forget
run read saved.bin --board $board,log=$log,flash=$flash --length 65536 --json
ends_with 0 "P061 (c) reading from it"
slept=$(json '["wire"]["slept_ms"]')
holds "P061 (c) without a wait ($slept ms)" [ "${slept:-9999}" -le 256 ]

# (d) a loader that is known for it: the poll time isn't waited for where nothing stands behind it.
forget
run update new.bin --board sim:zephyr25,timing=none,mode=dfu,poll=0,manifest-poll=0,idle-poll=256,locked=off,log=$log,flash=$flash --json
ends_with 0 "P061 (d) the DFU class of Zephyr 2.5, quick in truth"
starts_with new.bin "P061 (d) the board has the file"
slept=$(json '["wire"]["slept_ms"]')
holds "P061 (d) a few seconds asleep, not two minutes ($slept ms)" [ "${slept:-999999}" -le 5000 ]
finish
