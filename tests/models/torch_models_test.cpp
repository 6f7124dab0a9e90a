// Models that PyTorch wrote, loaded into ours: tests/golden/make_torch_models.py wrote them under PyTorch's own names.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "inkling/io/model_file.hpp"
#include "inkling/models/classifier.hpp"
#include "inkling/models/dit.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/models/unet.hpp"

namespace torch_models_test {

using namespace ink;

namespace {

std::string path_of(const std::string& name) {
  return std::string(INKLING_SOURCE_DIR) + "/tests/golden/data/torch/" + name + ".safetensors";
}

const io::SafeTensors& values() {
  static const auto file = io::SafeTensors::load(path_of("values"));
  return file;
}

template <class T, int R>
Tensor<T, R> stored(const std::string& name) {
  return values().get<T, R>(name);
}

/// PyTorch's (N, C, H, W) as our (N, H, W, C).
template <class T>
Tensor<T, 4> channels_last(const Tensor<T, 4>& x) {
  return permute(x, {0, 2, 3, 1});
}

Tensor<float, 4> image(const std::string& name) { return channels_last(stored<float, 4>(name)); }

template <int R>
double difference(const Tensor<float, R>& x, const Tensor<double, R>& expected) {
  REQUIRE(x.shape() == expected.shape());
  double worst = 0;
  for (Index i = 0; i < x.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(x.data()[i]) - expected.data()[i]) /
                                std::max(1.0, std::abs(expected.data()[i])));
  }
  return worst;
}

using Rules = std::vector<std::pair<std::string, std::string>>;

/// The name as PyTorch would have it, with the first rule that fits its beginning applied.
io::Names renamed(Rules rules) {
  return [rules = std::move(rules)](const std::string& ours) -> io::Source {
    const std::string name = io::torch_name(ours);
    for (const auto& [from, to] : rules) {
      if (name.starts_with(from)) return to + name.substr(from.size());
    }
    return name;
  };
}

/// The name with the first rule that is somewhere in it applied.
std::string replaced(std::string name, const Rules& rules) {
  for (const auto& [from, to] : rules) {
    if (const auto at = name.find(from); at != std::string::npos) return name.replace(at, from.size(), to);
  }
  return name;
}

constexpr io::Layout torch = io::Layout::torch;

}  // namespace

TEST_CASE("torch: a residual block of a UNet") {
  ResidualBlock<float> block({.in = 4, .out = 6, .time = 8, .groups = 2}, Key{1});
  const auto names = renamed({{"norm1", "norm_in"},
                              {"conv1", "conv_in"},
                              {"time", "time_proj"},
                              {"norm2", "norm_out"},
                              {"conv2", "conv_out"},
                              {"skip", "shortcut"}});
  load_model(path_of("residual_block"), block, {.layout = torch, .name = names});
  const auto y = block(image("residual_block.x"), stored<float, 2>("residual_block.e"));
  CHECK(difference(y, channels_last(stored<double, 4>("residual_block.y"))) < 1e-5);
}

