// Places for labels beside horizontal lines: where they meet neither each other nor, if there is such a place, points.
#pragma once

#include <vector>

namespace study {

class LabelPlacer {
 public:
  LabelPlacer(double left, double top, double right, double bottom)
      : left_(left), top_(top), right_(right), bottom_(bottom) {}

  /// A point that labels should not cover.
  void avoid(double x, double y) { points_.push_back({x, y}); }

  struct Place {
    double x, y;  ///< where the text begins, on its baseline
  };
  /// For a text of some width and height above or below the line at y; the place is then taken.
  Place beside_line(double y, double width, double height);

 private:
  struct Box {
    double left, top, right, bottom;
  };
  double cost(const Box& box) const;

  double left_, top_, right_, bottom_;
  std::vector<Place> points_;
  std::vector<Box> taken_;
};

}  // namespace study
