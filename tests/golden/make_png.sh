#!/usr/bin/env bash
# Writes tests/golden/data/png: images by ImageMagick 6.9 and OptiPNG 0.7.7, of every colour type and depth, and beside
# each what ImageMagick reads in it, as red, green, blue and alpha of 16 bits, little-endian (NAME.rgba).
# From the repository's root: tests/golden/make_png.sh
set -eu
to=tests/golden/data/png
mkdir -p "$to"
write() { # write <name> <colour type> <depth> <arguments of convert>
  name=$1 type=$2 depth=$3
  shift 3
  convert -size 11x9 "$@" -strip -depth "$depth" -define png:color-type="$type" -define png:bit-depth="$depth" \
    -define png:exclude-chunks=date,time "$to/$name.png"
}
veil="-alpha set -channel A -fx (i+2*j)%7/6 +channel"
for depth in 1 2 4 8 16; do write "grey$depth" 0 "$depth" -seed 1 gradient:; done
for depth in 8 16; do
  write "rgb$depth" 2 "$depth" -seed 2 plasma:red-blue
  write "grey_alpha$depth" 4 "$depth" gradient: $veil
  write "rgb_alpha$depth" 6 "$depth" -seed 3 plasma:green-yellow $veil
done
for colors in 2 4 16 60; do
  depth=$(case $colors in 2) echo 1 ;; 4) echo 2 ;; 16) echo 4 ;; *) echo 8 ;; esac)
  write "palette$depth" 3 "$depth" -seed 4 plasma:red-blue -colors "$colors"
done
convert -size 11x9 xc:none -fill red -draw "rectangle 2,2 7,6" -fill "rgba(0,0,255,0.5)" -draw "rectangle 5,4 9,8" \
  -strip -define png:color-type=3 "$to/palette_alpha.png"
for name in grey1 grey16 rgb8 rgb_alpha16 palette2; do
  optipng -quiet -force -i1 -nb -nc -np "$to/$name.png" -out "$to/${name}_interlaced.png"
done
for file in "$to"/*.png; do convert "$file" -colorspace sRGB -depth 16 -endian LSB rgba:"${file%.png}.rgba"; done
