// Matrix products and the linear layer's map.
//
//   matmul(a, b)          y = a b          a (…, K), b (K, N) -> (…, N): every row of a, whatever its leading axes
//   linear(x, w, b)       y = x w + b      x (…, K), w (K, N), b (N) -> (…, N); the bias is added inside the product
//   bmm(a, b)             yᵢ = aᵢ bᵢ       a (B, M, K), b (B, K, N) -> (B, M, N)
//
// matmul and bmm take {.transpose_a, .transpose_b}: the operand is then stored the other way round, a as (K, M), b as
// (N, K); no transposed copy is made, here or in the gradients. `transpose_a` needs an `a` of rank 2 in matmul. Extents
// may be 0: an empty sum is 0.
//
//   ∂a = dy bᵀ     ∂b = aᵀ dy     ∂bias = Σ rows of dy
//
// Errors: ShapeError if the inner extents, the batches or the bias do not fit.
//
// Example:
//     auto x = normal<float>(Shape{8, 49, 16}, Key{1});
//     auto w = normal<float>(Shape{16, 32}, Key{2});
//     auto y = linear(x, w, Tensor<float, 1>(Shape{32}));                    // (8, 49, 32)
//     auto gram = matmul(w, w, {.transpose_b = true});                       // (16, 16)
//     auto scores = bmm(x, x, {.transpose_b = true});                        // (8, 49, 49)
#pragma once

#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/kernels/gemm.hpp"
#include "inkling/kernels/reduce.hpp"
#include "inkling/kernels/weight_gradient.hpp"

namespace ink {

struct MatmulOptions {
  bool transpose_a = false, transpose_b = false;
};

namespace detail {

/// One product op(A) op(B) as it is stored, or `batch` of them side by side.
struct Product {
  MatmulOptions options;
  Index batch = 1, m = 0, n = 0, k = 0;

  template <class T>
  static void run(Index batch, bool ta, bool tb, Index m, Index n, Index k, const T* a, const T* b, T* c,
                  const T* bias = nullptr) {
    using kernels::Trans;
    if (batch * m * n == 0) return;
    const Trans trans_a = ta ? Trans::yes : Trans::no, trans_b = tb ? Trans::yes : Trans::no;
    const kernels::GemmOptions<T> gemm_options{.bias = bias};
    const Index lda = ta ? m : k, ldb = tb ? k : n;
    if (batch == 1) return kernels::gemm(trans_a, trans_b, m, n, k, a, lda, b, ldb, c, n, gemm_options);
    kernels::gemm_batched(batch, trans_a, trans_b, m, n, k, a, lda, m * k, b, ldb, k * n, c, n, m * n, gemm_options);
  }

  template <class T>
  void forward(const T* a, const T* b, T* c, const T* bias = nullptr) const {
    run(batch, options.transpose_a, options.transpose_b, m, n, k, a, b, c, bias);
  }

  /// dA = dC op(B)ᵀ, or its transpose if A is stored so.
  template <class T>
  void gradient_a(const T* b, const T* dc, T* da) const {
    if (options.transpose_a) {
      run(batch, options.transpose_b, true, k, m, n, b, dc, da);
    } else {
      run(batch, false, !options.transpose_b, m, k, n, dc, b, da);
    }
  }

