#include "inkling/nn/condition.hpp"

#include <cstdint>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "../support/errors.hpp"

namespace condition_test {

using namespace ink;
using namespace ink::testing;

namespace {

using Rows = std::vector<std::uint8_t>;

/// A condition of the user's.
struct Angle {
  Tensor<double, 1> degrees;

  Angle withhold(std::span<const std::uint8_t> rows) const {
    Angle less = *this;
    for (Index i = 0; i < less.degrees.size(); ++i) {
      if (rows[static_cast<std::size_t>(i)]) less.degrees(i) = 999;
    }
    return less;
  }
  Angle joined(const Angle& more) const { return {detail::join_rows("Angle", degrees, more.degrees)}; }
};

struct Silent {
  int rows = 0;
};

static_assert(Condition<Unconditional> && Condition<ClassLabels> && Condition<Captions> && Condition<Sketch>);
static_assert(Condition<Angle> && Condition<Conditions<ClassLabels, Angle>>);
static_assert(!Condition<Silent> && !Condition<int>);

const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{3}, {7, 1, 4})};
const Captions captions{Tensor<std::int32_t, 2>(Shape{3, 2}, {5, 6, 7, null_token, 8, 9})};

}  // namespace

TEST_CASE("ClassLabels and Captions: withheld rows are null, the others stay") {
  CHECK(labels.withhold(Rows{0, 1, 1}).ids == Tensor<std::int32_t, 1>(Shape{3}, {7, null_label, null_label}));
  CHECK(labels.withhold(Rows{0, 0, 0}).ids == labels.ids);
  CHECK(captions.withhold(Rows{1, 0, 7}).ids == Tensor<std::int32_t, 2>(Shape{3, 2}, {-1, -1, 7, -1, -1, -1}));
  CHECK(labels.ids(1) == 1);  // a value: what it came from is as it was
  CHECK(withhold_all(captions, 3).ids == Tensor<std::int32_t, 2>(Shape{3, 2}, null_token));
}

TEST_CASE("Sketch: withheld rows are zeros") {
  const Sketch sketch{Tensor<float, 4>(Shape{2, 1, 2, 1}, {-1, 1, 1, -1})};
  CHECK(sketch.withhold(Rows{0, 1}).image == Tensor<float, 4>(Shape{2, 1, 2, 1}, {-1, 1, 0, 0}));
  CHECK(sketch.joined(withhold_all(sketch, 2)).image ==
        Tensor<float, 4>(Shape{4, 1, 2, 1}, {-1, 1, 1, -1, 0, 0, 0, 0}));
}

TEST_CASE("Conditions are joined row after row") {
  CHECK(labels.joined({Tensor<std::int32_t, 1>(Shape{2}, {3, -1})}).ids ==
        Tensor<std::int32_t, 1>(Shape{5}, {7, 1, 4, 3, -1}));
  const auto both = captions.joined(captions.withhold(Rows{1, 1, 0}));
  CHECK(both.ids == Tensor<std::int32_t, 2>(Shape{6, 2}, {5, 6, 7, -1, 8, 9, -1, -1, -1, -1, 8, 9}));
  const ClassLabels none{Tensor<std::int32_t, 1>(Shape{0})};
  CHECK(none.joined(labels).ids == labels.ids);
  CHECK(none.withhold(Rows{}).ids.empty());
}

TEST_CASE("Several conditions at once: all parts are withheld and joined, and found by their type") {
  const Conditions told(labels, captions, Angle{Tensor<double, 1>(Shape{3}, {10, 20, 30})});
  const auto less = told.withhold(Rows{0, 1, 0});
  CHECK(part_of<ClassLabels>(less).ids == Tensor<std::int32_t, 1>(Shape{3}, {7, -1, 4}));
  CHECK(part_of<Captions>(less).ids == Tensor<std::int32_t, 2>(Shape{3, 2}, {5, 6, -1, -1, 8, 9}));
  CHECK(part_of<Angle>(less).degrees == Tensor<double, 1>(Shape{3}, {10, 999, 30}));
  const auto both = less.joined(told);
  CHECK(part_of<ClassLabels>(both).ids == Tensor<std::int32_t, 1>(Shape{6}, {7, -1, 4, 7, 1, 4}));
  CHECK(part_of<Angle>(both).degrees == Tensor<double, 1>(Shape{6}, {10, 999, 30, 10, 20, 30}));

  static_assert(std::is_same_v<decltype(part_of<Sketch>(told)), Unconditional>);
  static_assert(std::is_same_v<decltype(part_of<Captions>(labels)), Unconditional>);
  static_assert(std::is_same_v<decltype(part_of<ClassLabels>(Unconditional{})), Unconditional>);
  CHECK(&part_of<ClassLabels>(labels) == &labels);
}