TEST_CASE("torch: a UNet with attention, classes and half precision") {
  models::UNet<float> net(
      {.width = 4, .multipliers = {1, 2}, .blocks = 1, .attention_levels = 1, .heads = 2, .groups = 2, .classes = 3},
      Key{1});
  const Rules stages{{"time.first", "time_mlp.0"},
                     {"time.second", "time_mlp.2"},
                     {"input", "conv_in"},
                     {"down.0.blocks.0.residual", "down1"},
                     {"down.0.resize", "shrink"},
                     {"down.1.blocks.0.residual", "down2"},
                     {"down.1.blocks.0.attention", "down2_attn"},
                     {"middle1", "mid1"},
                     {"middle_attention", "mid_attn"},
                     {"middle2", "mid2"},
                     {"up.0.blocks.0.residual", "up2.0"},
                     {"up.0.blocks.1.residual", "up2.1"},
                     {"up.0.blocks.0.attention", "up2_attn.0"},
                     {"up.0.blocks.1.attention", "up2_attn.1"},
                     {"up.0.resize.conv", "enlarge"},
                     {"up.1.blocks.0.residual", "up1.0"},
                     {"up.1.blocks.1.residual", "up1.1"},
                     {"norm", "norm_out"},
                     {"output", "conv_out"}};
  const Rules layers{{".norm1.", ".norm_in."},
                     {".conv1.", ".conv_in."},
                     {".time.", ".time_proj."},
                     {".norm2.", ".norm_out."},
                     {".conv2.", ".conv_out."},
                     {".skip.", ".shortcut."},
                     {".attention.qkv.", ".mha.in_proj_"},
                     {".attention.out.", ".mha.out_proj."}};
  const auto names = [stage = renamed(stages), &layers](const std::string& ours) -> io::Source {
    if (ours == "label.table") return {"class_emb.weight", "no_class"};
    return replaced(stage(ours).pieces.front().name, layers);
  };
  load_model(path_of("unet"), net, {.layout = torch, .name = names});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {1, null_label})};  // PyTorch's 1 and 3
  const auto y = net(image("unet.x"), stored<float, 1>("unet.t"), labels);
  CHECK(difference(y, channels_last(stored<double, 4>("unet.y"))) < 1e-5);
}

TEST_CASE("torch: a UNet2DModel of diffusers, under its own names") {
  models::UNet<float> net(
      {.width = 4, .multipliers = {1, 2}, .blocks = 1, .attention_levels = 1, .heads = 2, .groups = 2, .classes = 3},
      Key{1});
  const auto stages = renamed({{"time.first", "time_embedding.linear_1"},
                               {"time.second", "time_embedding.linear_2"},
                               {"label", "class_embedding"},
                               {"input", "conv_in"},
                               {"down", "down_blocks"},
                               {"middle1", "mid_block.resnets.0"},
                               {"middle_attention", "mid_block.attentions.0"},
                               {"middle2", "mid_block.resnets.1"},
                               {"up", "up_blocks"},
                               {"norm", "conv_norm_out"},
                               {"output", "conv_out"}});
  const auto names = [&](const std::string& ours) -> io::Source {
    std::string name = stages(ours).pieces.front().name;
    name = replaced(name, {{"resize.conv", "upsamplers.0.conv"}, {"resize", "downsamplers.0.conv"}});
    for (const std::string block : {"0", "1"}) {
      name = replaced(name, {{".blocks." + block + ".residual", ".resnets." + block},
                             {".blocks." + block + ".attention", ".attentions." + block}});
    }
    if (name.find("attentions") == std::string::npos) {
      return replaced(name, {{".time.", ".time_emb_proj."}, {".skip.", ".conv_shortcut."}});
    }
    name = replaced(name, {{".norm.", ".group_norm."}, {".attention.out.", ".to_out.0."}});
    const auto part = [&](const std::string& to) { return replaced(name, {{".attention.qkv.", "." + to + "."}}); };
    if (part("to_q") == name) return name;
    return {part("to_q"), part("to_k"), part("to_v")};
  };
  CHECK(testing::message_of<IoError>([&] {
    load_model(path_of("diffusers_unet"), net);
  }).find("was written for PyTorch (its metadata say format \"pt\")") != std::string::npos);
  load_model(path_of("diffusers_unet"), net, {.layout = torch, .name = names});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {1, null_label})};  // the library's 1 and 3
  const auto y = net(image("diffusers_unet.x"), stored<float, 1>("diffusers_unet.t"), labels);
  CHECK(difference(y, channels_last(stored<double, 4>("diffusers_unet.y"))) < 1e-5);
}

