// Conditions: what a generator is told about the image it is to make.
//
// Unconditional    nothing
// ClassLabels      one class per image of the batch; `null_label` (−1) means "not told"
// Captions         a text per image, as numbers of tokens, padded with `null_token` (−1) at the end; a row of nothing
//                  but −1 means "not told"
// Sketch           a picture per image, in [−1, 1]; a row of zeros means "not told"
// Conditions       several of them at once, of different types; they are withheld together
//
// "Not told" is what training uses to learn the unconditional model along with the conditional one (J. Ho, T. Salimans
// 2022, arXiv:2207.12598). A condition is passed through samplers and losses to the network unread; any type that the
// network takes will do. Dropping in training and guidance (gen/guidance.hpp) also ask for the concept `Condition`:
//   withhold(rows)   the same, but the rows with a nonzero entry are "not told"
//   joined(more)     the rows of this, then those of `more`
// drop_condition(condition, rows, rate, key) withholds each row with probability `rate`, withhold_all all of them.
//
// A network that hears a P looks for it by part_of<P>(condition), alone or within Conditions. Those of models/ refuse
// what they can't hear, by check_told: a type that they never hear, raw ids for instance, does not compile; a part that
// their options left out (labels where `classes` is 0) is an error as soon as one row tells something. Rows that are
// "not told" are no error anywhere, nor are labels that a batch of data has anyway (ClassLabels::of_data).
//
// Shapes: ids (N), ids (N, L), image (N, H, W, 1).
//
// Errors: ShapeError if `rows` are not one per image, or if what is joined has other extents. check_told: ValueError
// for what a network can't hear.
//
// Example:
//     ClassLabels labels{Tensor<std::int32_t, 1>(Shape{3}, {7, 1, null_label})};
//     Captions captions{Tensor<std::int32_t, 2>(Shape{3, 2}, {4, 5, 2, null_token, null_token, null_token})};
//     const std::uint8_t second[] = {0, 1, 0};
//     Conditions both(labels, captions);
//     auto less = both.withhold(second);
//     auto ids = part_of<ClassLabels>(less).ids;                       // 7, null_label, null_label
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "inkling/core/random.hpp"

namespace ink {

template <class C>
concept Condition = requires(const C& condition, std::span<const std::uint8_t> rows) {
  { condition.withhold(rows) } -> std::same_as<C>;
  { condition.joined(condition) } -> std::same_as<C>;
};

namespace detail {

/// x with the rows that have a nonzero entry filled.
template <class T, int R>
Tensor<T, R> fill_rows(const char* condition, Tensor<T, R> x, std::span<const std::uint8_t> rows, T fill) {
  const auto n = static_cast<Index>(rows.size());
  if (n != x.extent(0)) {
    throw ShapeError(text(condition, ": the condition is ", x.shape(), ", entries to withhold are ", n,
                          "; there must be one per row"));
  }
  const Index each = n > 0 ? x.size() / n : 0;
  T* out = x.mutable_data();
  for (Index i = 0; i < n; ++i) {
    if (rows[static_cast<std::size_t>(i)] != 0) std::fill_n(out + i * each, each, fill);
  }
  return x;
}

template <class T, int R>
Tensor<T, R> join_rows(const char* condition, const Tensor<T, R>& a, const Tensor<T, R>& b) {
  Shape<R> shape = b.shape();
  shape[0] = a.extent(0);
  if (shape != a.shape()) {
    throw ShapeError(text(condition, ": ", a.shape(), " is joined with ", b.shape(), "; only [0] may differ"));
  }
  shape[0] += b.extent(0);
  auto both = Tensor<T, R>::uninitialized(shape);
  std::copy_n(b.data(), b.size(), std::copy_n(a.data(), a.size(), both.mutable_data()));
  return both;
}

}  // namespace detail

struct Unconditional {
  Unconditional withhold(std::span<const std::uint8_t>) const { return {}; }
  Unconditional joined(const Unconditional&) const { return {}; }
};

inline constexpr std::int32_t null_label = -1;

struct ClassLabels {
  Tensor<std::int32_t, 1> ids;
  bool of_data = false;  ///< what a batch has anyway: told to a network that hears classes, no concern of another

  ClassLabels withhold(std::span<const std::uint8_t> rows) const {
    return {detail::fill_rows("ClassLabels", ids, rows, null_label), of_data};
  }
  ClassLabels joined(const ClassLabels& more) const {
    return {detail::join_rows("ClassLabels", ids, more.ids), of_data && more.of_data};
  }
};

inline constexpr std::int32_t null_token = -1;

struct Captions {
  Tensor<std::int32_t, 2> ids;

  Captions withhold(std::span<const std::uint8_t> rows) const {
    return {detail::fill_rows("Captions", ids, rows, null_token)};
  }
  Captions joined(const Captions& more) const { return {detail::join_rows("Captions", ids, more.ids)}; }
};

struct Sketch {
  Tensor<float, 4> image;

  Sketch withhold(std::span<const std::uint8_t> rows) const { return {detail::fill_rows("Sketch", image, rows, 0.0f)}; }
  Sketch joined(const Sketch& more) const { return {detail::join_rows("Sketch", image, more.image)}; }
};

namespace detail {

template <class C, class... Others>
inline constexpr bool differ = (!std::is_same_v<C, Others> && ...) && differ<Others...>;
template <class C>
inline constexpr bool differ<C> = true;

}  // namespace detail

template <Condition... C>
struct Conditions {
  static_assert(sizeof...(C) > 0 && detail::differ<C...>,
                "Conditions: two parts are of one type; a network would hear the first alone");
  std::tuple<C...> parts;

