#include "inkling/io/layout.hpp"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../support/errors.hpp"

namespace layout_test {

using namespace ink;
using detail::Extents;
using io::Layout;

namespace {

template <int R>
Tensor<float, R> counted(const Shape<R>& shape) {
  Tensor<float, R> x(shape);
  for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<float>(i + 1);
  return x;
}

/// A file of one tensor, "w".
template <int R>
io::SafeTensors file_of(const Tensor<float, R>& tensor) {
  io::SafeTensors file;
  file.add("w", tensor);
  return file;
}

/// A parameter of that shape as it is read from "w" of the file.
template <int R, int F>
Tensor<float, R> read(const Tensor<float, F>& in_file, const Shape<R>& shape, Axes axes,
                      std::vector<io::Piece> pieces = {"w"}) {
  const detail::Stored p{std::move(pieces), Layout::torch, axes, {shape.extents.begin(), shape.extents.end()}};
  return detail::read_stored<float>(file_of(in_file), p).reshape(shape);
}

/// A parameter as it is written for PyTorch, under its shape there.
template <int R>
Tensor<float, R> written(const Tensor<float, R>& x, const Shape<R>& shape, Axes axes) {
  const detail::Stored p{{"w"}, Layout::torch, axes, detail::extents_of(x)};
  CHECK(detail::file_shape(p.shape, axes.order, Layout::torch) == Extents(shape.extents.begin(), shape.extents.end()));
  return detail::torch_order(x.reshape(Shape{x.size()}), p).reshape(shape);
}

bool fits(const Extents& in_file, const Extents& parameter, Axes axes, Layout layout = Layout::torch) {
  return detail::arrange(in_file, {{"w"}, layout, axes, parameter}, layout).has_value();
}

}  // namespace

TEST_CASE("layout: every order of axes, element by element, there and back") {
  const auto linear = counted(Shape{3, 5});  // (out, in)
  const auto matrix = read(linear, Shape{5, 3}, Axes::in_out);
  for (Index i = 0; i < 5; ++i) {
    for (Index o = 0; o < 3; ++o) CHECK(matrix(i, o) == linear(o, i));
  }
  const auto oihw = counted(Shape{7, 5, 2, 3});
  const auto window = read(oihw, Shape{2, 3, 5, 7}, Axes::window_in_out);
  for (Index i = 0; i < 2; ++i) {
    for (Index j = 0; j < 3; ++j) {
      for (Index c = 0; c < 5; ++c) {
        for (Index o = 0; o < 7; ++o) CHECK(window(i, j, c, o) == oihw(o, c, i, j));
      }
    }
  }
  const auto chw = counted(Shape{5, 2, 3});
  const auto places = read(chw, Shape{2, 3, 5}, Axes::image_channels);
  for (Index i = 0; i < 2; ++i) {
    for (Index j = 0; j < 3; ++j) {
      for (Index c = 0; c < 5; ++c) CHECK(places(i, j, c) == chw(c, i, j));
    }
  }
  CHECK(written(matrix, linear.shape(), Axes::in_out) == linear);
  CHECK(written(window, oihw.shape(), Axes::window_in_out) == oihw);
  CHECK(written(places, chw.shape(), Axes::image_channels) == chw);
  CHECK(written(linear, linear.shape(), Axes::plain) == linear);
  CHECK(read(linear, linear.shape(), Axes::plain) == linear);
}

TEST_CASE("layout: pieces lie along the outputs, whichever axis those are") {
  const auto linear = counted(Shape{6, 2});
  const auto turned = read(linear, Shape{2, 5}, Axes::in_out, {{"w", 4, 6}, {"w", 0, 3}});
  const Index rows[] = {4, 5, 0, 1, 2};
  for (Index o = 0; o < 5; ++o) {
    for (Index i = 0; i < 2; ++i) CHECK(turned(i, o) == linear(rows[o], i));
  }
  const auto table = read(linear, Shape{3, 2}, Axes::plain, {{"w", 5, 6}, {"w", 0, 2}});
  CHECK(table == Tensor<float, 2>(Shape{3, 2}, {11, 12, 1, 2, 3, 4}));
  const auto bias = read(counted(Shape{4}), Shape{2}, Axes::plain, {{"w", 3, 4}, {"w", 1, 2}});
  CHECK(bias == Tensor<float, 1>(Shape{2}, {4, 2}));
}

TEST_CASE("layout: extents of 1 more or less, patches as convolutions, whole windows of causal ones") {
  const auto positions = counted(Shape{1, 4, 3});
  CHECK(read(positions, Shape{4, 3}, Axes::plain) == positions.reshape(Shape{4, 3}));
  const auto pointwise = counted(Shape{3, 5, 1, 1});
  CHECK(read(pointwise, Shape{5, 3}, Axes::in_out) == read(pointwise.reshape(Shape{3, 5}), Shape{5, 3}, Axes::in_out));
  CHECK(read(pointwise.reshape(Shape{3, 5}), Shape{1, 1, 5, 3}, Axes::window_in_out).reshape(Shape{5, 3}) ==
        read(pointwise, Shape{5, 3}, Axes::in_out));
  const auto patches = counted(Shape{3, 2, 2, 4});  // (out, channels, rows, columns)
  const auto flat = read(patches, Shape{16, 3}, Axes::in_out);
  CHECK(flat(1 * 8 + 2 * 2 + 1, 2) == patches(2, 1, 1, 2));

  const auto whole = counted(Shape{1, 1, 3, 3});
  const Axes raster(Axes::window_in_out, 4), row(Axes::window_in_out, 1);
  CHECK(read(whole, Shape{2, 3, 1, 1}, raster).reshape(Shape{6}) == Tensor<float, 1>(Shape{6}, {1, 2, 3, 4, 0, 0}));
  CHECK(read(counted(Shape{1, 1, 1, 3}), Shape{1, 2, 1, 1}, row).reshape(Shape{2}) ==
        Tensor<float, 1>(Shape{2}, {1, 0}));
  CHECK(fits({1, 1, 2, 3}, {2, 3, 1, 1}, raster));
  CHECK(!fits({1, 1, 3, 3}, {2, 3, 1, 1}, Axes::window_in_out));  // not of one that is not causal
  CHECK(!fits({1, 1, 3, 5}, {2, 3, 1, 1}, raster));
  CHECK(!fits({1, 1, 5, 5}, {2, 3, 1, 1}, raster));
  CHECK(!fits({1, 1, 3, 3}, {2, 3, 1, 1}, raster, Layout::native));
}

TEST_CASE("layout: what does not fit is no accident") {
  CHECK(!fits({5, 3}, {5, 3}, Axes::in_out));
  CHECK(fits({5, 3}, {5, 3}, Axes::in_out, Layout::native));
  CHECK(!fits({3, 5}, {5, 3}, Axes::in_out, Layout::native));
  CHECK(!fits({3}, {5, 3}, Axes::in_out));
  CHECK(!fits({3, 0, 5}, {5, 3}, Axes::in_out));
  CHECK(!fits({3, 2, 3}, {5, 3}, Axes::in_out));
  CHECK(!fits({7, 5, 3, 2}, {2, 3, 5, 7}, Axes::window_in_out));
  CHECK(!fits({7, 4, 2, 3}, {2, 3, 5, 7}, Axes::window_in_out));
  CHECK(!fits({2, 3, 5}, {2, 3, 5}, Axes::image_channels));
  CHECK(!fits({1, 1, 1, 1, 4, 3}, {4, 2}, Axes::plain));
  CHECK(!fits({7, 5, 2, 3, 1}, {2, 3, 5, 7}, Axes::window_in_out));  // read are tensors of up to four axes
  CHECK(!fits({0, Index{1} << 40, Index{1} << 40}, {5, 3}, Axes::plain));
  CHECK(!fits({0, Index{1} << 40, Index{1} << 40}, {Index{1} << 40, 3}, Axes::in_out));
  CHECK(fits({}, {1}, Axes::plain));
  CHECK(fits({}, {}, Axes::plain));
  CHECK(!fits({2}, {}, Axes::plain));

  CHECK(testing::message_of<ValueError>([] { detail::check_axes("w", 3, Axes::in_out); }) ==
        "visit: \"w\" has 3 axes; in the order that is told of it there must be 2");
  detail::check_axes("w", 3, Axes::plain);
  detail::check_axes("w", 4, Axes::window_in_out);
  CHECK(testing::message_of<ValueError>([] { io::Piece("w", 3, 3); }) ==
        "piece: begin is 3, end is 3; they must be 0 <= begin < end");
  CHECK_THROWS_AS(io::Piece("w", -1, 3), ValueError);
}

TEST_CASE("layout: names are functions, kept by value, from lambdas, functions and what they return") {
  CHECK(io::torch_name("blocks.3.norm1.gamma") == "blocks.3.norm1.weight");
  CHECK(io::torch_name("norm.beta") == "norm.bias");
  CHECK(io::torch_name("table") == "weight");
  CHECK(io::torch_name("gamma.weight") == "gamma.weight");
  CHECK(io::torch_name("my_gamma") == "my_gamma");

  CHECK(!io::Names());
  io::Names names;
  {
    const std::string prefix = "a rather long prefix that does not fit into the string itself.";
    names = [prefix](const std::string& ours) { return prefix + ours; };
  }
  const io::Names copy = names;
  names = io::torch_name;
  CHECK(names("gamma").pieces[0].name == "weight");
  CHECK(copy("x").pieces[0].name == "a rather long prefix that does not fit into the string itself.x");

  const io::Source joined{"q", "k", "v"}, two{"q", "k"}, cut{{"w", 2, 4}};
  REQUIRE(joined.pieces.size() == 3);
  REQUIRE(two.pieces.size() == 2);
  REQUIRE(cut.pieces.size() == 1);
  CHECK(joined.pieces[2].name == "v");
  CHECK(two.pieces[1].name == "k");
  CHECK(cut.pieces[0].begin == 2);
  CHECK(cut.pieces[0].end == 4);
  CHECK(io::Source::none().pieces.empty());
  CHECK(!joined.layout);
  CHECK(io::Source("w").in(Layout::native).layout == Layout::native);
}

}  // namespace layout_test
