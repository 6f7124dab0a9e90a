#include "inkling/io/expected_tensors.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace expected_tensors_test {

using namespace ink;
using detail::ExpectedTensors;

namespace {

Tensor<float, 2> matrix(Index rows, Index columns) { return Tensor<float, 2>(Shape{rows, columns}); }

std::string reason(const ExpectedTensors& expected, const io::SafeTensors& file, const std::string& prefix = "",
                   bool exact = true, const std::vector<std::string>& unused = {}) {
  try {
    expected.check(file, "x.safetensors", prefix, exact, unused);
  } catch (const IoError& error) {
    return error.reason();
  }
  return "fits";
}

}  // namespace

TEST_CASE("expected tensors: three names of each kind and a count") {
  ExpectedTensors expected;
  io::SafeTensors file;
  for (const char* name : {"e", "d", "c", "b", "a"}) expected.add(name, matrix(2, 3));
  CHECK(reason(expected, file) == "does not fit the model; missing 5 of 5: \"e\", \"d\", \"c\", …");
  for (const char* name : {"a", "b", "c", "d"}) file.add(name, matrix(3, 3));
  for (const char* name : {"z", "y"}) file.add(name, matrix(1, 1));
  CHECK(
      reason(expected, file) ==
      "does not fit the model; missing 1 of 5: \"e\"; extra 2: \"y\", \"z\"; different 4: \"d\" is F32 (3, 3) and "
      "must be F32 (2, 3), \"c\" is F32 (3, 3) and must be F32 (2, 3), \"b\" is F32 (3, 3) and must be F32 (2, 3), …");
}

TEST_CASE("expected tensors: prefixes, unused tensors, and conversions that lose nothing") {
  ExpectedTensors expected;
  expected.add("model.a", matrix(2, 3));
  io::SafeTensors file;
  file.add("model.a", matrix(2, 3));
  file.add("step", matrix(1, 1));
  file.add("model.attn.mask", matrix(1, 1));
  CHECK(reason(expected, file, "model.") == "does not fit the model; extra 1: \"model.attn.mask\"");
  CHECK(reason(expected, file, "model.", true, {".mask"}) == "fits");
  CHECK(reason(expected, file, "", true, {".mask"}) == "does not fit the model; extra 1: \"step\"");
  CHECK(reason(expected, file, "", true, {""}) == "fits");

  ExpectedTensors wide;
  wide.add("model.a", Tensor<double, 2>(Shape{2, 3}));
  CHECK(reason(wide, file, "model.a", false, {".mask"}) == "fits");
  CHECK(reason(wide, file, "model.a", true, {".mask"}) ==
        "does not fit the model; different 1: \"model.a\" is F32 (2, 3) and must be F64 (2, 3)");
}

TEST_CASE("expected tensors: names that are the same but for a prefix") {
  ExpectedTensors expected;
  io::SafeTensors file;
  for (int i = 0; i < 30; ++i) {
    expected.add(text("blocks.", i, ".weight"), matrix(1, 1));
    file.add(text("_orig_mod.blocks.", i, ".weight"), matrix(1, 1));
  }
  expected.add("norm.gamma", matrix(1, 1));
  file.add("_orig_mod.norm.weight", matrix(1, 1));
  CHECK(reason(expected, file).ends_with("; 30 of the missing are there with \"_orig_mod.\" in front"));

  ExpectedTensors wrapped;
  io::SafeTensors bare;
  for (int i = 0; i < 30; ++i) {
    wrapped.add(text("network.blocks.", i, ".weight"), matrix(1, 1));
    bare.add(text("blocks.", i, ".weight"), matrix(1, 1));
  }
  CHECK(reason(wrapped, bare).ends_with("; 30 of the missing are there without \"network.\" in front"));

  // An end in common is no prefix.
  ExpectedTensors other;
  io::SafeTensors one;
  other.add("weight", matrix(1, 1));
  one.add("my_weight", matrix(1, 1));
  CHECK(reason(other, one) == "does not fit the model; missing 1 of 1: \"weight\"; extra 1: \"my_weight\"");
}

