#!/usr/bin/env python3
"""Writes data/<family>.inc: inputs, outputs and gradients of operations as PyTorch computes them, in double.

    python3 tests/golden/make_golden.py [family ...]        needs PyTorch (1.13 made the files in data/)

Inputs are multiples of 1/256 in [-2, 2) from a small generator of our own, so a float holds them exactly and the files
do not depend on PyTorch's generators. A family is a function below, named after the header it serves, that makes cases:

    g.case("matmul", lambda x, w: x @ w, x=(3, 4), w=(4, 2))

writes the arrays matmul_x, matmul_w, matmul_y (the result), matmul_dy (a cotangent drawn like the inputs) and matmul_dx,
matmul_dw (its gradients), row-major, in the namespace golden::<family>. An input may be a shape (drawn), a torch tensor
of floating point (given), or one of integers (given, written as int32, without gradient).
"""
import os
import sys
import zlib

import torch
import torch.nn.functional as F


class Golden:
    def __init__(self, family):
        self.family, self.lines, self.state = family, [], 0

    def draw(self, *shape, low=-2.0, high=2.0):
        """Multiples of 1/256 in [low, high), by a linear congruential generator (Knuth's MMIX constants)."""
        steps = int((high - low) * 256)
        values = []
        for _ in range(torch.Size(shape).numel()):
            self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
            values.append(low + (self.state >> 33) % steps / 256)
        return torch.tensor(values, dtype=torch.float64).reshape(shape)

    def array(self, name, tensor):
        integers = not tensor.is_floating_point()
        texts = [str(int(v)) if integers else repr(float(v)) for v in tensor.detach().reshape(-1).tolist()]
        self.lines.append(f"inline constexpr {'std::int32_t' if integers else 'double'} {name}[] = {{")
        line = "   "
        for text in (t[:-2] if t.endswith(".0") else t for t in texts):
            if len(line) + len(text) + 2 > 118:
                self.lines.append(line)
                line = "   "
            line += f" {text},"
        self.lines += [line, "};"]

    def case(self, name, function, **inputs):
        self.state = zlib.crc32(f"{self.family}.{name}".encode())  # a new case leaves the others as they are
        tensors = {}
        for key, given in inputs.items():
            tensor = given if isinstance(given, torch.Tensor) else self.draw(*given)
            tensors[key] = tensor.double().requires_grad_() if tensor.is_floating_point() else tensor
        y = function(**tensors)
        self.lines.append("")
        for key, tensor in tensors.items():
            self.array(f"{name}_{key}", tensor)
        self.array(f"{name}_y", y)
        wanted = {key: t for key, t in tensors.items() if t.requires_grad}
        if wanted:
            dy = self.draw(*y.shape)
            self.array(f"{name}_dy", dy)
            for key, gradient in zip(wanted, torch.autograd.grad(y, list(wanted.values()), dy)):
                self.array(f"{name}_d{key}", gradient)

    def write(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", self.family + ".inc")
        text = "\n".join([
            "// Written by tests/golden/make_golden.py from PyTorch. Do not edit.", "// clang-format off", "#pragma once",
            "#include <cstdint>", f"namespace golden::{self.family} {{", *self.lines, "",
            f"}}  // namespace golden::{self.family}", ""
        ])
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)


FAMILIES = {}


def family(function):
    FAMILIES[function.__name__] = function
    return function


@family
def linalg(g):
    g.case("matmul", lambda x, w: x @ w, x=(2, 3, 5), w=(5, 4))
    g.case("linear", lambda x, w, b: F.linear(x, w.T, b), x=(2, 2, 3), w=(3, 5), b=(5,))
    g.case("matmul_nt", lambda a, b: a @ b.T, a=(3, 7), b=(2, 7))
    g.case("matmul_tn", lambda a, b: a.T @ b, a=(7, 3), b=(7, 2))
    g.case("bmm", lambda a, b: torch.bmm(a, b), a=(3, 2, 4), b=(3, 4, 5))
    g.case("bmm_tt", lambda a, b: torch.bmm(a.transpose(1, 2), b.transpose(1, 2)), a=(2, 4, 3), b=(2, 5, 4))


