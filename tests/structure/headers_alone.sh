#!/bin/sh
# headers_alone.sh <compiler> <include dir> <scratch dir> <name> [tests dir]: every header of that name must compile as
# the first line of a program, twice over, without a warning. Those that are the first line of a test are not compiled a
# second time.
set -eu
compiler=$1 include=$2 scratch=$3 name=$4 tests=${5:-}
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$include"
find inkling -name "$name" | sort >"$scratch/all"
: >"$scratch/tested"
if [ -n "$tests" ]; then
  for t in "$tests"/*/*_test.cpp; do
    grep -m 1 '^#include' "$t"
  done | sed -n 's/^#include "\(inkling\/[^"]*\)"$/\1/p' | sort -u >"$scratch/tested"
fi
comm -23 "$scratch/all" "$scratch/tested" >"$scratch/headers"

export compiler include scratch
# shellcheck disable=SC2016
xargs -P 2 -n 1 sh -c '
  name=$(printf %s "$1" | tr / _)
  printf "#include \"%s\"\n#include \"%s\"\n" "$1" "$1" >"$scratch/$name.cpp"
  "$compiler" -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -pthread -I "$include" "$scratch/$name.cpp" \
    >"$scratch/$name.log" 2>&1 || { echo "$1" >>"$scratch/failed"; }' sh <"$scratch/headers"

if [ -f "$scratch/failed" ]; then
  sort "$scratch/failed" | while read -r header; do
    echo "$header does not compile alone with $compiler:"
    head -n 20 "$scratch/$(printf %s "$header" | tr / _).log"
  done
  exit 1
fi
echo "$(wc -l <"$scratch/headers") headers compile alone with $compiler, $(wc -l <"$scratch/tested") more in tests"
