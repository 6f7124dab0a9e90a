#include "study/claims/spiral.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/io/png_reader.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/nn/time_embedding.hpp"
#include "inkling/ops/reshape.hpp"
#include "study/claims/targets_map.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

constexpr Index width = 128;
constexpr double weight = 0.06;  // of a training
constexpr Index side = 96;       // of a picture of points

/// Points along a spiral in [−1, 1]²: (N, 2).
Tensor<float, 2> spiral(Index count, Key key) {
  Tensor<float, 2> points({count, 2});
  const auto u = uniform<float>(Shape{count}, key.fold(0));
  const auto noise = normal<float>(Shape{count, 2}, key.fold(1));
  for (Index i = 0; i < count; ++i) {
    const float turn = 1.5f + 9.5f * std::sqrt(u(i)), radius = turn / 12;
    points(i, 0) = radius * std::cos(turn) + 0.015f * noise(i, 0);
    points(i, 1) = radius * std::sin(turn) + 0.015f * noise(i, 1);
  }
  return points;
}

/// The plane that the spiral is laid into: two directions of length 1 at a right angle. Of two dimensions a rotation.
struct Plane {
  std::vector<double> first, second;

  Plane(Index dimensions, Key key) {
    const auto numbers = normal<double>(Shape{2, dimensions}, key);
    first.assign(numbers.data(), numbers.data() + dimensions);
    second.assign(numbers.data() + dimensions, numbers.data() + 2 * dimensions);
    scale(first, 1 / std::sqrt(dot(first, first)));
    const double shared = dot(first, second);
    for (std::size_t i = 0; i < first.size(); ++i) second[i] -= shared * first[i];
    scale(second, 1 / std::sqrt(dot(second, second)));
  }

  /// (N, 2) as "images" of one row of D pixels.
  Tensor<float, 4> lay(const Tensor<float, 2>& points) const {
    const Index dimensions = static_cast<Index>(first.size());
    Tensor<float, 4> laid({points.extent(0), 1, dimensions, 1});
    for (Index n = 0; n < points.extent(0); ++n) {
      for (Index i = 0; i < dimensions; ++i) {
        const auto at = static_cast<std::size_t>(i);
        laid(n, 0, i, 0) = static_cast<float>(first[at] * static_cast<double>(points(n, 0)) +
                                              second[at] * static_cast<double>(points(n, 1)));
      }
    }
    return laid;
  }

  struct Seen {
    Tensor<float, 2> points;
    double outside = 0;  ///< the plane: root mean square distance
  };
  Seen see(const Tensor<float, 4>& laid) const {
    const Index count = laid.extent(0);
    Seen seen{Tensor<float, 2>({count, 2})};
    for (Index n = 0; n < count; ++n) {
      const float* x = laid.data() + n * static_cast<Index>(first.size());
      const std::vector<double> point(x, x + first.size());
      const double a = dot(first, point), b = dot(second, point);
      seen.points(n, 0) = static_cast<float>(a);
      seen.points(n, 1) = static_cast<float>(b);
      seen.outside += std::max(0.0, dot(point, point) - a * a - b * b) / static_cast<double>(count);
    }
    seen.outside = std::sqrt(seen.outside);
    return seen;
  }

 private:
  static double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  }
  static void scale(std::vector<double>& a, double by) {
    for (double& v : a) v *= by;
  }
};

/// Five layers; the second is told the noise level.
struct PointNetwork {
  using value_type = float;
  Index dimensions;
  TimeEmbedding<float> time;
  Linear<float> first, second, third, fourth, head;

  PointNetwork(Index d, Key key)
      : dimensions(d),
        time({.features = 32, .width = width}, key.fold(0)),
        first({.in = d, .out = width}, key.fold(1)),
        second({.in = width, .out = width}, key.fold(2)),
        third({.in = width, .out = width}, key.fold(3)),
        fourth({.in = width, .out = width}, key.fold(4)),
        head({.in = width, .out = d}, key.fold(5)) {}

  template <TensorLike X, class C>
  auto operator()(const X& x, const Tensor<float, 1>& level, const C&) const {
    const Index n = value(x).extent(0);
    const auto h = silu(first(reshape(x, Shape<2>{n, dimensions})) + time(constant_on(x, level)));
    return reshape(head(silu(fourth(silu(third(silu(second(h))))))), Shape<4>{n, 1, dimensions, 1});
  }

