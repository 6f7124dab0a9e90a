#!/usr/bin/env bash
# zopflipng (zopfli 1.0.3): told to keep the chunks of an animation, it writes one that nobody can play, and says success.
#
# An APNG of four grey frames of 28 x 28 whose first has only black and white, written by Pillow 13.0.0:
#   zopflipng a.png b.png                                  exit 0, one frame of four is left, no word of it
#   zopflipng --keepchunks=acTL,fcTL,fdAT a.png b.png      exit 0, "Result is smaller", four frames by the header
# In the second file the header and the first frame have 1 bit a pixel now; the other frames are still the bytes of 8
# bits: Pillow shows the first and then fails with "unrecognized data stream contents". OptiPNG 0.7.7 leaves such a file
# as it is ("Can't reliably reduce APNG file"). To make an APNG smaller, reduce the frames before they are put together.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0 numpy==2.4.6
apt-get download -qq zopfli=1.0.3-1 optipng=0.7.7-2+b1
for package in ./*.deb; do dpkg -x "$package" tools; done
venv/bin/python - <<'PYTHON'
import subprocess

import numpy as np
from PIL import Image

ramp = np.arange(28 * 28).reshape(28, 28)
frames = [ramp // 14 % 2 * 255] + [ramp * k // 7 % 256 for k in (2, 3, 4)]
first, *others = (Image.fromarray(f.astype(np.uint8)) for f in frames)
first.save("a.png", save_all=True, append_images=others, duration=100, loop=0)


def look(path):
    image = Image.open(path)
    seen = 0
    try:
        for k in range(getattr(image, "n_frames", 1)):
            image.seek(k)
            seen += np.array_equal(np.asarray(image.convert("L")), frames[k])
    except OSError as error:
        print(f"  frame {k}: {error}")
    bits = open(path, "rb").read()[24]
    print(f"  {path}: {getattr(image, 'n_frames', 1)} frames by the header, {seen} are right, {bits} bits a pixel")
    return getattr(image, "n_frames", 1), seen


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    print(" ".join(command), "-> exit", done.returncode)
    return done


assert look("a.png") == (4, 4)
assert run("tools/usr/bin/zopflipng", "-y", "a.png", "b.png").returncode == 0
assert look("b.png") == (1, 1)
done = run("tools/usr/bin/zopflipng", "-y", "--keepchunks=acTL,fcTL,fdAT", "a.png", "c.png")
assert done.returncode == 0 and "Result is smaller" in done.stdout and done.stderr == ""
assert look("c.png") == (4, 1)
done = run("tools/usr/bin/optipng", "-force", "a.png", "-out", "d.png")
assert done.returncode == 0 and "Can't reliably reduce APNG file" in done.stdout + done.stderr
assert look("d.png") == (4, 4)
print("as described")
PYTHON
