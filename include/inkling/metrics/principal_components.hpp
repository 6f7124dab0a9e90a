// Principal components: the directions in which a set of vectors varies most, and its coordinates along them.
//
//   y = W·(x − μ),     the rows of W are the first K eigenvectors of the covariance of the set
//
// The Fréchet distance of images in the coordinates that real ones have (here "FD-PCA64", of pixels, with 64 of them)
// needs no classifier. K. Pearson, "On lines and planes of closest fit to systems of points in space", 1901.
//
// Shapes: x (N, D) -> W (K, D), variances (K), the largest first; project (M, D) -> (M, K).
//
// Errors: ValueError for a number of components outside [1, D], fewer than two rows, or elements that are not finite;
// ShapeError for vectors of another length.
//
// Example:
//     auto real = normal<float>(Shape{1000, 8}, Key{1});
//     metrics::PrincipalComponents axes(real, 3);
//     auto moments = metrics::moments(axes.project(real));                         // in 3 dimensions
#pragma once

#include "inkling/metrics/frechet.hpp"
#include "inkling/metrics/symmetric_eigen.hpp"

namespace ink::metrics {

class PrincipalComponents {
 public:
  template <class T>
  PrincipalComponents(const Tensor<T, 2>& x, Index components) {
    const Index d = x.extent(1);
    if (components < 1 || components > d) {
      throw ValueError(text("PrincipalComponents: components is ", components, ", x is ", x.shape(),
                            "; components must be in [1, x[1]]"));
    }
    auto m = moments(x);
    const auto eigen = symmetric_eigen(m.covariance);
    mean_ = std::move(m.mean);
    axes_ = Tensor<double, 2>::from({components, d},
                                    eigen.vectors.values().first(static_cast<std::size_t>(components * d)));
    variances_ =
        Tensor<double, 1>::from({components}, eigen.values.values().first(static_cast<std::size_t>(components)));
  }

  const Tensor<double, 1>& mean() const { return mean_; }
  const Tensor<double, 2>& axes() const { return axes_; }
  const Tensor<double, 1>& variances() const { return variances_; }

  template <class T>
  Tensor<double, 2> project(const Tensor<T, 2>& x) const {
    const Index rows = x.extent(0), d = mean_.size(), k = axes_.extent(0);
    if (x.extent(1) != d) {
      throw ShapeError(text("PrincipalComponents: x is ", x.shape(), "; x[1] must be ", d));
    }
    Tensor<double, 2> y({rows, k});
    constexpr Index most = 1024;  // rows at a time, which is what is held of x in double
    std::vector<double> centred(static_cast<std::size_t>(std::min(rows, most) * d));
    for (Index begin = 0; begin < rows; begin += most) {
      const Index some = std::min(most, rows - begin);
      for (Index i = 0; i < some * d; ++i) {
        centred[static_cast<std::size_t>(i)] = static_cast<double>(x.data()[begin * d + i]) - mean_.data()[i % d];
      }
      kernels::gemm<double>(kernels::Trans::no, kernels::Trans::yes, some, k, d, centred.data(), d, axes_.data(), d,
                            y.mutable_data() + begin * k, k);
    }
    return y;
  }

 private:
  Tensor<double, 1> mean_, variances_;
  Tensor<double, 2> axes_;
};

}  // namespace ink::metrics
