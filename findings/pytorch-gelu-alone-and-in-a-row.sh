#!/usr/bin/env bash
# PyTorch 2.13.0 (CPU), torch.nn.functional.gelu in float32: the value of one number depends on how many stand beside it.
#
# At x = -4.972 (exact: -1.647365e-06)
#   a tensor of 1 element      -1.629949e-06    1 % off
#   a tensor of 33 elements    -1.778126e-06    8 % off, for each of them
# With approximate="tanh", at x = -5.126 (exact: -9.624420e-08)
#   a tensor of 1 element      -1.527667e-07
#   a tensor of 33 elements    -0.0 for the first 32, -1.527667e-07 for the last
# The vector path and the path of single elements cancel differently in 1 + erf(x / sqrt(2)). Both lose all digits
# further left: at -6 the result is 0, where the exact value is -5.9e-09. A test that compares a network's answer to one
# row with its answer to the same row in a batch sees it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import torch
from torch.nn.functional import gelu

torch.set_num_threads(1)


def look(x, approximate):
    row = gelu(torch.full((33,), x), approximate=approximate)
    alone = gelu(torch.full((1,), x), approximate=approximate).item()
    exact = gelu(torch.tensor(x, dtype=torch.float64), approximate=approximate).item()
    print(f"approximate={approximate!r} x={x}: in a row {row[0].item():.6e} ... {row[-1].item():.6e}, "
          f"alone {alone:.6e}, exact {exact:.6e}")
    assert abs(row[0].item() / alone - 1) > 0.05, "both paths agree now"
    assert abs(row[0].item() / exact - 1) > 0.05, "the path of rows is better now"
    return row, alone


row, alone = look(-4.972, "none")
assert (row == row[0]).all()
row, alone = look(-5.126, "tanh")
assert (row[:32] == 0).all() and row[-1].item() == alone
assert gelu(torch.full((33,), -6.0))[0] == 0 and gelu(torch.tensor(-6.0, dtype=torch.float64)) < -5e-9
print("as described")
PYTHON