  /// dB = op(A)ᵀ dC, or its transpose if B is stored so.
  template <class T>
  void gradient_b(const T* a, const T* dc, T* db) const {
    if (options.transpose_b) {
      run(batch, true, options.transpose_a, n, k, m, dc, a, db);
    } else {
      run(batch, !options.transpose_a, false, k, n, m, a, dc, db);
    }
  }
};

/// The product of the rows of a with matrix b; `first` and `second` are their names in messages.
template <int R>
Product row_product(const char* operation, const char* first, const Shape<R>& a, const char* second, const Shape<2>& b,
                    MatmulOptions options) {
  if (options.transpose_a && R != 2) {
    throw ShapeError(text(operation, ": ", first, " is ", a, "; transpose_a needs rank 2"));
  }
  const int inner_a = options.transpose_a ? 0 : R - 1, inner_b = options.transpose_b ? 1 : 0;
  if (a[inner_a] != b[inner_b]) {
    throw ShapeError(text(operation, ": ", first, " is ", a, ", ", second, " is ", b, "; ", first, "[", inner_a,
                          "] must equal ", second, "[", inner_b, "]"));
  }
  Product product{options, 1, 1, b[1 - inner_b], a[inner_a]};
  for (int axis = 0; axis < R; ++axis) {
    if (axis != inner_a) product.m *= a[axis];
  }
  return product;
}

template <int R>
Shape<R> product_shape(const Shape<R>& a, const Product& product) {
  Shape<R> shape = a;
  if constexpr (R == 2) shape[0] = product.m;
  shape[R - 1] = product.n;
  return shape;
}

template <class T, int R>
Tensor<T, R> gradient_of_a(const Product& product, const Shape<R>& shape, const T* b, const T* dc) {
  auto da = Tensor<T, R>::uninitialized(shape);
  product.gradient_a(b, dc, da.mutable_data());
  return da;
}

template <class T, int R>
Tensor<T, R> gradient_of_b(const Product& product, const Shape<R>& shape, const T* a, const T* dc) {
  auto db = Tensor<T, R>::uninitialized(shape);
  product.gradient_b(a, dc, db.mutable_data());
  return db;
}

/// The gradients of w and b in y = x w + b, by one product if both are asked for.
template <class T, int R, class Dw, class Db>
void add_weight_gradients(const Product& product, const T* x, const Tensor<T, R>& dy, Dw& dw, Db& db) {
  const Shape<2> shape{product.k, product.n};
  if (!db) return dw.add([&] { return gradient_of_b(product, shape, x, dy.data()); });
  auto bias = Tensor<T, 1>::uninitialized(Shape<1>{product.n});
  if (dw) {
    auto weight = Tensor<T, 2>::uninitialized(shape);
    kernels::weight_gradient(product.m, product.k, product.n, x, dy.data(), weight.mutable_data(), bias.mutable_data());
    dw.add([&] { return std::move(weight); });
  } else {
    kernels::column_sums(product.m, product.n, dy.data(), bias.mutable_data());
  }
  db.add([&] { return std::move(bias); });
}

}  // namespace detail

template <TensorLike A, TensorLikeOfRank<2> B>
  requires(rank_v<A> >= 1)
auto matmul(const A& a, const B& b, MatmulOptions options = {}) {
  using T = scalar_t<A>;
  const auto product = detail::row_product("matmul", "a", value(a).shape(), "b", value(b).shape(), options);
  auto y = Tensor<T, rank_v<A>>::uninitialized(detail::product_shape(value(a).shape(), product));
  product.forward(value(a).data(), value(b).data(), y.mutable_data());
  return record(std::move(y), [product, av = value(a), bv = value(b)](const auto& dy, auto da, auto db) {
    da.add([&] { return detail::gradient_of_a(product, av.shape(), bv.data(), dy.data()); });
    db.add([&] { return detail::gradient_of_b(product, bv.shape(), av.data(), dy.data()); });
  }, a, b);
}

template <TensorLike X, TensorLikeOfRank<2> W, TensorLikeOfRank<1> B>
  requires(rank_v<X> >= 1)
auto linear(const X& x, const W& w, const B& b) {
  using T = scalar_t<X>;
  const auto product = detail::row_product("linear", "x", value(x).shape(), "w", value(w).shape(), {});
  if (value(b).shape()[0] != product.n) {
    throw ShapeError(text("linear: w is ", value(w).shape(), ", b is ", value(b).shape(), "; b[0] must equal w[1]"));
  }
  auto y = Tensor<T, rank_v<X>>::uninitialized(detail::product_shape(value(x).shape(), product));
  product.forward(value(x).data(), value(w).data(), y.mutable_data(), value(b).data());
  return record(std::move(y), [product, xv = value(x), wv = value(w)](const auto& dy, auto dx, auto dw, auto db) {
    dx.add([&] { return detail::gradient_of_a(product, xv.shape(), wv.data(), dy.data()); });
    detail::add_weight_gradients(product, xv.data(), dy, dw, db);
  }, x, w, b);
}

template <TensorLikeOfRank<3> A, TensorLikeOfRank<3> B>
auto bmm(const A& a, const B& b, MatmulOptions options = {}) {
  using T = scalar_t<A>;
  const auto &as = value(a).shape(), &bs = value(b).shape();
  const int inner_a = options.transpose_a ? 1 : 2, inner_b = options.transpose_b ? 2 : 1;
  if (as[0] != bs[0] || as[inner_a] != bs[inner_b]) {
    throw ShapeError(text("bmm: a is ", as, ", b is ", bs, "; b[0] must equal a[0], and a[", inner_a, "] must equal b[",
                          inner_b, "]"));
  }
  const detail::Product product{options, as[0], as[3 - inner_a], bs[3 - inner_b], as[inner_a]};
  auto y = Tensor<T, 3>::uninitialized(Shape<3>{product.batch, product.m, product.n});
  product.forward(value(a).data(), value(b).data(), y.mutable_data());
  return record(std::move(y), [product, av = value(a), bv = value(b)](const auto& dy, auto da, auto db) {
    da.add([&] { return detail::gradient_of_a(product, av.shape(), bv.data(), dy.data()); });
    db.add([&] { return detail::gradient_of_b(product, bv.shape(), av.data(), dy.data()); });
  }, a, b);
}

}  // namespace ink