namespace {

models::Gpt<float> gpt() {
  return models::Gpt<float>({.levels = 8, .width = 8, .layers = 2, .heads = 2, .height = 2, .columns = 4}, Key{1});
}

/// The tables of our Gpt in PyTorch's, where the first token is the last row.
io::Source gpt_table(const std::string& ours, const std::string& name, const std::string& table = "wte.weight") {
  if (ours == "pixel.table") return {{table, 0, 8}};
  if (ours == "start.table") return {{table, 8, 9}, {table, 8, 9}};
  return name;
}

double gpt_error(const models::Gpt<float>& net, const std::string& name) {
  return difference(net(stored<std::int32_t, 3>(name + ".x"), Unconditional{}), stored<double, 4>(name + ".y"));
}

}  // namespace

TEST_CASE("torch: a GPT of nn.MultiheadAttention, with buffers that have no place here") {
  const auto rules = renamed({{"body.positions", "wpe"}, {"body.blocks", "h"}, {"norm", "ln_f"}, {"head", "lm_head"}});
  const auto names = [&](const std::string& ours) {
    std::string name = rules(ours).pieces.front().name;
    const Rules layers{{".attention.qkv.", ".attn.in_proj_"},
                       {".attention.out.", ".attn.out_proj."},
                       {".norm1.", ".ln_1."},
                       {".norm2.", ".ln_2."},
                       {".feed.up.", ".mlp.0."},
                       {".feed.down.", ".mlp.2."}};
    name = replaced(name, layers);
    return gpt_table(ours, name);
  };
  auto net = gpt();
  CHECK(testing::message_of<IoError>([&] {
    load_model(path_of("gpt"), net, {.layout = torch, .name = names});
  }).ends_with(": does not fit the model; extra 2: \"h.0.mask\", \"h.1.mask\""));
  load_model(path_of("gpt"), net, {.layout = torch, .name = names, .unused = {".mask"}});
  CHECK(gpt_error(net, "gpt") < 1e-5);

  // The square matrices as they lie in the file: everything fits, and the results are others. This is what must be
  // told.
  const auto mixed = [&](const std::string& ours) {
    auto source = names(ours);
    const bool square = ours == "head.weight" || ours.ends_with("attention.out.weight");
    return square ? std::move(source).in(io::Layout::native) : source;
  };
  load_model(path_of("gpt"), net, {.layout = torch, .name = mixed, .unused = {".mask"}});
  CHECK(gpt_error(net, "gpt") > 0.1);
}

TEST_CASE("torch: a GPT with queries, keys and values apart, a tied head, and bfloat16") {
  const auto rules = renamed({{"body.positions", "wpe"}, {"body.blocks", "h"}, {"norm", "ln_f"}});
  const auto names = [&](const std::string& ours) -> io::Source {
    if (ours == "head.weight") return {{"lm_head.weight", 0, 8}};  // not in the file, whose metadata say what it is
    std::string name = rules(ours).pieces.front().name;
    if (const auto at = name.find("attention.qkv."); at != std::string::npos) {
      const std::string before = name.substr(0, at) + "self_attn.", after = name.substr(at + 14);
      return {before + "q_proj." + after, before + "k_proj." + after, before + "v_proj." + after};
    }
    const Rules layers{{".attention.out.", ".self_attn.o_proj."},
                       {".norm1.", ".input_layernorm."},
                       {".norm2.", ".post_attention_layernorm."},
                       {".feed.up.", ".fc1."},
                       {".feed.down.", ".fc2."}};
    name = replaced(name, layers);
    return gpt_table(ours, name);
  };
  auto net = gpt();
  load_model(path_of("gpt_split"), net, {.layout = torch, .name = names});
  CHECK(gpt_error(net, "gpt_split") < 1e-5);
}

