#!/bin/sh
# headers_alone.sh <compiler> <include dir> <scratch dir> <name>: every header of that name must compile as the first line
# of a program, twice over, without a warning.
#
# After headers that it includes itself, at its top, a header finds nothing that it would not find alone. So one program
# checks a chain of headers, each of which includes all before it: less than half as many programs as headers.
set -eu
compiler=$1 include=$2 scratch=$3 name=$4
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$include"
find inkling -name "$name" | sort >"$scratch/headers"

# The chains, a file each. reaches[h, i]: header h includes i, itself or through others; size[h]: how many it reaches.
# shellcheck disable=SC2016
find inkling -name '*.hpp' | sort | xargs grep -H '^#include "inkling/' | awk -F '[:"]' -v scratch="$scratch" '
  function reach(h, k, i, j) {
    if (h in size) return
    size[h] = 0
    for (k = 1; k <= count[h]; ++k) {
      i = included[h, k]
      reach(i)
      if (!((h, i) in reaches)) { reaches[h, i] = 1; list[h, ++size[h]] = i }
      for (j = 1; j <= size[i]; ++j)
        if (!((h, list[i, j]) in reaches)) { reaches[h, list[i, j]] = 1; list[h, ++size[h]] = list[i, j] }
    }
  }
  { included[$1, ++count[$1]] = $3 }
  END {
    while ((getline h <(scratch "/headers")) > 0) { reach(h); left[h] = 1; ++headers }
    while (headers > 0) {
      chain = ""
      for (h in left) if (chain == "" || size[h] > size[top]) { top = h; chain = h }
      for (;;) {
        delete left[top]
        --headers
        next_size = -1
        for (j = 1; j <= size[top]; ++j)
          if (list[top, j] in left && size[list[top, j]] > next_size) { h = list[top, j]; next_size = size[h] }
        if (next_size < 0) break
        top = h
        chain = h " " chain
      }
      print chain >(scratch "/chain_" ++chains)
    }
  }'

export compiler include scratch
# shellcheck disable=SC2016
printf '%s\n' "$scratch"/chain_* | xargs -P 2 -n 1 sh -c '
  for header in $(cat "$1") $(cat "$1"); do printf "#include \"%s\"\n" "$header"; done >"$1.cpp"
  "$compiler" -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -pthread -I "$include" "$1.cpp" \
    >"$1.log" 2>&1 || touch "$1.failed"' sh

for failed in "$scratch"/*.failed; do
  [ -f "$failed" ] || break
  echo "of these headers one does not compile alone with $compiler: $(cat "${failed%.failed}")"
  head -n 20 "${failed%.failed}.log"
done
[ ! -f "$failed" ] || exit 1
echo "$(wc -l <"$scratch/headers") headers compile alone with $compiler"