@family
def reduce(g):
    g.case("sum", lambda x: x.sum((0, 2)), x=(3, 4, 5))
    g.case("mean", lambda x: x.mean((1, 2)), x=(2, 3, 4, 2))
    g.case("max", lambda x: x.amax(1), x=(3, 5, 4))
    g.case("logsumexp", lambda x: torch.logsumexp(x, (0, 1)), x=(3, 4, 5))
    g.case("logsumexp_last", lambda x: torch.logsumexp(x, -1), x=(4, 6))
    g.case("var", lambda x: x.var((0, 2), unbiased=False), x=(3, 4, 5))


@family
def reshape(g):
    g.case("permute", lambda x: x.permute(2, 0, 1), x=(2, 3, 4))
    g.case("pad", lambda x: F.pad(x, (1, 2, 0, 1), value=0.5), x=(2, 2, 3))
    g.case("concat", lambda a, b: torch.cat((a, b), 1), a=(2, 1, 3), b=(2, 2, 3))
    g.case("flip", lambda x: x.flip(1), x=(2, 3, 2))


@family
def embedding(g):
    g.case("rows", lambda table, ids: F.embedding(ids, table), table=(5, 3), ids=torch.tensor([[0, 4, 4], [2, 0, 4]]))


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


@family
def conv(g):
    def conv2d(pad=(0, 0, 0, 0), taps=None, **options):
        """pad is (top, left, bottom, right)."""
        top, left, bottom, right = pad

        def f(x, w, b):
            w = w if taps is None else w * torch.tensor(taps).reshape(*w.shape[:2], 1, 1)
            x = F.pad(channels_first(x), (left, right, top, bottom))
            return channels_last(F.conv2d(x, w.permute(3, 2, 0, 1), b, **options))
        return f

    def transpose(**options):
        return lambda x, w, b: channels_last(F.conv_transpose2d(channels_first(x), w.permute(3, 2, 0, 1), b, **options))

    g.case("k1", conv2d(), x=(2, 3, 2, 3), w=(1, 1, 3, 2), b=(2,))
    g.case("k3", conv2d((1, 1, 1, 1)), x=(2, 4, 3, 2), w=(3, 3, 2, 3), b=(3,))
    g.case("k7", conv2d((3, 3, 3, 3)), x=(1, 5, 6, 1), w=(7, 7, 1, 1), b=(1,))
    g.case("stride", conv2d((1, 1, 1, 1), stride=2), x=(1, 6, 7, 1), w=(3, 3, 1, 3), b=(3,))
    g.case("side", conv2d((1, 0, 0, 2)), x=(1, 4, 4, 2), w=(3, 2, 2, 3), b=(3,))
    g.case("dilation", conv2d((2, 2, 2, 2), dilation=2), x=(1, 5, 6, 1), w=(3, 3, 1, 2), b=(2,))
    g.case("groups", conv2d((1, 1, 1, 1), groups=2), x=(1, 3, 4, 4), w=(3, 3, 2, 6), b=(6,))
    g.case("depthwise", conv2d((1, 1, 1, 1), groups=3, stride=2), x=(2, 5, 4, 3), w=(3, 3, 1, 3), b=(3,))
    g.case("taps", conv2d((1, 1, 1, 1), [1, 1, 1, 1, 0, 0, 0, 0, 0]), x=(1, 4, 4, 1), w=(3, 3, 1, 2), b=(2,))
    g.case("up", transpose(stride=2), x=(2, 2, 2, 3), w=(2, 2, 2, 3), b=(2,))
    g.case("up_odd", transpose(stride=2, padding=1, output_padding=1), x=(1, 3, 2, 2), w=(3, 3, 2, 2), b=(2,))
    g.case("up_groups", transpose(padding=1, groups=2, dilation=2), x=(1, 3, 3, 4), w=(3, 3, 1, 4), b=(2,))