  static void visit(auto& self, auto&& f) {
    f("time", self.time);
    f("first", self.first);
    f("second", self.second);
    f("third", self.third);
    f("fourth", self.fourth);
    f("head", self.head);
  }
};

struct PointBatch {
  Tensor<float, 4> images;
  Tensor<std::int32_t, 1> labels;
};

/// The three targets as one type.
struct PointTarget {
  std::string name;

  Mix operator()(Scales s) const {
    if (name == "clean") return CleanTarget{}(s);
    return name == "noise" ? NoiseTarget{}(s) : VelocityTarget{}(s);
  }
};

/// Without bias: a point is not compared with itself.
double energy_distance(const Tensor<float, 2>& x, const Tensor<float, 2>& y) {
  const auto between = [](const Tensor<float, 2>& a, const Tensor<float, 2>& b, bool same) {
    double sum = 0;
    for (Index i = 0; i < a.extent(0); ++i) {
      for (Index j = 0; j < b.extent(0); ++j) {
        sum += std::hypot(static_cast<double>(a(i, 0) - b(j, 0)), static_cast<double>(a(i, 1) - b(j, 1)));
      }
    }
    return sum / (static_cast<double>(a.extent(0)) * static_cast<double>(b.extent(0) - (same ? 1 : 0)));
  };
  return std::max(0.0, 2 * between(x, y, false) - between(x, x, true) - between(y, y, true));
}

/// How often each cell of a square around the spiral is hit.
Tensor<float, 3> scatter(const Tensor<float, 2>& points) {
  Tensor<float, 3> picture(Shape{side, side, 1}, -1.0f);
  for (Index i = 0; i < points.extent(0); ++i) {
    const double column = std::floor((static_cast<double>(points(i, 0)) + 1.1) / 2.2 * side);
    const double row = std::floor((1.1 - static_cast<double>(points(i, 1))) / 2.2 * side);
    if (!(row >= 0 && row < side && column >= 0 && column < side)) continue;
    float& pixel = picture(static_cast<Index>(row), static_cast<Index>(column), 0);
    pixel = std::min(1.0f, pixel + 0.7f);
  }
  return picture;
}

Record learn_spiral(Bench& bench, int dimensions, const std::string& target, int seed) {
  const Key key = bench.shared_key(static_cast<std::uint64_t>(seed)).fold(static_cast<std::uint64_t>(dimensions));
  const Plane plane(dimensions, key.fold(0));
  const auto batches = [&plane, key](Index step, Key) {
    const Key now = key.fold(1).fold(static_cast<std::uint64_t>(step));
    return PointBatch{plane.lay(spiral(128, now)), Tensor<std::int32_t, 1>(Shape{128})};
  };
  Record record;
  const auto model =
      bench.train(record, Diffusion(PointNetwork(dimensions, key.fold(2)), LinearBeta{}, PointTarget{target}), batches,
                  {.batch_size = 128, .lr = 2e-3, .weight_decay = 0, .ema_decay = 0.99});
  const Index count = bench.settings().steps > 0 ? 50 : 1000;
  const auto drawn = bench.sampling([&] {
    const auto start = model.prior(Shape{count, 1, dimensions, 1}, key.fold(3));
    return sample(Ddim{.steps = bench.settings().steps > 0 ? 3 : 50}, model, start, key.fold(4), Unconditional{});
  });
  const auto seen = plane.see(drawn);
  const auto data = spiral(count, key.fold(5));
  const double distance = energy_distance(seen.points, data);
  record.set("plane", std::isfinite(distance) ? distance : std::numeric_limits<double>::infinity());
  record.set("outside", std::isfinite(seen.outside) ? seen.outside : std::numeric_limits<double>::infinity());
  if (seed == 1) io::write_png(bench.picture(spiral_name(dimensions, target)), scatter(seen.points));
  return record;
}

/// All targets' points, a row a target, a column a dimension.
Record draw_points(Bench& bench) {
  std::vector<Tensor<float, 3>> rows;
  for (const std::string& target : spiral_targets()) {
    std::vector<Tensor<float, 3>> row;
    for (const int d : spiral_dimensions()) {
      if (!bench.results().has(spiral_name(d, target) + ".1")) continue;
      row.push_back(io::read_png<float>(bench.picture(spiral_name(d, target)), {.channels = 1}));
      row.push_back(Tensor<float, 3>(Shape{side, 2, 1}, 1.0f));
    }
    rows.push_back(concat(1, row));
    rows.push_back(Tensor<float, 3>(Shape{2, rows.back().extent(1), 1}, 1.0f));
  }
  io::write_png(bench.picture("spiral.picture"), concat(0, rows));
  return {};
}

