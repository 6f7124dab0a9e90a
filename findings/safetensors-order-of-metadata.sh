#!/usr/bin/env bash
# safetensors 0.8.0 (Python): the same tensors and metadata give other bytes in every process.
#
# The tensors are sorted, but the keys of __metadata__ stand in an order that is drawn anew with each start: with four
# keys, eight processes wrote 6 to 8 different files of one length. A checksum of the file does not tell whether two
# files hold the same weights, nor do caches and deduplication that go by content see it. With one key, or none, all
# eight files are equal. Who wants reproducible files keeps one key with everything in it, or hashes the tensors.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
files() { # files <metadata>: how many different files eight processes write
  for _ in 1 2 3 4 5 6 7 8; do
    "$work/venv/bin/python" - "$1" <<'PYTHON'
import hashlib
import json
import sys

import numpy as np
from safetensors.numpy import save

data = save({"weight": np.zeros(2, np.float32), "bias": np.zeros(3, np.float32)}, metadata=json.loads(sys.argv[1]))
print(len(data), hashlib.sha256(data).hexdigest())
PYTHON
  done | sort -u | wc -l
}
four=$(files '{"format": "pt", "seed": "1", "lr": "0.1", "note": "x"}')
one=$(files '{"format": "pt"}')
echo "different files of 8: $four with four keys, $one with one"
[ "$four" -gt 1 ] && [ "$one" -eq 1 ]
echo "as described"