TEST_CASE("expected tensors: shapes that are the same but for the order of the axes") {
  const auto check = [](io::Layout layout, const Tensor<float, 2>& in_file) {
    ExpectedTensors expected;
    expected.add({{"w"}, layout, Axes::in_out, {4, 8}}, "F32");
    io::SafeTensors file;
    file.add("w", in_file);
    return reason(expected, file);
  };
  CHECK(check(io::Layout::native, matrix(4, 8)) == "fits");
  CHECK(check(io::Layout::torch, matrix(8, 4)) == "fits");
  CHECK(check(io::Layout::native, matrix(8, 4)) ==
        "does not fit the model; different 1: \"w\" is F32 (8, 4) and must be F32 (4, 8); 1 would fit with their axes "
        "in PyTorch's order, .layout = io::Layout::torch");
  CHECK(check(io::Layout::torch, matrix(4, 8)) ==
        "does not fit the model; different 1: \"w\" is F32 (4, 8) and must be F32 (8, 4); 1 would fit with their axes "
        "in this library's order, .layout = io::Layout::native");
  CHECK(check(io::Layout::torch, matrix(8, 5)) ==
        "does not fit the model; different 1: \"w\" is F32 (8, 5) and must be F32 (8, 4)");
}

TEST_CASE("expected tensors: pieces that are missing, too few, or of another width") {
  const auto check = [](std::vector<io::Piece> pieces) {
    ExpectedTensors expected;
    expected.add({std::move(pieces), io::Layout::torch, Axes::in_out, {4, 12}}, "F32");
    io::SafeTensors file;
    for (const char* name : {"q", "k", "v"}) file.add(name, matrix(4, 4));
    file.add("wide", matrix(4, 5));
    file.add("all", matrix(24, 4));
    return reason(expected, file, "", true, {"q", "k", "v", "wide", "all"});
  };
  CHECK(check({"q", "k", "v"}) == "fits");
  CHECK(check({{"all", 4, 16}}) == "fits");
  CHECK(check({{"all", 4, 8}, {"all", 20, 24}, "q"}) == "fits");
  CHECK(check({"q", "k"}) ==
        "does not fit the model; different 1: \"q\" and what follows it have 8 outputs to give and must have 12");
  CHECK(check({"q", "k", "w"}) == "does not fit the model; missing 1 of 3: \"w\"");
  CHECK(check({"q", "k", "wide"}) ==
        "does not fit the model; different 1: \"wide\" is F32 (4, 5) and must be F32 (…, 4)");
  CHECK(check({"all"}) == "does not fit the model; different 1: \"all\" is F32 (24, 4) and must be F32 (12, 4)");
  CHECK(check({{"all", 4, 15}}) ==
        "does not fit the model; different 1: \"all\" has 11 outputs to give and must have 12");
  CHECK(check({{"all", 14, 26}}) ==
        "does not fit the model; different 1: \"all\" has 24 outputs and must have those from 14 to 26");
}

TEST_CASE("expected tensors: below a kilobyte whatever the names and shapes are") {
  const std::string deep(300, 'x');
  ExpectedTensors expected;
  io::SafeTensors file;
  for (int i = 0; i < 400; ++i) {
    expected.add(text("here.", deep, i), matrix(2, 3));
    file.add(text("there.", deep, i, "ü\"\\"), matrix(3, 3));
    expected.add(text("both.", deep, i), matrix(2, 3));
    file.add(text("both.", deep, i), Tensor<double, 7>(Shape{1, 1, 1, 1, 1, 1, 1}));
  }
  const auto why = reason(expected, file);
  CHECK(why.size() < 1024);
  CHECK(why.starts_with(
      "does not fit the model; missing 400 of 800: \"here.xxxxxxxxxxxxx…xxxxxxxxxxxxxxxxx0\", \"here.xxxxxxxxxxxxx…"));
  CHECK(why.find("is F64 (1, 1, 1, 1, 1, …) and must be F32 (2, 3)") != std::string::npos);

  // Names that are escaped to six times their length, and extents without an element.
  const std::string escaped(400, '\1');
  ExpectedTensors plain;
  io::SafeTensors odd;
  for (int i = 0; i < 9; ++i) {
    plain.add(text(escaped, "m", i), matrix(2, 3));
    odd.add(text("pre.", escaped, "m", i), matrix(2, 3));
    plain.add(text(escaped, i), matrix(1234567890, 0));
    odd.add(text(escaped, i), Tensor<float, 7>(Shape{0, 1234567890, 1, 1, 100000, 1, 1}));
  }
  CHECK(reason(plain, odd).size() < 1024);
  CHECK(reason(plain, odd).find("is F32 (0, 1234567890, 1, 1, 100000, …)") != std::string::npos);
  CHECK(detail::short_shape({0, Index{1} << 60, -1, 7}) == "(0, …, …, 7)");
}

