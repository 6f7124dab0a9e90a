#!/usr/bin/env bash
# Writes tests/golden/data/sketch: one drawn seven, dark on light, by ImageMagick 6.9, pngquant 2.17 and OptiPNG 0.7.7.
# From the repository's root: tests/golden/make_sketches.sh
set -eu
to=tests/golden/data/sketch
mkdir -p "$to"
draw() { # draw <background> <colour> <arguments of convert>
  background=$1 colour=$2
  shift 2
  ${CONVERT:-convert} -size 90x110 "xc:$background" -fill none -stroke "$colour" -strokewidth 8 \
    -draw "polyline 22,24 68,22 40,92" -strip -define png:exclude-chunks=date,time "$@"
}
draw white black -define png:color-type=0 -define png:bit-depth=8 "$to/grey8.png"
draw white black -define png:color-type=0 -define png:bit-depth=16 -depth 16 "$to/grey16.png"
draw white navy -define png:color-type=2 "$to/rgb8.png"
draw none black -define png:color-type=6 "$to/black_on_nothing.png"
draw none white -define png:color-type=6 "$to/white_on_nothing.png"
draw black white -define png:color-type=0 -define png:bit-depth=8 "$to/white_on_black.png"
pngquant --force --output "$to/palette4.png" 12 "$to/grey8.png"
optipng -quiet -force -i1 "$to/grey8.png" -out "$to/interlaced.png"