TEST_CASE("A part is found in Conditions within Conditions, and by what it derives from") {
  struct Digits : ClassLabels {
    Digits withhold(std::span<const std::uint8_t> rows) const { return {ClassLabels::withhold(rows)}; }
    Digits joined(const Digits& more) const { return {ClassLabels::joined(more)}; }
  };
  const Conditions told(captions, Conditions(Digits{labels}, Angle{Tensor<double, 1>(Shape{3}, {10, 20, 30})}));
  CHECK(part_of<ClassLabels>(told).ids == labels.ids);
  CHECK(part_of<Captions>(told).ids == captions.ids);
  CHECK(part_of<Angle>(told).degrees(2) == 30);
  static_assert(std::is_same_v<decltype(part_of<Sketch>(told)), Unconditional>);
}

TEST_CASE("Labels of data are classes to a network that hears them") {
  const ClassLabels data{labels.ids, true};
  CHECK(part_of<ClassLabels>(data).ids == labels.ids);
  CHECK(data.withhold(Rows{0, 1, 1}).ids == Tensor<std::int32_t, 1>(Shape{3}, {7, null_label, null_label}));
  CHECK(data.withhold(Rows{0, 1, 1}).of_data);
  CHECK(data.joined(data).of_data);
  CHECK_FALSE(data.joined(labels).of_data);
}

TEST_CASE("A network is refused what it can't hear, as soon as one row tells something") {
  const auto check = [](const auto& told, bool classes, bool captioned, bool sketched) {
    return message_of<ValueError>([&] {
      check_told("net", told, Hears<ClassLabels>{"classes", classes}, Hears<Captions>{"vocabulary", captioned},
                 Hears<Sketch>{"sketch", sketched});
    });
  };
  const Sketch sketch{Tensor<float, 4>(Shape{3, 1, 2, 1}, {0, 0, 0, -1, 1, 1})};
  const Conditions all(labels, captions, sketch);
  CHECK(check(all, true, true, true).empty());
  CHECK(check(labels, false, true, true) ==
        "net: image 0 is told its class, classes is 0; a network hears only what its options name");
  CHECK(check(all.withhold(Rows{1, 0, 0}), true, false, true) ==
        "net: image 1 is told a caption, vocabulary is 0; a network hears only what its options name");
  CHECK(check(sketch, true, true, false) ==
        "net: image 1 is told a sketch, sketch is 0; a network hears only what its options name");
  CHECK_FALSE(check(Conditions(captions, Conditions(sketch)), true, true, false).empty());
  // Not told, in every way to say so; and labels that a batch has anyway.
  CHECK(check(withhold_all(all, 3), false, false, false).empty());
  CHECK(check(Unconditional{}, false, false, false).empty());
  CHECK(check(ClassLabels{labels.ids, true}, false, false, false).empty());
  CHECK(check(ClassLabels{Tensor<std::int32_t, 1>(Shape{0})}, false, false, false).empty());
}

TEST_CASE("Conditions that do not fit are refused") {
  CHECK(message_of<ShapeError>([] { labels.withhold(Rows{1}); }) ==
        "ClassLabels: the condition is (3), entries to withhold are 1; there must be one per row");
  CHECK(message_of<ShapeError>([] { captions.joined({Tensor<std::int32_t, 2>(Shape{3, 4})}); }) ==
        "Captions: (3, 2) is joined with (3, 4); only [0] may differ");
}

TEST_CASE("A sketch as a channel: zeros where none is told") {
  const Sketch sketch{Tensor<float, 4>(Shape{2, 1, 2, 1}, {-1, 1, 0, 0})};
  const Shape<4> x{2, 1, 2, 3};
  CHECK(detail::sketch_channel<double>("net", x, sketch) == sketch.image.cast<double>());
  CHECK(detail::sketch_channel<double>("net", x, Unconditional{}) == Tensor<double, 4>(Shape{2, 1, 2, 1}));
  CHECK(detail::sketch_channel<double>("net", x, labels) == Tensor<double, 4>(Shape{2, 1, 2, 1}));
  CHECK(message_of<ShapeError>([&] { detail::sketch_channel<float>("net", Shape<4>{2, 2, 2, 1}, sketch); }) ==
        "net: x is (2, 2, 2, 1), the sketch is (2, 1, 2, 1); it must be (2, 2, 2, 1)");
}

}  // namespace condition_test