TEST_CASE("torch: a GPT-2 of transformers, whose linear weights are (in, out) and whose head is the table of tokens") {
  const auto rules =
      renamed({{"body.positions", "transformer.wpe"}, {"body.blocks", "transformer.h"}, {"norm", "transformer.ln_f"}});
  const Rules layers{{".attention.qkv.", ".attn.c_attn."},
                     {".attention.out.", ".attn.c_proj."},
                     {".norm1.", ".ln_1."},
                     {".norm2.", ".ln_2."},
                     {".feed.up.", ".mlp.c_fc."},
                     {".feed.down.", ".mlp.c_proj."}};
  const auto names = [&](const std::string& ours) -> io::Source {
    if (ours == "head.weight") return io::Source{{"transformer.wte.weight", 0, 8}}.in(torch);
    return gpt_table(ours, replaced(rules(ours).pieces.front().name, layers), "transformer.wte.weight");
  };
  auto net = gpt();
  load_model(path_of("transformers_gpt2"), net, {.layout = io::Layout::native, .name = names});
  CHECK(gpt_error(net, "transformers_gpt2") < 1e-5);
}

TEST_CASE("torch: a classifier, loaded, and written so that it loads again") {
  models::Classifier<float> net({.width = 4}, Key{1});
  const auto names = renamed({{"conv1", "features.0"},
                              {"norm1", "features.1"},
                              {"conv2", "features.3"},
                              {"norm2", "features.4"},
                              {"conv3", "features.6"},
                              {"norm3", "features.7"},
                              {"conv4", "features.9"},
                              {"norm4", "features.10"},
                              {"head", "fc"}});
  CHECK(testing::message_of<IoError>([&] { load_model(path_of("classifier"), net); }).find("say .layout = ") !=
        std::string::npos);
  load_model(path_of("classifier"), net, {.layout = torch, .name = names});
  CHECK(difference(net(image("classifier.x")), stored<double, 2>("classifier.y")) < 1e-5);

  const auto path = std::string(INKLING_TEST_TMP) + "/classifier_again.safetensors";
  save_model(path, net, {}, {.layout = torch, .name = names});
  const auto written = io::SafeTensors::load(path), original = io::SafeTensors::load(path_of("classifier"));
  REQUIRE(written.names() == original.names());
  CHECK(*written.metadata("format") == "pt");
  for (std::size_t i = 0; i < written.entries().size(); ++i) {
    const auto &a = written.entries()[i], &b = original.entries()[i];
    CHECK(a.shape == b.shape);
    CHECK(std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end()));
  }
}

TEST_CASE("torch: a PixelCNN of whole windows, masked when they are used") {
  models::PixelCnn<float> net({.levels = 4,
                               .width = 4,
                               .layers = 2,
                               .first_kernel = 5,
                               .head = 4,
                               .positions = true,
                               .two_stacks = false,
                               .height = 6,
                               .columns = 6},
                              Key{1});
  const auto rules = renamed({{"stack.first", "first"},
                              {"stack.positions.weight", "places"},
                              {"stack.blocks", "layers"},
                              {"hidden", "head.1"},
                              {"output", "head.3"}});
  const auto names = [&](const std::string& ours) -> io::Source {
    return replaced(rules(ours).pieces.front().name, {{".project.", ".out."}});
  };
  load_model(path_of("pixelcnn"), net, {.layout = torch, .name = names, .unused = {".mask"}});
  CHECK(difference(net(stored<std::int32_t, 3>("pixelcnn.x")), stored<double, 4>("pixelcnn.y")) < 1e-5);

  // What the mask hides was anything in the file, and is 0 here.
  const auto& w = net.stack->first.weight.value;
  CHECK(w(2, 1, 0, 0) != 0);
  for (Index j = 2; j < 5; ++j) {
    for (Index o = 0; o < 4; ++o) CHECK(w(2, j, 0, o) == 0);
  }
  // Whole windows of another kernel do not fit.
  models::PixelCnn<float> other({.levels = 4,
                                 .width = 4,
                                 .layers = 2,
                                 .first_kernel = 7,
                                 .head = 4,
                                 .positions = true,
                                 .two_stacks = false,
                                 .height = 6,
                                 .columns = 6},
                                Key{1});
  CHECK(testing::message_of<IoError>([&] {
    load_model(path_of("pixelcnn"), other, {.layout = torch, .name = names, .unused = {".mask"}});
  }).ends_with("different 1: \"first.weight\" is F32 (4, 1, 5, 5) and must be F32 (4, 1, 4, 7)"));
}