TEST_CASE("expected tensors: long names are cut between characters, never within one") {
  CHECK(detail::short_quote("short") == "\"short\"");
  CHECK(detail::short_quote(std::string(40, 'x')) == "\"" + std::string(40, 'x') + "\"");
  CHECK(detail::short_quote("begin" + std::string(31, 'x') + "-end!") == "\"beginxxxxxxxxxxxxx…xxxxxxxxxxxxx-end!\"");
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "ü";
  for (const auto& name : {umlauts, "a" + umlauts, umlauts + "b", std::string(30, '\1') + umlauts}) {
    const auto quoted = detail::short_quote(name);
    CHECK(detail::is_utf8(quoted));
    CHECK(quoted.size() <= 42);
    CHECK(quoted.find("…") != std::string::npos);
  }
}

namespace {

/// A tensor of one value under that name, with any number of axes up to 7.
template <int R = 0>
void add_filled(io::SafeTensors& file, const std::string& name, const detail::Extents& extents, float value) {
  if constexpr (R <= 7) {
    if (extents.size() != static_cast<std::size_t>(R)) return add_filled<R + 1>(file, name, extents, value);
    Shape<R> shape;
    std::copy_n(extents.begin(), R, shape.extents.begin());
    file.add(name, Tensor<float, R>(shape, value));
  }
}

}  // namespace

TEST_CASE("expected tensors: what is said to fit is read whole, and nothing beyond it, whatever the shapes") {
  std::uint64_t state = 1;
  const auto draw = [&](Index low, Index high) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return low + static_cast<Index>((state >> 33) % static_cast<std::uint64_t>(high - low + 1));
  };
  int read = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto order = static_cast<Axes::Order>(draw(0, 3));
    const Index ranks[] = {draw(0, 4), 2, 4, 3};
    detail::Extents shape;
    for (Index a = 0; a < ranks[order]; ++a) shape.push_back(draw(0, 9) == 0 ? 0 : draw(1, 4));
    const Axes axes(order, order == Axes::window_in_out && draw(0, 1) ? draw(1, 8) : 0);
    const auto layout = draw(0, 2) ? io::Layout::torch : io::Layout::native;

    // The shape that is right, or nearly so, or another.
    auto there = detail::file_shape(shape, order, layout);
    const Index change = draw(0, 9), last = static_cast<Index>(there.size()) - 1;
    if (change == 0 && last >= 0) there[static_cast<std::size_t>(draw(0, last))] = draw(0, 5);
    if (change == 1) there.insert(there.begin(), 1);
    if (change == 2) there.insert(there.end(), static_cast<std::size_t>(draw(1, 2)), 1);
    if (change == 3 && last >= 0) there.pop_back();
    if (change == 4) there = detail::Extents(static_cast<std::size_t>(draw(0, 6)), draw(0, 3));
    if (change == 5 && order == Axes::window_in_out) there[shape[0] == 1 ? 3 : 2] = draw(1, 7);
    if (change == 6 && last > 0) std::swap(there[0], there[1]);
    std::vector<io::Piece> pieces{"w"};
    for (Index n = draw(0, 3); n > 1; --n) {
      const Index begin = draw(0, 4);
      pieces.push_back(draw(0, 1) ? io::Piece("w") : io::Piece("w", begin, begin + draw(1, 4)));
    }

    io::SafeTensors file;
    const auto value = static_cast<float>(i + 1);  // another than what memory may hold of before
    add_filled(file, "w", there, value);
    const detail::Stored parameter{pieces, layout, axes, shape};
    ExpectedTensors expected;
    expected.add(parameter, "F32");
    const auto why = reason(expected, file);
    if (why != "fits") {
      ++refused;
      REQUIRE(why.size() < 1024);
      continue;
    }
    ++read;
    const auto values = detail::read_stored<float>(file, parameter);
    const auto filled = std::count(values.values().begin(), values.values().end(), value);
    const Index hidden = axes.seen > 0 ? std::max<Index>(0, shape[0] * shape[1] - axes.seen) * shape[2] * shape[3] : 0;
    REQUIRE(filled == values.size() - hidden);
  }
  CHECK(read > 5000);
  CHECK(refused > 5000);
}

}  // namespace expected_tensors_test
