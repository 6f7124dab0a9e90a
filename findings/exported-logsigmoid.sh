#!/usr/bin/env bash
# PyTorch 2.13.0's ONNX exporter writes logsigmoid as Log(Sigmoid(x)), and ONNX Runtime 1.32.0 then answers -inf.
#
#   x                       -100    -50     -20     -17       -10
#   torch logsigmoid        -100    -50     -20     -17       -10.000046
#   the exported model      -inf    -inf    -inf    -16.23    -10.000242
# logsigmoid exists so that this does not happen: a binary cross-entropy from logits that is exported with it becomes
# infinite as soon as the network is sure and wrong. -softplus(-x), which is the same function, is exported as Softplus
# and is right everywhere.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 onnxruntime==1.32.0 onnx==1.23.2 onnxscript==0.7.2 numpy==2.4.6
"$work/venv/bin/python" - 2>/dev/null <<'PYTHON'
import numpy as np
import onnxruntime
import torch
from torch.nn import functional as F

x = torch.tensor([-100.0, -50.0, -20.0, -17.0, -10.0])


class Model(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def exported(function):
    program = torch.onnx.export(Model(function).eval(), (x,), dynamo=True, verbose=False)
    operators = [node.op_type for node in program.model_proto.graph.node]
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    y = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    print(operators, y)
    return operators, y


print("torch", F.logsigmoid(x).numpy())
operators, y = exported(F.logsigmoid)
assert operators == ["Sigmoid", "Log"], "it is exported in another way"
assert np.isneginf(y[:3]).all() and abs(y[3] + 17) > 0.5, "it is right now"
operators, y = exported(lambda x: -F.softplus(-x))
assert np.abs(y / F.logsigmoid(x.double()).numpy() - 1).max() < 1e-6
print("as described")
PYTHON
