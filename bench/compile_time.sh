#!/usr/bin/env bash
# compile_time.sh [compiler]: what the headers cost a program that includes them. Front-end seconds (-fsyntax-only) of
# the standard headers that the library includes, of every folder's headers and of the umbrella, the best of three; then
# seconds and object bytes of small programs at -O2.
set -euo pipefail
compiler=${1:-g++}
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
TIMEFORMAT=%R

# best <compiler arguments>: the least wall time of three runs, in seconds.
best() {
  local seconds=()
  for _ in 1 2 3; do
    if ! { time "$compiler" -std=c++20 -pthread -I include "$@" 2>"$scratch/errors"; } 2>"$scratch/time"; then
      echo fails
      return
    fi
    seconds+=("$(cat "$scratch/time")")
  done
  printf '%s\n' "${seconds[@]}" | sort -n | head -n 1
}

printf '%-40s %8s\n' "$compiler -fsyntax-only" seconds
grep -rhoE '^#include <[^>]+>' include | sort -u >"$scratch/standard.cpp"
printf '%-40s %8s\n' "the standard headers alone" "$(best -fsyntax-only "$scratch/standard.cpp")"
for folder in core kernels autograd ops nn dist gen models optim io data metrics train; do
  find "include/inkling/$folder" -name '*.hpp' 2>/dev/null | sort | sed 's,include/\(.*\),#include "\1",' >"$scratch/$folder.cpp"
  [ -s "$scratch/$folder.cpp" ] || continue
  printf '%-40s %8s\n' "$folder/*" "$(best -fsyntax-only "$scratch/$folder.cpp")"
done
echo '#include "inkling/inkling.hpp"' >"$scratch/umbrella.cpp"
printf '%-40s %8s\n' inkling.hpp "$(best -fsyntax-only "$scratch/umbrella.cpp")"

printf '\n%-40s %8s %10s\n' "$compiler -O2 -c" seconds bytes
for program in tests/consumer/main.cpp examples/[0-9][0-9]_*.cpp; do
  [ -f "$program" ] || continue
  took=$(best -O2 -I examples -c "$program" -o "$scratch/object.o")
  bytes=-
  [ ! -f "$scratch/object.o" ] || bytes=$(wc -c <"$scratch/object.o")
  printf '%-40s %8s %10s\n' "$program" "$took" "$bytes"
  rm -f "$scratch/object.o"
done
