#!/bin/sh
# headers_alone.sh <compiler> <include dir> <scratch dir> <name>: every header of that name must compile as the first
# line of a program, twice over, without a warning.
set -eu
compiler=$1 include=$2 scratch=$3 name=$4
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$include"
find inkling -name "$name" | sort >"$scratch/headers"

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
echo "$(wc -l <"$scratch/headers") headers compile alone with $compiler"
