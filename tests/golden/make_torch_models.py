#!/usr/bin/env python3
"""Writes data/torch/*.safetensors: weights of models written in PyTorch as one writes them there, and what they compute.

    pip install torch==2.13.0 safetensors==0.8.0 diffusers==0.42.1 transformers==5.24.0
    python3 tests/golden/make_torch_models.py

<model>.safetensors holds a state_dict under PyTorch's own names, values.safetensors for every model <model>.x (and
other inputs) and <model>.y, computed in double. tests/models/torch_models_test.cpp loads them into models of this library.

Every parameter and input is a multiple of 1/256 from a small generator of our own (that of make_golden.py), rounded to
the type that the file has, so the files do not depend on PyTorch's generators. Many weights are square: one that is
transposed by mistake still fits, and gives other results.
"""
import math
import os
import shutil
import tempfile
import zlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file, save_model

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "torch")
VALUES = {}


class Draw:
    def __init__(self, name):
        self.state = zlib.crc32(name.encode())

    def __call__(self, *shape, bound=1.0):
        values = []
        for _ in range(torch.Size(shape).numel()):
            self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
            values.append(((self.state >> 33) % 512 - 256) / 256 * bound)
        return torch.tensor(values, dtype=torch.float64).reshape(shape)

    def integers(self, below, *shape):
        return ((self(*shape) + 1) / 2 * below).long()