TEST_CASE("torch: a gated block of two stacks, of windows cut to what they see") {
  GatedTwoStackBlock<float> block({.width = 4}, Key{1});
  const auto names =
      renamed({{"vertical", "v_conv"}, {"horizontal", "h_conv"}, {"link", "v_to_h"}, {"project", "h_out"}});
  load_model(path_of("two_stacks"), block, {.layout = torch, .name = names});
  const auto y = block(GatedStacks<Tensor<float, 4>>{image("two_stacks.v"), image("two_stacks.h")});
  CHECK(difference(concat(3, y.vertical, y.horizontal), stored<double, 4>("two_stacks.y")) < 1e-5);
}

TEST_CASE("torch: a DiT whose patches are a convolution and whose shifts stand before the scales") {
  const Index w = 8;
  models::Dit<float> net(
      {.channels = 3, .width = w, .layers = 1, .heads = 2, .patch = 2, .height = 4, .columns = 4, .classes = 2},
      Key{1});
  const auto rules = renamed({{"input", "x_embedder"},
                              {"time.first", "t_embedder.0"},
                              {"time.second", "t_embedder.2"},
                              {"label", "y_embedder"},
                              {"body.positions.weight", "pos_embed"},
                              {"head.linear", "linear"},
                              {"body.blocks.0.attention.qkv", "blocks.0.attn.qkv"},
                              {"body.blocks.0.attention.out", "blocks.0.attn.proj"},
                              {"body.blocks.0.feed.up", "blocks.0.mlp.fc1"},
                              {"body.blocks.0.feed.down", "blocks.0.mlp.fc2"},
                              {"body.blocks.0.modulation", "blocks.0.adaLN_modulation.1"},
                              {"head.modulation", "final_modulation.1"}});
  const auto names = [&](const std::string& ours) -> io::Source {
    const auto name = rules(ours).pieces.front().name;
    if (ours.starts_with("head.modulation")) return {{name, w, 2 * w}, {name, 0, w}};
    if (ours.starts_with("body.blocks.0.modulation")) {
      return {{name, w, 2 * w},     {name, 0, w},         {name, 2 * w, 3 * w},
              {name, 4 * w, 5 * w}, {name, 3 * w, 4 * w}, {name, 5 * w, 6 * w}};
    }
    return name;
  };
  load_model(path_of("dit"), net, {.layout = torch, .name = names});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {1, null_label})};  // PyTorch's 1 and 2
  const auto y = net(image("dit.x"), stored<float, 1>("dit.t"), labels);
  CHECK(difference(y, stored<double, 4>("dit.y")) < 1e-5);
}

TEST_CASE("torch: cross-attention, whose biases PyTorch keeps in one tensor") {
  CrossAttention<float> layer({.width = 8, .heads = 2, .context = 6}, Key{1});
  const auto names = [](const std::string& ours) -> io::Source {
    if (ours == "query.bias") return {{"mha.in_proj_bias", 0, 8}};
    if (ours == "key.bias") return {{"mha.in_proj_bias", 8, 16}};
    if (ours == "value.bias") return {{"mha.in_proj_bias", 16, 24}};
    if (ours == "query.weight") return "mha.q_proj_weight";
    if (ours == "key.weight") return "mha.k_proj_weight";
    if (ours == "value.weight") return "mha.v_proj_weight";
    return "mha.out_proj." + ours.substr(4);
  };
  load_model(path_of("cross_attention"), layer, {.layout = torch, .name = names});
  const auto y = layer(stored<float, 3>("cross_attention.x"), stored<float, 3>("cross_attention.context"));
  CHECK(difference(y, stored<double, 3>("cross_attention.y")) < 1e-5);
}