std::vector<std::string> all_names(const Results& results) {
  std::vector<std::string> all;
  for (const int d : spiral_dimensions()) {
    for (const std::string& target : spiral_targets()) {
      for (const std::string& name : seeds_of(results, spiral_name(d, target))) all.push_back(name);
    }
  }
  return all;
}

Spread seeds_spread(const Results& results, int dimensions, const std::string& target, const std::string& what) {
  Spread s = spread(results.of_seeds(spiral_name(dimensions, target), what));
  if (s.count > 0 && !std::isfinite(s.high)) {
    s.mean = s.high;
    s.error = 0;
  }
  return s;
}

Chart distance_chart(const Results& results) {
  Chart chart{.title = "A spiral laid into D dimensions",
              .alternative =
                  "Lines of three targets against the number of dimensions: how far what is drawn is from "
                  "the spiral.",
              .x = {"dimensions D", true},
              .y = {"energy distance in the plane", true},
              .series = {}};
  chart.caption =
      "Five layers of width 128, equal seconds, three seeds. Energy distance of 1,000 drawn points, seen in "
      "the spiral's plane, from as many points of the spiral; lower is better.";
  chart.tasks = all_names(results);
  for (const std::string& target : spiral_targets()) {
    Series series{target, {}};
    for (const int d : spiral_dimensions()) {
      const Spread s = spiral_distance(results, d, target);
      if (s.count == 0 || !std::isfinite(s.mean)) continue;
      series.points.push_back({static_cast<double>(d), s.mean, s.low, s.high});
    }
    chart.series.push_back(series);
  }
  return chart;
}

Table outside_table(const Results& results) {
  Table table{.caption =
                  "Distance of drawn points from the spiral's plane, root mean square; the spiral's radius is "
                  "0.9. The noise that began them is √(D − 2) away from it.",
              .columns = {"target"},
              .rows = {},
              .tasks = all_names(results)};
  for (const int d : spiral_dimensions()) table.columns.push_back("D = " + std::to_string(d));
  for (const std::string& target : spiral_targets()) {
    std::vector<std::string> row{target};
    for (const int d : spiral_dimensions()) row.push_back(distance_text(seeds_spread(results, d, target, "outside")));
    table.rows.push_back(row);
  }
  return table;
}

}  // namespace

std::string spiral_name(int dimensions, const std::string& target) {
  return "spiral." + std::to_string(dimensions) + "." + target;
}

std::vector<Task> spiral_tasks(const Settings& s) {
  std::vector<Task> tasks;
  Task picture{.name = "spiral.picture", .training = 0, .measuring = 0.1, .run = draw_points};
  for (const int d : spiral_dimensions()) {
    if (s.steps > 0 && d != 2 && d != 512) continue;
    for (const std::string& target : spiral_targets()) {
      for (int seed = 1; seed <= (s.steps > 0 ? 1 : seeds); ++seed) {
        tasks.push_back({.name = spiral_name(d, target) + "." + std::to_string(seed),
                         .training = weight,
                         .measuring = 1,
                         .run = [d, target, seed](Bench& bench) { return learn_spiral(bench, d, target, seed); }});
      }
      picture.needs.push_back(spiral_name(d, target) + ".1");
    }
  }
  tasks.push_back(picture);
  return tasks;
}

Spread spiral_distance(const Results& results, int dimensions, const std::string& target) {
  return seeds_spread(results, dimensions, target, "plane");
}

std::vector<Block> spiral_blocks(const Results& results) {
  return {distance_chart(results), outside_table(results),
          Picture{.file = results.picture("spiral.picture"),
                  .alternative = "Clouds of points, a row for each target and a column for each number of dimensions: "
                                 "where the spiral was learnt, it shows.",
                  .caption = "What was drawn, seen in the spiral's plane. Rows: the clean point, the noise, the "
                             "velocity. Columns: from 2 to 512 dimensions.",
                  .scale = 1,
                  .tasks = {"spiral.picture"}}};
}

}  // namespace study