@family
def pool(g):
    average = lambda *o: lambda x: channels_last(F.avg_pool2d(channels_first(x), *o, count_include_pad=False))
    largest = lambda *o: lambda x: channels_last(F.max_pool2d(channels_first(x), *o))
    g.case("average", average(2), x=(2, 4, 5, 3))
    g.case("average_pad", average(3, 2, 1), x=(1, 6, 7, 2))
    g.case("max", largest(2), x=(2, 4, 5, 3))
    g.case("max_pad", largest(3, 2, 1), x=(1, 6, 7, 2))


@family
def softmax(g):
    x = g.draw(2, 3, 7, low=-16, high=16)
    g.case("softmax", lambda x: torch.softmax(x, -1), x=x)
    g.case("log_softmax", lambda x: torch.log_softmax(x, -1), x=x)


@family
def norm(g):
    def group(groups):
        return lambda x, gamma, beta: channels_last(F.group_norm(channels_first(x), groups, gamma, beta, 1e-3))

    g.case("layer", lambda x, gamma, beta: F.layer_norm(x, x.shape[-1:], gamma, beta, 1e-3), x=(2, 3, 7), gamma=(7,),
           beta=(7,))
    g.case("layer_plain", lambda x: F.layer_norm(x, x.shape[-1:]), x=(3, 5))
    g.case("rms", lambda x, gamma: x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-3) * gamma, x=(2, 3, 7), gamma=(7,))
    g.case("group", group(2), x=(2, 3, 2, 6), gamma=(6,), beta=(6,))
    g.case("group_one", group(1), x=(2, 2, 2, 3), gamma=(3,), beta=(3,))
    g.case("instance", group(4), x=(2, 2, 3, 4), gamma=(4,), beta=(4,))


@family
def attention(g):
    def attend(causal=False, scale=None):
        def f(q, k, v):
            scores = torch.einsum("bihd,bjhd->bhij", q, k) * (scale or q.shape[-1] ** -0.5)
            if causal:
                seen = torch.ones(q.shape[1], k.shape[1]).tril(k.shape[1] - q.shape[1]).bool()
                scores = scores.masked_fill(~seen, float("-inf"))
            return torch.einsum("bhij,bjhd->bihd", torch.softmax(scores, -1), v)
        return f

    g.case("full", attend(), q=(1, 5, 2, 3), k=(1, 5, 2, 3), v=(1, 5, 2, 3))
    g.case("causal", attend(True), q=(2, 4, 2, 3), k=(2, 4, 2, 3), v=(2, 4, 2, 3))
    g.case("cross", attend(scale=0.3), q=(1, 3, 2, 2), k=(1, 5, 2, 2), v=(1, 5, 2, 2))
    g.case("cached", attend(True), q=(1, 2, 1, 4), k=(1, 6, 1, 4), v=(1, 6, 1, 4))


@family
def loss(g):
    targets = torch.tensor([[3, 0, 6], [1, 1, 5]])
    g.case("rows", lambda x, t: F.cross_entropy(4 * x.permute(0, 2, 1), t.long(), reduction="none"), x=(2, 3, 7), t=targets)
    g.case("cross_entropy", lambda x, t: F.cross_entropy(x.permute(0, 2, 1), t.long()), x=(2, 3, 7), t=targets)
    g.case("mse", lambda x, t: F.mse_loss(x, t), x=(2, 3, 2), t=(2, 3, 2))
    g.case("weighted", lambda x, t, w: (w.reshape(3, 1, 1) * (x - t) ** 2).mean(), x=(3, 2, 2), t=(3, 2, 2), w=(3,))
    given = lambda x, t: (8 * x, (t + 2) / 4)
    g.case("bernoulli_rows", lambda x, t: F.binary_cross_entropy_with_logits(*given(x, t), reduction="none").sum((1, 2)),
           x=(3, 2, 4), t=(3, 2, 4))
    g.case("bernoulli", lambda x, t: F.binary_cross_entropy_with_logits(*given(x, t)), x=(3, 5), t=(3, 5))


