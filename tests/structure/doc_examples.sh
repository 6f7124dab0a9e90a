#!/bin/sh
# doc_examples.sh <compiler> <include dir> <scratch dir>: the examples in the headers' opening comments must compile.
# An example is the run of comment lines indented by four spaces or more after a line `// Example:`; it stands in a
# function body. `// Example (declarations):` marks code for namespace scope.
set -eu
compiler=$1 include=$2 scratch=$3
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$include"
[ -f inkling/inkling.hpp ] || { echo "there is no inkling/inkling.hpp"; exit 77; }

# shellcheck disable=SC2046
awk '
  function close_example() {
    if (mode == "body") print "}"
    if (mode != "") { print "#line 1 \"end of the examples of " name "\""; mode = "" }
  }
  function open_file() {
    if (in_namespace) print "}"
    name = FILENAME
    in_namespace = 0
    opening = 1
  }
  function open_example(kind) {
    close_example()
    if (!in_namespace) {
      id = name
      gsub(/[^a-z0-9]/, "_", id)
      print "namespace example_" id " {\nusing namespace ink;"
      in_namespace = 1
    }
    mode = kind
    count++
    if (kind == "body") print "[[maybe_unused]] inline void example_" count "() {"
    printf "#line %d \"%s\"\n", FNR + 1, name
  }
  BEGIN { print "#include \"inkling/inkling.hpp\"\n#include \"inkling/autograd/gradcheck.hpp\"" }
  FNR == 1 { close_example(); open_file() }
  !opening { next }
  /^\/\/ Example:$/ { open_example("body"); next }
  /^\/\/ Example \(declarations\):$/ { open_example("declarations"); next }
  /^\/\// {
    if (mode == "") next
    if ($0 ~ /^\/\/    / || $0 ~ /^\/\/ *$/) print substr($0, 3)
    else close_example()
    next
  }
  { close_example(); opening = 0 }
  END {
    close_example()
    if (in_namespace) print "}"
    printf "int main() {}\n// %d examples\n", count
  }
' $(find inkling -name '*.hpp' | sort) >"$scratch/examples.cpp"

"$compiler" -std=c++20 -Wall -Wextra -Wno-unused -Wno-unused-parameter -fsyntax-only -pthread -I "$include" \
  "$scratch/examples.cpp"
tail -n 1 "$scratch/examples.cpp" | cut -c4-
