#!/bin/sh
# A study that is killed and begun again finds what one finds that is not: resume.sh <study> <data> <weights> <scratch>.
set -eu
only_begin=
if [ "$1" = --begin ]; then only_begin=yes; shift; fi
study=$1 data=$2 weights=$3 scratch=$4
only=one_shot,main
begin() { exec "$study" --steps 4 --workers 2 --data "$data" --weights "$weights" --only "$only" --out "$scratch/$1"; }

[ -z "$only_begin" ] || begin killed
rm -rf "$scratch"
mkdir -p "$scratch"

# tables <run>: all that was found but the times and the day.
tables() {
  for record in "$scratch/$1"/results/*.txt; do
    basename "$record"
    grep -vE '^(training_seconds|training_time|sampling_time|other_time|date|seconds.*)	' "$record"
  done
}

(begin whole) >"$scratch/whole.log" 2>&1
# In a session of its own, so that its workers are killed as well.
command -v setsid >/dev/null || exit 77
setsid "$0" --begin "$study" "$data" "$weights" "$scratch" >"$scratch/killed.log" 2>&1 &
pid=$!
for _ in $(seq 600); do
  ! ls "$scratch"/killed/results/*.txt >/dev/null 2>&1 || break
  sleep 0.05
done
kill -9 -- "-$pid" 2>/dev/null || true
wait $pid 2>/dev/null || true
[ "$(ls "$scratch"/killed/results/*.txt | wc -l)" -lt "$(ls "$scratch"/whole/results/*.txt | wc -l)" ] ||
  echo "warning: it was finished before it was killed"
(begin killed) >"$scratch/resumed.log" 2>&1
tables whole >"$scratch/whole.tables"
tables killed >"$scratch/killed.tables"
diff "$scratch/whole.tables" "$scratch/killed.tables"
[ -s "$scratch/whole.tables" ]
echo "the same $(wc -l <"$scratch/whole.tables") lines"
