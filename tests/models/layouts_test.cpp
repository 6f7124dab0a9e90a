// include/inkling/nn/LAYOUTS.md against what `visit` gives.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/io/layout.hpp"
#include "inkling/models/classifier.hpp"
#include "inkling/models/dit.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/patch_mlp.hpp"
#include "inkling/models/patch_transformer.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/models/unet.hpp"
#include "inkling/nn/module.hpp"
#include "layout_tables.hpp"

namespace layouts_test {

using namespace ink;
using layout_tables::Values;

namespace {

const layout_tables::Tables& tables() {
  static const layout_tables::Tables read(std::string(INKLING_SOURCE_DIR) + "/include/inkling/nn/LAYOUTS.md");
  return read;
}

std::set<std::string>& tested() {
  static std::set<std::string> names;
  return names;
}

std::string line(const std::string& name, const std::vector<Index>& shape, const std::vector<Index>& torch) {
  std::string out = name;
  for (const Index n : shape) out += text(" ", n);
  out += " torch";
  for (const Index n : torch) out += text(" ", n);
  return out;
}

/// The layer has exactly the parameters that its table says.
template <class M>
void check(const std::string& layer, const M& made, const Values& options) {
  tested().insert(layer);
  std::vector<std::string> there, written;
  for_each_parameter(made, [&](const std::string& name, const auto& p, const Axes& axes) {
    const auto shape = detail::extents_of(p.value);
    there.push_back(line(name, shape, detail::file_shape(shape, axes.order, io::Layout::torch)));
  });
  for (const auto& p : tables().parameters(layer, options)) written.push_back(line(p.name, p.shape, p.torch_shape));
  std::sort(there.begin(), there.end());
  std::sort(written.begin(), written.end());
  CAPTURE(layer);
  CHECK(there == written);
}

constexpr Key key{1};

}  // namespace

TEST_CASE("layouts: linear layers, convolutions, tables and norms") {
  check("Linear", Linear<>({.in = 3, .out = 5}, key), {{"in", 3}, {"out", 5}});
  check("Linear", Linear<>({.in = 3, .out = 5, .bias = false}, key), {{"in", 3}, {"out", 5}, {"bias", 0}});
  check("Conv2d", Conv2d<>({.in = 3, .out = 5}, key), {{"in", 3}, {"out", 5}});
  check("Conv2d", Conv2d<>({.in = 6, .out = 15, .kernel = 5, .groups = 3, .bias = false}, key),
        {{"in", 6}, {"out", 15}, {"kernel", 5}, {"groups", 3}, {"bias", 0}});
  check("Upsample", Upsample<>({.in = 3, .out = 7, .kernel = 5}, key), {{"in", 3}, {"out", 7}, {"kernel", 5}});
  for (const Mask mask : {Mask::a, Mask::b}) {
    const Values options{{"in", 2}, {"out", 11}, {"kernel", 7}, {"bias", mask == Mask::a}};
    check("CausalConv2d", CausalConv2d<>({.in = 2, .out = 11, .kernel = 7, .mask = mask, .bias = mask == Mask::a}, key),
          options);
    check("VerticalConv2d",
          VerticalConv2d<>({.in = 2, .out = 11, .kernel = 7, .mask = mask, .bias = mask == Mask::a}, key), options);
    check("HorizontalConv",
          HorizontalConv<>({.in = 2, .out = 11, .kernel = 7, .mask = mask, .bias = mask == Mask::a}, key), options);
  }
  check("Embedding", Embedding<>({.count = 7, .width = 3}, key), {{"count", 7}, {"width", 3}});
  check("LearnedPositions", LearnedPositions<>({.tokens = 7, .width = 3}, key), {{"tokens", 7}, {"width", 3}});
  check("ClassEmbedding", ClassEmbedding<>({.classes = 7, .width = 3}, key), {{"classes", 7}, {"width", 3}});
  check("LayerNorm", LayerNorm<>({.width = 3}), {{"width", 3}});
  check("LayerNorm", LayerNorm<>({.width = 3, .affine = false}), {{"width", 3}, {"affine", 0}});
  check("RmsNorm", RmsNorm<>({.width = 3}), {{"width", 3}});
  check("GroupNorm", GroupNorm<>({.channels = 6, .groups = 3}), {{"channels", 6}});
}

TEST_CASE("layouts: attention and the blocks of transformers") {
  check("SelfAttention", SelfAttention<>({.width = 6, .heads = 2}, key), {{"width", 6}});
  check("SelfAttention", SelfAttention<>({.width = 6, .heads = 2, .bias = false}, key), {{"width", 6}, {"bias", 0}});
  check("CrossAttention", CrossAttention<>({.width = 6, .heads = 2, .context = 5}, key),
        {{"width", 6}, {"context", 5}});
  check("CrossAttention", CrossAttention<>({.width = 6, .heads = 2, .context = 5, .bias = false}, key),
        {{"width", 6}, {"context", 5}, {"bias", 0}});
  check("Mlp", Mlp<>({.width = 3}, key), {{"width", 3}});
  check("Mlp", Mlp<>({.width = 3, .hidden = 7}, key), {{"width", 3}, {"hidden", 7}});
  check("SwiGlu", SwiGlu<>({.width = 5}, key), {{"width", 5}});
  check("SwiGlu", SwiGlu<>({.width = 5, .hidden = 7}, key), {{"width", 5}, {"hidden", 7}});
  check("TransformerBlock", TransformerBlock<>({.width = 6, .heads = 2}, key), {{"width", 6}});
  check("TransformerBlock", TransformerBlock<>({.width = 6, .heads = 2, .hidden = 7, .context = 5}, key),
        {{"width", 6}, {"hidden", 7}, {"context", 5}});
  check("Modulation", detail::Modulation<float>(5, 3, 2, key), {{"condition", 5}, {"width", 3}, {"parts", 2}});
  check("AdaLnZeroBlock", AdaLnZeroBlock<>({.width = 6, .heads = 2}, key), {{"width", 6}});
  check("AdaLnZeroBlock", AdaLnZeroBlock<>({.width = 6, .heads = 2, .hidden = 7, .condition = 5}, key),
        {{"width", 6}, {"hidden", 7}, {"condition", 5}});
  check("AdaLnHead", AdaLnHead<>({.width = 3, .out = 7}, key), {{"width", 3}, {"out", 7}});
  check("AdaLnHead", AdaLnHead<>({.width = 3, .out = 7, .condition = 5}, key),
        {{"width", 3}, {"out", 7}, {"condition", 5}});
}

TEST_CASE("layouts: the blocks of a UNet and of a PixelCNN") {
  check("ResidualBlock", ResidualBlock<>({.in = 6, .out = 10, .time = 7, .groups = 2}, key),
        {{"in", 6}, {"out", 10}, {"time", 7}});
  check("ResidualBlock", ResidualBlock<>({.in = 6, .out = 6, .groups = 2}, key), {{"in", 6}, {"out", 6}});
  check("AttentionBlock", AttentionBlock<>({.channels = 6, .heads = 2, .groups = 3}, key), {{"channels", 6}});
  check("CrossAttentionBlock", CrossAttentionBlock<>({.channels = 6, .context = 5, .heads = 2, .groups = 3}, key),
        {{"channels", 6}, {"context", 5}});
  check("TimeEmbedding", TimeEmbedding<>({.features = 6, .width = 5}, key), {{"features", 6}, {"width", 5}});
  check("GatedBlock", GatedBlock<>({.width = 3, .kernel = 5}, key), {{"width", 3}, {"kernel", 5}});
  check("GatedTwoStackBlock", GatedTwoStackBlock<>({.width = 3, .kernel = 5}, key), {{"width", 3}, {"kernel", 5}});
  check("SketchFeatures", detail::SketchFeatures<float>(3, key), {{"width", 3}});
  const detail::StackOptions small{.width = 3, .layers = 2, .kernel = 5, .first_kernel = 7},
      large{.width = 3, .layers = 2, .kernel = 5, .first_kernel = 7, .classes = 11, .text = 13, .positions = {17, 19}};
  const Values few{{"width", 3}, {"layers", 2}, {"kernel", 5}, {"first_kernel", 7}};
  Values many = few;
  many.insert({{"classes", 11}, {"text", 13}, {"height", 17}, {"columns", 19}});
  check("SingleStack", detail::SingleStack<float>(small, key), few);
  check("SingleStack", detail::SingleStack<float>(large, key), many);
  check("DoubleStack", detail::DoubleStack<float>(small, key), few);
  check("DoubleStack", detail::DoubleStack<float>(large, key), many);
  check("PlaceVectors", detail::PlaceVectors<float>(large, key), {{"height", 17}, {"columns", 19}, {"width", 3}});
  check("ConditionVectors", detail::ConditionVectors<float>(large, 3, 23, key),
        {{"places", 3}, {"width", 23}, {"classes", 11}, {"text", 13}});
}

TEST_CASE("layouts: networks") {
  using namespace models;
  check("Classifier", Classifier<>({.channels = 3, .classes = 7, .width = 8}, key),
        {{"channels", 3}, {"classes", 7}, {"width", 8}});
  check("TransformerBody", TransformerBody<float, TransformerBlock<float>>(7, {.width = 6, .heads = 2}, 3, key),
        {{"tokens", 7}, {"width", 6}, {"layers", 3}});
  check("TextEncoder", TextEncoder<>({.vocabulary = 7, .length = 5, .width = 6, .layers = 3, .heads = 2}, key),
        {{"vocabulary", 7}, {"length", 5}, {"width", 6}, {"layers", 3}});

  check("Gpt", Gpt<>({.levels = 5, .width = 6, .layers = 2, .heads = 2, .height = 3, .columns = 7}, key),
        {{"levels", 5}, {"width", 6}, {"layers", 2}, {"height", 3}, {"columns", 7}});
  check("Gpt",
        Gpt<>({.levels = 5,
               .outputs = 11,
               .width = 6,
               .layers = 2,
               .heads = 2,
               .group = 7,
               .height = 3,
               .columns = 7,
               .classes = 13,
               .vocabulary = 17,
               .caption_length = 9,
               .text_width = 8},
              key),
        {{"levels", 5},
         {"outputs", 11},
         {"width", 6},
         {"layers", 2},
         {"group", 7},
         {"height", 3},
         {"columns", 7},
         {"classes", 13},
         {"vocabulary", 17},
         {"caption_length", 9},
         {"text_width", 8}});
  check("Dit", Dit<>({.width = 6, .layers = 2, .heads = 2, .patch = 2, .height = 4, .columns = 10}, key),
        {{"width", 6}, {"layers", 2}, {"patch", 2}, {"height", 4}, {"columns", 10}});
  check("Dit",
        Dit<>({.channels = 3,
               .outputs = 5,
               .width = 6,
               .layers = 2,
               .heads = 2,
               .patch = 2,
               .height = 4,
               .columns = 10,
               .classes = 7,
               .sketch = true},
              key),
        {{"channels", 3},
         {"outputs", 5},
         {"width", 6},
         {"layers", 2},
         {"patch", 2},
         {"height", 4},
         {"columns", 10},
         {"classes", 7},
         {"sketch", 1}});
  check("PatchMlp", PatchMlp<>({.numbers = 3, .context = 5, .width = 8, .layers = 2}, key),
        {{"numbers", 3}, {"context", 5}, {"width", 8}, {"layers", 2}});
  check("PatchTransformer",
        PatchTransformer<>(
            {.channels = 3, .width = 8, .layers = 2, .patch = 2, .height = 4, .columns = 10, .classes = 7}, key),
        {{"channels", 3}, {"width", 8}, {"layers", 2}, {"patch", 2}, {"height", 4}, {"columns", 10}, {"classes", 7}});
}

TEST_CASE("layouts: PixelCNNs") {
  for (const bool two : {false, true}) {
    check("PixelCnn",
          models::PixelCnn<>({.levels = 5,
                              .width = 3,
                              .layers = 2,
                              .kernel = 5,
                              .first_kernel = 9,
                              .head = 7,
                              .two_stacks = two,
                              .height = 11,
                              .columns = 13},
                             key),
          {{"levels", 5},
           {"width", 3},
           {"layers", 2},
           {"kernel", 5},
           {"first_kernel", 9},
           {"head", 7},
           {"two_stacks", two},
           {"height", 11},
           {"columns", 13}});
    check("PixelCnn",
          models::PixelCnn<>({.levels = 5,
                              .outputs = 17,
                              .width = 3,
                              .layers = 2,
                              .head = 7,
                              .classes = 19,
                              .vocabulary = 23,
                              .caption_length = 4,
                              .text_width = 8,
                              .sketch = true,
                              .positions = true,
                              .two_stacks = two,
                              .height = 11,
                              .columns = 13},
                             key),
          {{"levels", 5},
           {"outputs", 17},
           {"width", 3},
           {"layers", 2},
           {"head", 7},
           {"classes", 19},
           {"vocabulary", 23},
           {"caption_length", 4},
           {"text_width", 8},
           {"sketch", 1},
           {"positions", 1},
           {"two_stacks", two},
           {"height", 11},
           {"columns", 13}});
  }
}

TEST_CASE("layouts: UNets") {
  const auto widths = [](Values options, Index width, const std::vector<Index>& multipliers) {
    options["c[-1]"] = width;
    for (std::size_t l = 0; l < multipliers.size(); ++l) options[text("c[", l, "]")] = width * multipliers[l];
    options["width"] = width;
    options["levels"] = static_cast<Index>(multipliers.size());
    return options;
  };
  check("UNet", models::UNet<>({.width = 4, .multipliers = {3}, .blocks = 1, .heads = 2, .groups = 2}, key),
        widths({{"blocks", 1}}, 4, {3}));
  check(
      "UNet",
      models::UNet<>({.channels = 3, .width = 4, .multipliers = {1, 2, 3}, .blocks = 2, .heads = 2, .groups = 2}, key),
      widths({{"channels", 3}}, 4, {1, 2, 3}));
  check("UNet",
        models::UNet<>({.channels = 3,
                        .outputs = 5,
                        .width = 4,
                        .multipliers = {2, 3, 5},
                        .blocks = 3,
                        .attention_levels = 2,
                        .heads = 2,
                        .groups = 2,
                        .classes = 7,
                        .vocabulary = 11,
                        .caption_length = 6,
                        .text_width = 12,
                        .sketch = true},
                       key),
        widths({{"channels", 3},
                {"outputs", 5},
                {"blocks", 3},
                {"attention_levels", 2},
                {"classes", 7},
                {"vocabulary", 11},
                {"caption_length", 6},
                {"text_width", 12},
                {"sketch", 1}},
               4, {2, 3, 5}));
}

TEST_CASE("layouts: every layer and every network has its table, and no table is of nothing") {
  // Run after the cases above, of which each adds what it tests; alone there is nothing to compare.
  const std::vector<std::string> names = tables().names();
  if (tested().size() > 30) CHECK(std::vector<std::string>(tested().begin(), tested().end()) == names);

  // A type of nn/ or models/ that has a `visit` is a layer, and needs a table.
  std::vector<std::string> untold;
  for (const auto* folder : {"nn", "models"}) {
    for (const auto& file :
         std::filesystem::directory_iterator(std::string(INKLING_SOURCE_DIR) + "/include/inkling/" + folder)) {
      if (file.path().extension() != ".hpp") continue;
      std::ifstream in(file.path());
      std::string type;
      for (std::string row; std::getline(in, row);) {
        for (const std::string start : {"struct ", "class "}) {
          if (row.starts_with(start))
            type = row.substr(start.size(), row.find_first_of(" {:;", start.size()) - start.size());
        }
        if (row.starts_with("  static void visit(") && !type.empty()) {
          if (std::find(names.begin(), names.end(), type) == names.end()) untold.push_back(type);
          type.clear();
        }
      }
    }
  }
  CHECK(untold == std::vector<std::string>{"MaskedConv2d"});  // told as the three that it is
}

TEST_CASE("layouts: a table that is wrong is found") {
  // The checks above compare with this: names, shapes and PyTorch's shapes of a layer with distinct extents.
  const auto read = tables().parameters("GatedBlock", {{"width", 3}, {"kernel", 5}});
  REQUIRE(read.size() == 4);
  CHECK(read[1].name == "conv.weight");
  CHECK(read[1].shape == std::vector<Index>{3, 5, 3, 6});
  CHECK(read[1].torch_shape == std::vector<Index>{6, 3, 3, 5});
  CHECK_THROWS(tables().parameters("Linear", {{"in", 3}}));
  CHECK_THROWS(tables().parameters("Linear", {{"in", 3}, {"out", 3}, {"width", 3}}));
  CHECK_THROWS(tables().parameters("Lineal", {}));
}

}  // namespace layouts_test
