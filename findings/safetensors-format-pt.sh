#!/usr/bin/env bash
# "format": "pt" in a safetensors file does not tell in what order the axes of its weights lie.
#
# transformers 5.24.0 saves its GPT-2 with the metadata {"format": "pt"}, and every linear weight in it is (in, out),
# the transpose of what torch.nn.Linear holds: c_fc of a model of width 8 is (8, 32). safetensors 0.8.0 itself
# (safetensors.torch.save_file of a state_dict of torch 2.13.0) writes no metadata at all, and there the same layer is
# (32, 8). A reader that takes "pt" for PyTorch's (out, in) order loads square weights of the first file transposed, and
# shapes do not object; one that takes its absence for another program's order is wrong about the second. transformers
# also leaves out the tied head (lm_head.weight) without a word in the metadata.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 transformers==5.24.0 safetensors==0.8.0 numpy==2.4.6
cd "$work"
HF_HUB_OFFLINE=1 "$work/venv/bin/python" - 2>/dev/null <<'PYTHON'
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel


def look(path, name):
    with safe_open(path, framework="pt") as f:
        shape = list(f.get_slice(name).get_shape())
        print(path, "metadata", f.metadata(), name, shape)
        return f.metadata(), shape, list(f.keys())


model = GPT2LMHeadModel(GPT2Config(vocab_size=11, n_positions=5, n_embd=8, n_layer=1, n_head=2))
model.save_pretrained("gpt2")
metadata, shape, names = look("gpt2/model.safetensors", "transformer.h.0.mlp.c_fc.weight")
assert metadata == {"format": "pt"} and shape == [8, 32]
assert "lm_head.weight" not in names and "lm_head.weight" in model.state_dict()
x = torch.randn(3, 8)
layer = model.transformer.h[0].mlp.c_fc
assert torch.allclose(layer(x), x @ layer.weight + layer.bias, atol=1e-6)  # (in, out), as it lies

save_file(torch.nn.Sequential(torch.nn.Linear(8, 32)).state_dict(), "plain.safetensors")
metadata, shape, names = look("plain.safetensors", "0.weight")
assert metadata is None and shape == [32, 8]
print("as described")
PYTHON
