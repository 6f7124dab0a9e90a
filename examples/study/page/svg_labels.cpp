#include "study/page/svg_labels.hpp"

#include <algorithm>

namespace study {

double LabelPlacer::cost(const Box& box) const {
  double sum = 0;
  for (const Box& other : taken_) {
    const bool apart =
        box.right < other.left || other.right < box.left || box.bottom < other.top || other.bottom < box.top;
    sum += apart ? 0 : 1000;
  }
  for (const Place& p : points_) {
    const bool covered = p.x > box.left - 4 && p.x < box.right + 4 && p.y > box.top - 4 && p.y < box.bottom + 4;
    sum += covered ? 1 : 0;
  }
  return sum + (box.top < top_ - 2 || box.bottom > bottom_ ? 100 : 0);
}

LabelPlacer::Place LabelPlacer::beside_line(double y, double width, double height) {
  const double room = std::max(0.0, right_ - left_ - width - 8);
  Place best{};
  Box best_box{};
  double lowest = 1e300;
  for (const double baseline : {y - 5, y + height}) {
    for (const double share : {1.0, 0.0, 0.5, 0.75, 0.25}) {
      const double x = left_ + 4 + share * room;
      const Box box{x, baseline - height + 2, x + width, baseline + 3};
      const double c = cost(box);
      if (c < lowest) {
        lowest = c;
        best = {x, baseline};
        best_box = box;
      }
    }
  }
  taken_.push_back(best_box);
  return best;
}

}  // namespace study
