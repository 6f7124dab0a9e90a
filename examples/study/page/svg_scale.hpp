// Scales of charts: an axis as it is drawn, with its ends and ticks at round numbers.
#pragma once

#include <string>
#include <vector>

#include "study/page/blocks.hpp"

namespace study {

struct Tick {
  double value;
  std::string label;  ///< empty: a small tick
};

struct Scale {
  bool log = false;
  double from = 0, to = 1;
  std::vector<Tick> ticks = {};

  /// 0 at the beginning of the axis, 1 at its end; not finite for what the axis cannot show.
  double place(double value) const;
  bool shows(double value) const;  ///< finite, and not beyond the ends
};

/// Of what is given, and otherwise of the values, as far as the axis can show them. At most about `most` labels. A
/// linear axis ends at a tick if asked to.
Scale make_scale(const Axis& axis, const std::vector<double>& values, int most, bool round_ends = true);

}  // namespace study
