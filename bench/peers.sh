#!/bin/sh
# peers.sh <inkling_bench> <folder of the peers> [threads …]: training steps beside PyTorch's, network by network.
#
# The folder holds run.sh NETWORK THREADS, which trains one network in PyTorch and prints a line of JSON with med_ms, the
# milliseconds of a step, and rss_MB, the peak memory of the process. Ours and theirs run in turn, so that both meet the
# same weather; the figures are medians over the rounds (INKLING_ROUNDS, five unless given). One line each:
#
#   ratio NETWORK THREADS SPEED MEMORY        their time / our time, our memory / their memory
#
# and, for people, the times themselves on the standard error.
set -eu
bench=$1 peers=$2
shift 2
[ $# -gt 0 ] || set -- 2 1
# PyTorch at its best: a BLIS older than the processor falls back to plain loops; 0 names its AVX-512 kernels.
if [ -z "${BLIS_ARCH_TYPE:-}" ] && grep -qs avx512f /proc/cpuinfo; then export BLIS_ARCH_TYPE=0; fi
[ -x "$peers/run.sh" ] || { echo "peers.sh: $peers has no run.sh" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# number <key>: the last number of that key in the JSON on the standard input.
number() { sed -n 's/.*"'"$1"'": *\([0-9.e+-]*\).*/\1/p' | tail -n 1; }

median() { sort -g "$1" | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

for threads in "$@"; do
  for net in unet pixelcnn gpt dit mlp lenet; do
    rm -f "$scratch"/*
    round=0
    while [ "$round" -lt "${INKLING_ROUNDS:-5}" ]; do
      round=$((round + 1))
      INKLING_NUM_THREADS=$threads "$bench" --benchmark_filter="^step/$net/" --benchmark_format=json \
        >"$scratch/json" 2>/dev/null
      number real_time <"$scratch/json" >>"$scratch/our_ms"
      number rss_MB <"$scratch/json" >>"$scratch/our_mb"
      "$peers/run.sh" "$net" "$threads" >"$scratch/json" 2>"$scratch/errors" || { cat "$scratch/errors" >&2; exit 1; }
      number med_ms <"$scratch/json" >>"$scratch/their_ms"
      number rss_MB <"$scratch/json" >>"$scratch/their_mb"
    done
    echo "$net $threads $(median "$scratch/our_ms") $(median "$scratch/their_ms") $(median "$scratch/our_mb") \
$(median "$scratch/their_mb")" | awk '{
      printf "%-8s %d thread%s: ours %8.2f ms %5.0f MB, theirs %8.2f ms %5.0f MB\n", $1, $2, ($2 > 1 ? "s" : ""), $3, $5,
        $4, $6 | "cat >&2"
      printf "ratio %s %d %.2f %.2f\n", $1, $2, $4 / $3, $5 / $6
    }'
  done
done
