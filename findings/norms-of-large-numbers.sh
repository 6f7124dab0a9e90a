#!/usr/bin/env bash
# PyTorch 2.13.0 and ONNX Runtime 1.32.0 (CPU), float32: three answers to one layer normalisation of large numbers.
#
# The row (1e20, 1e20, 2e20, 0) is finite, and so is its normalised form (0, 0, 1.4142, -1.4142). Its squares are not:
#   torch layer_norm, group_norm             NaN, NaN, NaN, NaN
#   torch rms_norm                           0, 0, 0, 0       (exact: 0.8165, 0.8165, 1.6330, 0)
#   onnxruntime LayerNormalization           0, 0, 0, -0
#   onnxruntime InstanceNormalization        0, 0, 0, 0
# PyTorch's layer_norm says that something is wrong, its rms_norm and ONNX Runtime hand on a row of zeros as if there
# had been no signal: an exploding activation dies in silence. torch.nn.functional.rms_norm does so from 1e19 on, where
# layer_norm is still right.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
import torch
from onnx import helper
from torch.nn import functional as F


def run(operator, x, parameters):
    inputs = [x, *parameters]
    names = [f"x{i}" for i in range(len(inputs))]
    given = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(i.dtype), i.shape)
             for n, i in zip(names, inputs)]
    graph = helper.make_graph([helper.make_node(operator, names, ["y"])], "graph", given,
                              [helper.make_empty_tensor_value_info("y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip(names, inputs)))[0].flatten()


row = np.array([[1e20, 1e20, 2e20, 0]], np.float32)
tensor = torch.tensor(row)
ones = np.ones(4, np.float32)
answers = {
    "torch layer_norm": F.layer_norm(tensor, (4,)).flatten().numpy(),
    "torch group_norm": F.group_norm(tensor.reshape(1, 4, 1), 1).flatten().numpy(),
    "torch rms_norm": F.rms_norm(tensor, (4,)).flatten().numpy(),
    "torch rms_norm, a tenth": F.rms_norm(tensor / 10, (4,)).flatten().numpy(),
    "torch layer_norm, a tenth": F.layer_norm(tensor / 10, (4,)).flatten().numpy(),
    "onnxruntime LayerNormalization": run("LayerNormalization", row, [ones, 0 * ones]),
    "onnxruntime InstanceNormalization": run("InstanceNormalization", row.reshape(1, 1, 4), [ones[:1], 0 * ones[:1]]),
}
for name, answer in answers.items():
    print(f"{name:34}", answer)
print(f"{'exact':34}", F.layer_norm(tensor.double(), (4,)).flatten().numpy())
assert np.isnan(answers["torch layer_norm"]).all() and np.isnan(answers["torch group_norm"]).all()
for name in ("torch rms_norm", "torch rms_norm, a tenth", "onnxruntime LayerNormalization",
             "onnxruntime InstanceNormalization"):
    assert (answers[name] == 0).all(), name + " has changed"
assert np.allclose(answers["torch layer_norm, a tenth"], [0, 0, 2**0.5, -(2**0.5)])
print("as described")
PYTHON