@family
def image(g):
    g.case("upsample", lambda x: channels_last(F.interpolate(channels_first(x), scale_factor=3, mode="nearest")),
           x=(2, 2, 3, 2))
    # unfold gives channel-major patches (c, i, j); ours are (i, j, c).
    g.case("patchify", lambda x: F.unfold(channels_first(x), 2, stride=2).reshape(2, 3, 4, 6).permute(0, 3, 2, 1)
           .reshape(2, 6, 12), x=(2, 4, 6, 3))


def attend(x, wqkv, bqkv, wo, bo, heads, causal=False):
    """Self-attention with weights (in, out), heads side by side in each third of the projection."""
    n, t, d = x.shape
    q, k, v = (x @ wqkv + bqkv).reshape(n, t, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
    scores = q @ k.transpose(-1, -2) * (d // heads) ** -0.5
    if causal:
        scores = scores.masked_fill(torch.ones(t, t).triu(1).bool(), float("-inf"))
    return (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, d) @ wo + bo


@family
def nn_attention(g):
    weights = dict(wqkv=(4, 12), bqkv=(12,), wo=(4, 4), bo=(4,))
    g.case("full", lambda x, **w: attend(x, heads=2, **w), x=(2, 3, 4), **weights)
    g.case("causal", lambda x, **w: attend(x, heads=2, causal=True, **w), x=(2, 3, 4), **weights)

    def cross(x, context, wq, bq, wk, bk, wv, bv, wo, bo):
        q, k, v = (z.reshape(z.shape[0], z.shape[1], 2, 2).transpose(1, 2)
                   for z in (x @ wq + bq, context @ wk + bk, context @ wv + bv))
        y = (q @ k.transpose(-1, -2) * 2 ** -0.5).softmax(-1) @ v
        return y.transpose(1, 2).reshape(x.shape) @ wo + bo

    g.case("cross", cross, x=(2, 2, 4), context=(2, 3, 3), wq=(4, 4), bq=(4,), wk=(3, 4), bk=(4,), wv=(3, 4), bv=(4,),
           wo=(4, 4), bo=(4,))


@family
def nn_blocks(g):
    def gpt(x, g1, b1, wqkv, bqkv, wo, bo, g2, b2, wu, bu, wd, bd):
        x = x + attend(F.layer_norm(x, (4,), g1, b1), wqkv, bqkv, wo, bo, 2, True)
        return x + F.gelu(F.layer_norm(x, (4,), g2, b2) @ wu + bu) @ wd + bd

    def dit(x, c, wqkv, bqkv, wo, bo, wu, bu, wd, bd, wm, bm):
        s1, t1, g1, s2, t2, g2 = (F.silu(c) @ wm + bm)[:, None].chunk(6, 2)
        x = x + g1 * attend(F.layer_norm(x, (4,), eps=1e-6) * (1 + s1) + t1, wqkv, bqkv, wo, bo, 2)
        h = F.layer_norm(x, (4,), eps=1e-6) * (1 + s2) + t2
        return x + g2 * (F.gelu(h @ wu + bu, approximate="tanh") @ wd + bd)

    def head(x, c, w, b, wm, bm):
        s, t = (F.silu(c) @ wm + bm)[:, None].chunk(2, 2)
        return (F.layer_norm(x, (4,), eps=1e-6) * (1 + s) + t) @ w + b

    attention = dict(wqkv=(4, 12), bqkv=(12,), wo=(4, 4), bo=(4,))
    mlp = dict(wu=(4, 8), bu=(8,), wd=(8, 4), bd=(4,))
    g.case("gpt", gpt, x=(2, 3, 4), g1=(4,), b1=(4,), **attention, g2=(4,), b2=(4,), **mlp)
    g.case("dit", dit, x=(2, 3, 4), c=(2, 3), **attention, **mlp, wm=(3, 24), bm=(24,))
    g.case("head", head, x=(2, 3, 4), c=(2, 3), w=(4, 2), b=(2,), wm=(3, 8), bm=(8,))


@family
def nn_image_blocks(g):
    def conv(x, w, b):
        return F.conv2d(x, w.permute(3, 2, 0, 1), b, padding=w.shape[0] // 2)

    def residual(x, e, g1, b1, w1, c1, wt, bt, g2, b2, w2, c2, ws, cs):
        x = channels_first(x)
        h = conv(F.silu(F.group_norm(x, 2, g1, b1)), w1, c1) + (e @ wt + bt)[:, :, None, None]
        return channels_last(conv(x, ws, cs) + conv(F.silu(F.group_norm(h, 2, g2, b2)), w2, c2))

    def pixels(x, g1, b1, wqkv, bqkv, wo, bo):
        h = channels_last(F.group_norm(channels_first(x), 2, g1, b1))
        return x + attend(h.reshape(x.shape[0], -1, x.shape[3]), wqkv, bqkv, wo, bo, 2).reshape(x.shape)

    g.case("residual", residual, x=(2, 3, 4, 2), e=(2, 3), g1=(2,), b1=(2,), w1=(3, 3, 2, 4), c1=(4,), wt=(3, 4), bt=(4,),
           g2=(4,), b2=(4,), w2=(3, 3, 4, 4), c2=(4,), ws=(1, 1, 2, 4), cs=(4,))
    g.case("pixels", pixels, x=(2, 2, 3, 4), g1=(4,), b1=(4,), wqkv=(4, 12), bqkv=(12,), wo=(4, 4), bo=(4,))


@family
def optim(g):
    def run(name, make):
        """Ten updates of w (3, 2), which decays, and b (2), which does not; the learning rate shrinks by the step."""
        g.state = zlib.crc32(b"optim")  # every optimiser sees the same start and the same gradients
        w, b = g.draw(3, 2).requires_grad_(), g.draw(2).requires_grad_()
        gw, gb = g.draw(10, 3, 2), g.draw(10, 2)
        if name == "adamw":
            for key, tensor in dict(w=w, b=b, gw=gw, gb=gb).items():
                g.array(key, tensor)
        optimizer, results = make(w, b), []
        for step in range(10):
            for group in optimizer.param_groups:
                group["lr"] = 0.1 / (step + 1)
            w.grad, b.grad = gw[step].clone(), gb[step].clone()
            optimizer.step()
            results.append((w.detach().clone(), b.detach().clone()))
        g.array(f"{name}_w", torch.stack([w for w, _ in results]))
        g.array(f"{name}_b", torch.stack([b for _, b in results]))

    def groups(w, b, decay):
        return [dict(params=[w], weight_decay=decay), dict(params=[b], weight_decay=0.0)]

    run("adamw", lambda w, b: torch.optim.AdamW(groups(w, b, 0.125), lr=0.1, betas=(0.75, 0.875), eps=1e-4))
    run("sgd", lambda w, b: torch.optim.SGD(groups(w, b, 0.125), lr=0.1))
    run("momentum", lambda w, b: torch.optim.SGD(groups(w, b, 0.125), lr=0.1, momentum=0.75))
    run("nesterov", lambda w, b: torch.optim.SGD(groups(w, b, 0.125), lr=0.1, momentum=0.75, nesterov=True))


if __name__ == "__main__":
    for name in sys.argv[1:] or FAMILIES:
        golden = Golden(name)
        FAMILIES[name](golden)
        golden.write()