def draw_weights(name, model, dtype):
    draw = Draw(name)
    with torch.no_grad():
        for key, p in model.named_parameters():
            fan = max(1, p.numel() // max(p.shape[0], 1)) if p.ndim > 1 else 4
            value = draw(*p.shape, bound=1.5 / math.sqrt(fan))
            if key.endswith("weight") and p.ndim == 1:  # of a norm
                value = 1 + value
            p.copy_(value.to(dtype))


def note(name, inputs, y):
    for key, value in inputs.items():
        VALUES[f"{name}.{key}"] = value.float().contiguous() if value.is_floating_point() else value.int().contiguous()
    VALUES[f"{name}.y"] = y.contiguous()
    print(name, "|y| up to", float(y.abs().max()), "deviation", float(y.std()))


def write(name, model, inputs, dtype=torch.float32, metadata=None):
    """Draws the weights, saves them, and notes what the model computes."""
    model = model.double().eval()
    draw_weights(name, model, dtype)
    save_model(model.to(dtype), os.path.join(FOLDER, name + ".safetensors"), metadata=metadata)
    model.double()
    with torch.no_grad():
        note(name, inputs, model(**inputs))


def write_pretrained(name, model, inputs, result, dtype):
    """The same of a model that its library saves itself."""
    draw_weights(name, model.double().eval(), dtype)
    with tempfile.TemporaryDirectory() as folder:
        model.to(dtype).save_pretrained(folder)
        (file,) = [f for f in os.listdir(folder) if f.endswith(".safetensors")]
        shutil.copyfile(os.path.join(folder, file), os.path.join(FOLDER, name + ".safetensors"))
    with torch.no_grad():
        note(name, inputs, result(model.double()))


# A UNet ---------------------------------------------------------------------------------------------------------------

class ResBlock(nn.Module):
    def __init__(self, cin, cout, time):
        super().__init__()
        self.norm_in = nn.GroupNorm(2, cin)
        self.conv_in = nn.Conv2d(cin, cout, 3, padding=1)
        self.time_proj = nn.Linear(time, cout)
        self.norm_out = nn.GroupNorm(2, cout)
        self.conv_out = nn.Conv2d(cout, cout, 3, padding=1)
        self.shortcut = nn.Conv2d(cin, cout, 1) if cin != cout else nn.Identity()

    def forward(self, x, e):
        h = self.conv_in(F.silu(self.norm_in(x))) + self.time_proj(e)[:, :, None, None]
        return self.shortcut(x) + self.conv_out(F.silu(self.norm_out(h)))


class PixelAttention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(2, channels)
        self.mha = nn.MultiheadAttention(channels, 2, batch_first=True)

    def forward(self, x):
        n, c, h, w = x.shape
        t = self.norm(x).flatten(2).transpose(1, 2)
        return x + self.mha(t, t, t, need_weights=False)[0].transpose(1, 2).reshape(n, c, h, w)


def sinusoidal(t, dim):
    w = torch.exp(-math.log(10000) * torch.arange(dim // 2, dtype=t.dtype) / (dim // 2))
    return torch.cat([torch.sin(t[:, None] * w), torch.cos(t[:, None] * w)], 1)


class UNet(nn.Module):
    def __init__(self, width=4, classes=3):
        super().__init__()
        w, w2, time = width, 2 * width, 4 * width
        self.width = width
        self.time_mlp = nn.Sequential(nn.Linear(w, time), nn.SiLU(), nn.Linear(time, time))
        self.class_emb = nn.Embedding(classes, time)
        self.no_class = nn.Parameter(torch.zeros(time))
        self.conv_in = nn.Conv2d(1, w, 3, padding=1)
        self.down1 = ResBlock(w, w, time)
        self.shrink = nn.Conv2d(w, w, 3, stride=2, padding=1)
        self.down2 = ResBlock(w, w2, time)
        self.down2_attn = PixelAttention(w2)
        self.mid1 = ResBlock(w2, w2, time)
        self.mid_attn = PixelAttention(w2)
        self.mid2 = ResBlock(w2, w2, time)
        self.up2 = nn.ModuleList([ResBlock(w2 + w2, w2, time), ResBlock(w2 + w, w2, time)])
        self.up2_attn = nn.ModuleList([PixelAttention(w2), PixelAttention(w2)])
        self.enlarge = nn.Conv2d(w2, w2, 3, padding=1)
        self.up1 = nn.ModuleList([ResBlock(w2 + w, w, time), ResBlock(w + w, w, time)])
        self.norm_out = nn.GroupNorm(2, w)
        self.conv_out = nn.Conv2d(w, 1, 3, padding=1)

    def forward(self, x, t, label):
        table = torch.cat([self.class_emb.weight, self.no_class[None]])
        e = F.silu(self.time_mlp(sinusoidal(t, self.width)) + table[label])
        across = [self.conv_in(x)]
        across.append(self.down1(across[-1], e))
        across.append(self.shrink(across[-1]))
        across.append(self.down2_attn(self.down2(across[-1], e)))
        h = self.mid2(self.mid_attn(self.mid1(across[-1], e)), e)
        for block, attention in zip(self.up2, self.up2_attn):
            h = attention(block(torch.cat([h, across.pop()], 1), e))
        h = self.enlarge(F.interpolate(h, scale_factor=2, mode="nearest"))
        for block in self.up1:
            h = block(torch.cat([h, across.pop()], 1), e)
        return self.conv_out(F.silu(self.norm_out(h)))


# GPTs -----------------------------------------------------------------------------------------------------------------

class Block(nn.Module):
    """With PyTorch's attention, whose queries, keys and values are one matrix."""

    def __init__(self, width, heads, tokens):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.register_buffer("mask", torch.triu(torch.ones(tokens, tokens, dtype=torch.bool), 1))

    def forward(self, x):
        h = self.ln_1(x)
        x = x + self.attn(h, h, h, attn_mask=self.mask, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class SplitAttention(nn.Module):
    """Queries, keys and values by three layers."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = (f(x).view(n, t, self.heads, -1).transpose(1, 2) for f in (self.q_proj, self.k_proj, self.v_proj))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(n, t, c))


class SplitBlock(nn.Module):
    def __init__(self, width, heads, tokens):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(width)
        self.self_attn = SplitAttention(width, heads)
        self.post_attention_layernorm = nn.LayerNorm(width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.fc2(F.gelu(self.fc1(self.post_attention_layernorm(x))))


class Gpt(nn.Module):
    """The first token is one more than the levels; with `tied` the head is the table of tokens."""

    def __init__(self, block, levels=8, width=8, heads=2, layers=2, tokens=8, tied=False):
        super().__init__()
        self.levels, self.tied = levels, tied
        self.wte = nn.Embedding(levels + 1, width)
        self.wpe = nn.Embedding(tokens, width)
        self.h = nn.ModuleList([block(width, heads, tokens) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, levels + tied, bias=False)
        if tied:
            self.lm_head.weight = self.wte.weight

    def forward(self, x):
        n, height, columns = x.shape
        x = x.reshape(n, -1)
        x = torch.cat([torch.full((n, 1), self.levels), x[:, :-1]], 1)
        h = self.wte(x) + self.wpe.weight
        for block in self.h:
            h = block(h)
        return self.lm_head(self.ln_f(h))[..., :self.levels].reshape(n, height, columns, self.levels)


# A classifier, a PixelCNN, a DiT, single layers -------------------------------------------------------------------------

class Classifier(nn.Module):
    def __init__(self, width=4, classes=10):
        super().__init__()
        w = width
        self.features = nn.Sequential(
            nn.Conv2d(1, w, 5, padding=2), nn.GroupNorm(4, w), nn.SiLU(),
            nn.Conv2d(w, 2 * w, 3, stride=2, padding=1), nn.GroupNorm(4, 2 * w), nn.SiLU(),
            nn.Conv2d(2 * w, 4 * w, 3, stride=2, padding=1), nn.GroupNorm(4, 4 * w), nn.SiLU(),
            nn.Conv2d(4 * w, 4 * w, 3, padding=1), nn.GroupNorm(4, 4 * w), nn.SiLU())
        self.fc = nn.Linear(4 * w, classes)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


class MaskedConv2d(nn.Conv2d):
    """The whole window, masked when it is used: what the file holds under the mask is anything."""

    def __init__(self, cin, cout, kernel, first, rows_only=False):
        super().__init__(cin, cout, kernel, padding=kernel // 2)
        mask, middle = torch.zeros(kernel, kernel), kernel // 2
        mask[:middle] = 1
        if rows_only:
            mask[middle] = 0 if first else 1
        else:
            mask[middle, :middle + (0 if first else 1)] = 1
        self.register_buffer("mask", mask)

    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


def gate(x):
    a, b = x.chunk(2, 1)
    return torch.tanh(a) * torch.sigmoid(b)


class GatedLayer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = MaskedConv2d(width, 2 * width, 3, first=False)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, x):
        return x + self.out(gate(self.conv(x)))


class PixelCnn(nn.Module):
    def __init__(self, levels=4, width=4, layers=2, side=6):
        super().__init__()
        self.levels = levels
        self.first = MaskedConv2d(1, width, 5, first=True)
        self.places = nn.Parameter(torch.zeros(1, width, side, side))
        self.layers = nn.ModuleList([GatedLayer(width) for _ in range(layers)])
        self.head = nn.Sequential(nn.ReLU(), nn.Conv2d(width, 4, 1), nn.ReLU(), nn.Conv2d(4, levels, 1))

    def forward(self, x):
        h = self.first((2 * x / (self.levels - 1) - 1).double()[:, None]) + self.places
        for layer in self.layers:
            h = layer(h)
        return self.head(h).permute(0, 2, 3, 1)


class TwoStacks(nn.Module):
    """A gated block of two stacks; windows are stored without what is hidden, as (rows + 1, kernel) and (1, left + 1)."""

    def __init__(self, width=4):
        super().__init__()
        self.v_conv = nn.Conv2d(width, 2 * width, (2, 3))
        self.h_conv = nn.Conv2d(width, 2 * width, (1, 2))
        self.v_to_h = nn.Conv2d(2 * width, 2 * width, 1)
        self.h_out = nn.Conv2d(width, width, 1)

    def forward(self, v, h):
        s = self.v_conv(F.pad(v, (1, 1, 1, 0)))
        t = gate(self.h_conv(F.pad(h, (1, 0, 0, 0))) + self.v_to_h(s))
        return torch.cat([gate(s), h + self.h_out(t)], 1).permute(0, 2, 3, 1)


class DitBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x, c):
        n, t, w = x.shape
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(c)[:, None].chunk(6, 2)
        qkv = self.attn["qkv"](self.norm(x) * (1 + scale1) + shift1).reshape(n, t, 3, self.heads, -1)
        y = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4))
        x = x + gate1 * self.attn["proj"](y.transpose(1, 2).reshape(n, t, w))
        h = self.mlp["fc1"](self.norm(x) * (1 + scale2) + shift2)
        return x + gate2 * self.mlp["fc2"](F.gelu(h, approximate="tanh"))


class Dit(nn.Module):
    """Patches by a convolution; shift before scale, as in the paper's program."""

    def __init__(self, width=8, patch=2, side=4, channels=3, classes=2, layers=1):
        super().__init__()
        self.width, self.patch, self.channels, self.across = width, patch, channels, side // patch
        self.x_embedder = nn.Conv2d(channels, width, patch, stride=patch)
        self.t_embedder = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.y_embedder = nn.Embedding(classes + 1, width)
        self.pos_embed = nn.Parameter(torch.zeros(1, self.across**2, width))
        self.blocks = nn.ModuleList([DitBlock(width, 2) for _ in range(layers)])
        self.norm_final = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.final_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        self.linear = nn.Linear(width, patch * patch * channels)

    def forward(self, x, t, label):
        c = self.t_embedder(sinusoidal(t, self.width)) + self.y_embedder(label)
        h = self.x_embedder(x).flatten(2).transpose(1, 2) + self.pos_embed
        for block in self.blocks:
            h = block(h, c)
        shift, scale = self.final_modulation(c)[:, None].chunk(2, 2)
        h = self.linear(self.norm_final(h) * (1 + scale) + shift)
        n, s, p = x.shape[0], self.across, self.patch
        return h.reshape(n, s, s, p, p, self.channels).permute(0, 1, 3, 2, 4, 5).reshape(n, s * p, s * p, self.channels)


class Cross(nn.Module):
    def __init__(self):
        super().__init__()
        self.mha = nn.MultiheadAttention(8, 2, kdim=6, vdim=6, batch_first=True)

    def forward(self, x, context):
        return self.mha(x, context, context, need_weights=False)[0]


class Convolutions(nn.Module):
    """Grouped, depthwise and transposed; the last two have weights of (4, 4, 3, 3)."""

    def __init__(self):
        super().__init__()
        self.grouped = nn.Conv2d(4, 8, 3, padding=1, groups=2)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.mix = nn.Conv2d(8, 4, 1)
        self.enlarge = nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1)
        self.enlarge_grouped = nn.ConvTranspose2d(4, 8, 3, stride=2, padding=1, output_padding=1, groups=2)

    def forward(self, x):
        x = self.enlarge(self.mix(self.depthwise(self.grouped(x))))
        return self.enlarge_grouped(x).permute(0, 2, 3, 1)


def write_diffusers_unet():
    from diffusers import UNet2DModel

    model = UNet2DModel(sample_size=6, in_channels=1, out_channels=1, center_input_sample=False, freq_shift=0,
                        flip_sin_to_cos=False, block_out_channels=(4, 8), layers_per_block=1,
                        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
                        up_block_types=("AttnUpBlock2D", "UpBlock2D"), norm_num_groups=2, attention_head_dim=4,
                        num_class_embeds=4)
    draw = Draw("diffusers")
    inputs = {"x": draw(2, 1, 6, 6), "t": torch.tensor([0.0, 417.0], dtype=torch.float64), "label": torch.tensor([1, 3])}
    write_pretrained("diffusers_unet", model, inputs,
                     lambda m: m(inputs["x"], inputs["t"], inputs["label"]).sample, torch.float16)


def write_transformers_gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(vocab_size=9, n_positions=8, n_embd=8, n_layer=2, n_head=2, resid_pdrop=0.0,
                                       embd_pdrop=0.0, attn_pdrop=0.0, activation_function="gelu", bos_token_id=8,
                                       eos_token_id=8))
    x = Draw("transformers").integers(8, 2, 2, 4)
    ids = torch.cat([torch.full((2, 1), 8), x.reshape(2, 8)[:, :-1]], 1)
    write_pretrained("transformers_gpt2", model, {"x": x},
                     lambda m: m(ids).logits[..., :8].reshape(2, 2, 4, 8), torch.float32)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    draw = Draw("inputs")
    t = torch.tensor([0.0, 417.0], dtype=torch.float64)
    write("residual_block", ResBlock(4, 6, 8), {"x": draw(2, 4, 5, 5), "e": draw(2, 8)})
    write("unet", UNet(), {"x": draw(2, 1, 6, 6), "t": t, "label": torch.tensor([1, 3])}, dtype=torch.float16)
    write("gpt", Gpt(Block), {"x": draw.integers(8, 2, 2, 4)})
    write("gpt_split", Gpt(SplitBlock, tied=True), {"x": draw.integers(8, 2, 2, 4)}, dtype=torch.bfloat16,
          metadata={"format": "pt"})
    write("classifier", Classifier(), {"x": draw(3, 1, 12, 12)}, metadata={"format": "pt"})
    write("pixelcnn", PixelCnn(), {"x": draw.integers(4, 2, 6, 6)})
    write("two_stacks", TwoStacks(), {"v": draw(2, 4, 5, 5), "h": draw(2, 4, 5, 5)})
    write("dit", Dit(), {"x": draw(2, 3, 4, 4), "t": t, "label": torch.tensor([1, 2])})
    write("cross_attention", Cross(), {"x": draw(2, 5, 8), "context": draw(2, 3, 6)})
    write("convolutions", Convolutions(), {"x": draw(1, 4, 2, 2)})
    write_diffusers_unet()
    write_transformers_gpt2()
    save_file(VALUES, os.path.join(FOLDER, "values.safetensors"))


if __name__ == "__main__":
    main()
