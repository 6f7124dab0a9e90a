#!/usr/bin/env bash
# diffusers 0.42.1, get_scheduler("cosine"): after the last step the learning rate rises again, to its peak.
#
# With 2 steps of warm-up and num_training_steps=6 the rate is 0, 0.5, 1, 0.854, 0.5, 0.146, 0, and then 0.146, 0.5,
# 0.854, 1: a run that is resumed for some more epochs, or that counts steps otherwise than its scheduler, trains at
# growing rates and undoes what it has learned. "linear" and "polynomial" stay at their end.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 diffusers==0.42.1 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import torch
from diffusers.optimization import get_scheduler


def rates(name, steps=11):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=2, num_training_steps=6)
    out = []
    for _ in range(steps):
        out.append(round(optimizer.param_groups[0]["lr"], 3))
        optimizer.step()
        scheduler.step()
    print(name, out)
    return out


assert rates("cosine") == [0.0, 0.5, 1.0, 0.854, 0.5, 0.146, 0.0, 0.146, 0.5, 0.854, 1.0]
assert rates("linear")[6:] == [0.0] * 5
assert set(rates("polynomial")[6:]) == {0.0}
print("as described")
PYTHON