  explicit Conditions(C... c) : parts(std::move(c)...) {}

  Conditions withhold(std::span<const std::uint8_t> rows) const {
    return std::apply([&](const C&... c) { return Conditions(c.withhold(rows)...); }, parts);
  }
  Conditions joined(const Conditions& more) const {
    return std::apply([&](const C&... c) { return Conditions(c.joined(std::get<C>(more.parts))...); }, parts);
  }
};

namespace detail {

template <class P, class C>
inline constexpr int parts_that_are = std::is_base_of_v<P, C> ? 1 : 0;
template <class P, class... C>
inline constexpr int parts_that_are<P, Conditions<C...>> = (0 + ... + parts_that_are<P, C>);

}  // namespace detail

/// The part of a condition that is a P, or Unconditional if there is none.
template <class P, class C>
decltype(auto) part_of(const C& condition) {
  if constexpr (std::is_base_of_v<P, C>) {
    return static_cast<const P&>(condition);
  } else {
    return Unconditional{};
  }
}

template <class P, class First, class... C>
decltype(auto) part_of(const Conditions<First, C...>& condition) {
  constexpr int found = detail::parts_that_are<P, Conditions<First, C...>>;
  static_assert(found < 2, "part_of: two parts of the condition are of the type that is asked for");
  if constexpr (found == 0) {
    return Unconditional{};
  } else {
    constexpr std::size_t place = [] {
      constexpr bool has[] = {detail::parts_that_are<P, First> == 1, (detail::parts_that_are<P, C> == 1)...};
      std::size_t i = 0;
      while (!has[i]) ++i;
      return i;
    }();
    return part_of<P>(std::get<place>(condition.parts));
  }
}

/// The condition with nothing told of any of its `rows`.
template <Condition C>
C withhold_all(const C& condition, Index rows) {
  return condition.withhold(Tensor<std::uint8_t, 1>(Shape<1>{rows}, std::uint8_t{1}).values());
}

/// One of the parts that a network may be told: the option that says so, and whether it does.
template <class P>
struct Hears {
  const char* option;
  bool on;
};

namespace detail {

/// The first row that has something other than `null`, or −1.
template <class T, int R>
Index first_told(const Tensor<T, R>& x, T null) {
  const auto all = x.values();
  const auto at = std::find_if(all.begin(), all.end(), [null](T v) { return v != null; });
  return at == all.end() ? -1 : (at - all.begin()) / (x.size() / x.extent(0));
}

inline Index first_told(const ClassLabels& c) { return c.of_data ? -1 : first_told(c.ids, null_label); }
inline Index first_told(const Captions& c) { return first_told(c.ids, null_token); }
inline Index first_told(const Sketch& c) { return first_told(c.image, 0.0f); }

inline const char* name_of(const ClassLabels&) { return "its class"; }
inline const char* name_of(const Captions&) { return "a caption"; }
inline const char* name_of(const Sketch&) { return "a sketch"; }

template <class C, class P>
void check_part(const char* network, const C& condition, const Hears<P>& hears) {
  if constexpr (std::is_base_of_v<P, C>) {
    const P& part = condition;
    const Index row = hears.on ? -1 : first_told(part);
    if (row < 0) return;
    throw ValueError(text(network, ": image ", row, " is told ", name_of(part), ", ", hears.option,
                          " is 0; a network hears only what its options name"));
  }
}

}  // namespace detail

/// Refuses what a network can't hear: check_told("net", condition, Hears<ClassLabels>{"classes", classes > 0}).
template <class C, class... P>
void check_told(const char* network, const C& condition, const Hears<P>&... hears) {
  static_assert((std::is_base_of_v<P, C> || ...),
                "a network is told what it can't hear: its header lists the conditions that it takes, "
                "nn/condition.hpp says what they are");
  (detail::check_part(network, condition, hears), ...);
}
template <class... P>
void check_told(const char*, const Unconditional&, const Hears<P>&...) {}
template <class... C, class... P>
void check_told(const char* network, const Conditions<C...>& condition, const Hears<P>&... hears) {
  std::apply([&](const C&... part) { (check_told(network, part, hears...), ...); }, condition.parts);
}

namespace detail {

/// The sketch of every image as one channel beside x (N, H, W, …): zeros where none is told.
template <class T, class C>
Tensor<T, 4> sketch_channel(const char* network, const Shape<4>& x, const C& condition) {
  const Shape<4> shape{x[0], x[1], x[2], 1};
  const auto& told = part_of<Sketch>(condition);
  if constexpr (std::is_same_v<std::remove_cvref_t<decltype(told)>, Sketch>) {
    if (told.image.shape() != shape) {
      throw ShapeError(text(network, ": x is ", x, ", the sketch is ", told.image.shape(), "; it must be ", shape));
    }
    return told.image.template cast<T>();
  } else {
    return Tensor<T, 4>(shape);
  }
}

}  // namespace detail

/// The condition of `rows` images, each replaced by "not told" with the given probability.
template <Condition C>
C drop_condition(const C& condition, Index rows, double rate, Key key) {
  if (!(rate >= 0 && rate <= 1)) throw ValueError(text("drop_condition: rate is ", rate, "; it must be in [0, 1]"));
  if (rate == 0) return condition;
  const auto u = uniform<double>(Shape{rows}, key);
  Tensor<std::uint8_t, 1> withheld(u.shape());
  for (Index i = 0; i < rows; ++i) withheld(i) = u(i) < rate;
  return condition.withhold(withheld.values());
}

}  // namespace ink
