#!/usr/bin/env bash
# ONNX Runtime 1.32.0 (CPU), operator Sigmoid in float32: the left tail ends at -18, and from -16 on it is noise.
#
# The exact values fall from 1.13e-07 at -16 to 1.52e-08 at -18; float32 could hold them down to -103. What comes is
#   x      -15.0       -16.0       -16.32      -17.0       -18.0
#   y      3.58e-07    5.96e-08    0           8.94e-08    0
# so the function is not monotonic, is off by a factor of two at -16 and -17, and is 0 where log(sigmoid(x)) still
# should be -16.3: a loss or a log-probability that is computed so in an exported graph becomes -inf.
# The same formula as Exp, Add and Reciprocal in one graph gives all of these values to 6 digits.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def run(nodes, x):
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None])
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    graph = helper.make_graph(nodes, "graph", [value("x")], [value("y")], [one])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


x = np.array([-15, -16, -16.32, -17, -18], np.float32)
exact = 1 / (1 + np.exp(-x.astype(np.float64)))
operator = run([helper.make_node("Sigmoid", ["x"], ["y"])], x)
by_parts = run([helper.make_node("Neg", ["x"], ["a"]), helper.make_node("Exp", ["a"], ["b"]),
                helper.make_node("Add", ["b", "one"], ["c"]), helper.make_node("Reciprocal", ["c"], ["y"])], x)
print("x       ", x)
print("Sigmoid ", operator)
print("by parts", by_parts)
print("exact   ", exact)
assert operator[2] == 0 and operator[4] == 0, "it no longer ends there"
assert operator[3] > operator[1], "it is monotonic now"
assert abs(operator[1] / exact[1] - 1) > 0.4, "the value at -16 is better now"
assert np.abs(by_parts / exact - 1).max() < 1e-6
print("as described")
PYTHON