namespace {

/// A module of a user's, with transposed convolutions of its own.
struct Convolutions {
  Conv2d<float> grouped{{.in = 4, .out = 8, .groups = 2}, Key{1}};
  Conv2d<float> depthwise{{.in = 8, .out = 8, .groups = 8}, Key{2}};
  Linear<float> mix{{.in = 8, .out = 4}, Key{3}};  // a 1x1 convolution in PyTorch
  Parameter<float, 4> weight1{Tensor<float, 4>(Shape{3, 3, 4, 4})}, weight2 = weight1;
  Parameter<float, 1> bias1{Tensor<float, 1>(Shape{4})}, bias2{Tensor<float, 1>(Shape{8})};

  Tensor<float, 4> operator()(const Tensor<float, 4>& x) const {
    const auto h = mix(depthwise(grouped(x)));
    const ConvTranspose2dOptions twice{.stride = 2, .padding = 1, .output_padding = 1};
    auto in_groups = twice;
    in_groups.groups = 2;
    return conv_transpose2d(conv_transpose2d(h, weight1.value, bias1.value, twice), weight2.value, bias2.value,
                            in_groups);
  }

  static void visit(auto& self, auto&& f) {
    f("grouped", self.grouped);
    f("depthwise", self.depthwise);
    f("mix", self.mix);
    f("enlarge.weight", self.weight1, Axes::window_in_out);
    f("enlarge.bias", self.bias1);
    f("enlarge_grouped.weight", self.weight2, Axes::window_in_out);
    f("enlarge_grouped.bias", self.bias2);
  }
};

}  // namespace

TEST_CASE("torch: grouped, depthwise and transposed convolutions") {
  Convolutions net;
  load_model(path_of("convolutions"), net, {.layout = torch});
  CHECK(difference(net(image("convolutions.x")), stored<double, 4>("convolutions.y")) < 1e-5);
}

namespace {

/// Written for PyTorch and loaded into a model made with another key, every parameter has its old bits.
template <class M>
void check_there_and_back(const M& model, M other) {
  const auto path = std::string(INKLING_TEST_TMP) + "/there_and_back.safetensors";
  save_model(path, model, {}, {.layout = torch});
  load_model(path, other, {.layout = torch});
  std::vector<std::vector<float>> was, is;
  const auto keep = [](auto& into) {
    return [&into](const auto&, const auto& p) { into.emplace_back(p.value.values().begin(), p.value.values().end()); };
  };
  for_each_parameter(model, keep(was));
  for_each_parameter(other, keep(is));
  CHECK(was == is);
}

}  // namespace

TEST_CASE("torch: every network comes back as it was written for PyTorch") {
  using namespace models;
  const Key a{1}, b{2};
  const Classifier<float>::Options classifier{.width = 8};
  check_there_and_back(Classifier<float>(classifier, a), Classifier<float>(classifier, b));
  const UNet<float>::Options unet{
      .width = 8, .multipliers = {1, 2}, .classes = 3, .vocabulary = 7, .text_width = 16, .sketch = true};
  check_there_and_back(UNet<float>(unet, a), UNet<float>(unet, b));
  const Gpt<float>::Options gpt_options{
      .width = 8, .layers = 2, .heads = 2, .group = 4, .height = 4, .columns = 4, .vocabulary = 7, .text_width = 16};
  check_there_and_back(Gpt<float>(gpt_options, a), Gpt<float>(gpt_options, b));
  const Dit<float>::Options dit{.width = 8, .layers = 2, .heads = 2, .height = 8, .columns = 8, .classes = 3};
  check_there_and_back(Dit<float>(dit, a), Dit<float>(dit, b));
  for (const bool two : {false, true}) {
    const PixelCnn<float>::Options pixelcnn{.levels = 4,
                                            .width = 8,
                                            .layers = 2,
                                            .classes = 3,
                                            .vocabulary = 7,
                                            .text_width = 16,
                                            .sketch = true,
                                            .positions = true,
                                            .two_stacks = two,
                                            .height = 5,
                                            .columns = 7};
    check_there_and_back(PixelCnn<float>(pixelcnn, a), PixelCnn<float>(pixelcnn, b));
  }
}

}  // namespace torch_models_test
