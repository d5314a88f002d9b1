#!/bin/bash
# `make run` as README has it, with its demonstration: all tasks end, all files are
# at home, and the doctor, who is README's next line, finds nothing wrong.
. "$(dirname -- "$0")/lib.sh"
run_start run DEMO=1 SWEEP_EVERY=1
is_up()	{ grep -q '^All is up' "$WORK/run.out"; }
check "it comes to its end" soon 240 is_up
tasks=$(sql "select count(*) from genhook.tasks")
same "with as many tasks as README says" 1 "$(grep -c "gets $tasks tasks" "$TOP/README.md")"
same "each of which has ended" 0 "$(sql "select count(*) from genhook.tasks where status not in ('succeeded', 'failed')")"
check "some by asking alone" test "$(sql "select count(*) from genhook.tasks where source = 'poll'")" -ge 1
files=$(sql "select count(*) from genhook.outputs where status = 'stored'")
same "each file is read again" "$files files read again: each has the SHA-256 that its row says." \
    "$(grep 'files read again' "$WORK/run.out")"
same "as README has it" 1 "$(grep -cFx "$(grep 'files read again' "$WORK/run.out")" "$TOP/README.md")"
same "no output is left" 0 "$(sql "select count(*) from genhook.outputs where status not in ('stored', 'inline')")"
same "what a sound is called is one" '' "$(sql "select provider, task_id from genhook.outputs where kind = 'audio' and content_type not like 'audio/%'")"
same "nothing needs a person" '' "$(sql "select reason, provider, details from genhook.attention")"
"$BIN/genhook" --config "$GENHOOK_CONF" doctor --lighttpd "$RUN_DIR/lighttpd.conf" >"$WORK/doctor.out" 2>&1
same "the doctor is content" "0 " "$? $(grep '^WRONG' "$WORK/doctor.out")"
like "the page's link comes first of all" 'web.*login|/genhook/' "$(head -n 40 "$WORK/run.out")"
finish
