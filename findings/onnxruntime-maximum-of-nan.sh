#!/usr/bin/env bash
# ONNX Runtime 1.32.0 (CPU), float32: whether a NaN survives a maximum depends on the operator, and on where it stands.
#
#   Max(NaN, 1) and Max(1, NaN)          NaN, NaN     the element-wise operator keeps it, from either side
#   ReduceMax([NaN, 1, 3])               NaN          the first element is kept if it is NaN,
#   ReduceMax([1, NaN, 3])               3            any other NaN is passed over
#   MaxPool([NaN, 1, 2, 3]), windows of 2    1, 2, 3  passed over,
#   MaxPool([NaN, NaN, NaN])             -3.4e38      and windows of nothing else give the lowest float
#   GlobalMaxPool([1, NaN, 2, 3])        3
#   ArgMax([1, NaN, 3])                  2
#   TopK([1, NaN, 3, 2], k = 2)          NaN, 3       here NaN is the largest number
#   ThresholdedRelu(NaN)                 0            while Relu, LeakyRelu, Elu, Selu keep it
# So a network that has gone NaN can still name a class with confidence, and a check of the output finds nothing.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import helper

nan = float("nan")


def run(operator, *inputs, outputs=1, **attributes):
    inputs = [np.asarray(i) for i in inputs]
    names = [f"x{i}" for i in range(len(inputs))]
    given = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(i.dtype), i.shape)
             for n, i in zip(names, inputs)]
    got = [f"y{i}" for i in range(outputs)]
    graph = helper.make_graph([helper.make_node(operator, names, got, **attributes)], "graph", given,
                              [helper.make_empty_tensor_value_info(y) for y in got])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    result = session.run(None, dict(zip(names, inputs)))[0].flatten().tolist()
    print(operator, [i.tolist() for i in inputs], "->", result)
    return result


row = lambda *values: np.array(values, np.float32)
image = lambda *values: row(*values).reshape(1, 1, -1)
same = lambda a, b: np.array_equal(a, b, equal_nan=True)
assert same(run("Max", row(nan, 1), row(1, nan)), [nan, nan])
assert same(run("ReduceMax", row(nan, 1, 3), keepdims=0), [nan])
assert same(run("ReduceMax", row(1, nan, 3), keepdims=0), [3])
assert same(run("MaxPool", image(nan, 1, 2, 3), kernel_shape=[2]), [1, 2, 3])
assert same(run("MaxPool", image(nan, nan, nan), kernel_shape=[2]), [np.finfo(np.float32).min] * 2)
assert same(run("GlobalMaxPool", image(1, nan, 2, 3)), [3])
assert same(run("ArgMax", row(1, nan, 3), axis=0, keepdims=0), [2])
assert same(run("TopK", row(1, nan, 3, 2), np.array([2], np.int64), outputs=2), [nan, 3])
assert same(run("ThresholdedRelu", row(nan)), [0])
for operator in ("Relu", "LeakyRelu", "Elu", "Selu"):
    assert same(run(operator, row(nan)), [nan])
print("as described")
PYTHON
