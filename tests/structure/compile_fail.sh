#!/bin/sh
# compile_fail.sh <compiler> <include dir> <file>: the file must be refused with the message its first line names
# (`// expect: <extended regular expression>`), or, if that line is `// compiles`, be accepted.
set -u
compiler=$1 include=$2 file=$3
first=$(head -n 1 "$file")
output=$("$compiler" -std=c++20 -fsyntax-only -fno-elide-type -pthread -I "$include" "$file" 2>&1)
code=$?

case "$first" in
  "// compiles")
    [ $code -eq 0 ] && exit 0
    echo "$file must compile:"
    ;;
  "// expect: "*)
    expected=${first#// expect: }
    if [ $code -eq 0 ]; then
      echo "$file compiles; it must fail with: $expected"
      exit 1
    fi
    printf '%s\n' "$output" | grep -Eq -- "$expected" && exit 0
    echo "$file fails, but not with: $expected"
    ;;
  *) echo "$file: the first line is neither '// compiles' nor '// expect: ...'" ;;
esac
printf '%s\n' "$output" | head -n 30
exit 1
