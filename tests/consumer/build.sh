#!/bin/sh
# build.sh find_package|add_subdirectory|bare <source dir> <build dir> <scratch dir> <cmake> <generator> <compiler>: build
# and run a stranger's project that uses the library that way.
set -eu
way=$1 source=$2 build=$3 scratch=$4 cmake=$5 generator=$6 compiler=$7
here=$source/tests/consumer
rm -rf "$scratch"
mkdir -p "$scratch"

case "$way" in
  bare) "$compiler" -std=c++20 -O2 -Wall -Wextra -Wpedantic -Werror -pthread -I "$source/include" "$here/main.cpp" -o "$scratch/consumer" ;;
  *)
    if [ "$way" = find_package ]; then
      "$cmake" --install "$build" --prefix "$scratch/prefix" >/dev/null
      set -- -Dinkling_DIR="$scratch/prefix/share/cmake/inkling"
    else
      set -- -DINKLING_SOURCE="$source"
    fi
    "$cmake" -G "$generator" -S "$here" -B "$scratch" -DCMAKE_CXX_COMPILER="$compiler" -DWAY="$way" "$@" >"$scratch/log" || {
      cat "$scratch/log"
      exit 1
    }
    "$cmake" --build "$scratch"
    ;;
esac
"$scratch/consumer"
