#!/usr/bin/env bash
# PyTorch 2.13.0 (CPU), torch.nn.utils.clip_grad_norm_: finite gradients whose squares overflow are all set to zero.
#
# For the gradient (1e20, 1e20, 1e20) in float32 the norm, 1.73e20, could be held, but comes out as inf; the gradient is
# then multiplied by 1 / inf and is (0, 0, 0): the step that should have had length 1 has none, and nothing is said. One
# infinite entry gives (NaN, 0, 0) instead, which at least shows. The default error_if_nonfinite=False lets both pass.
# clip_grad_value_ and the norm in float64 have no such limit.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import torch


def clipped(values, dtype):
    weight = torch.nn.Parameter(torch.zeros(3, dtype=dtype))
    weight.grad = torch.tensor(values, dtype=dtype)
    norm = torch.nn.utils.clip_grad_norm_([weight], 1.0)
    print(f"{values} in {dtype}: norm {norm.item():.4g}, gradient {weight.grad.tolist()}")
    return norm.item(), weight.grad.tolist()


infinity = float("inf")
assert clipped([1e20, 1e20, 1e20], torch.float32) == (infinity, [0.0, 0.0, 0.0])
norm, gradient = clipped([infinity, 1.0, 2.0], torch.float32)
assert norm == infinity and gradient[0] != gradient[0] and gradient[1:] == [0.0, 0.0]
norm, gradient = clipped([1e20, 1e20, 1e20], torch.float64)
assert all(abs(g - 3**-0.5) < 1e-6 for g in gradient)
print("as described")
PYTHON
