// Tape: the record of a computation, walked backwards once to give gradients.
//
// Reverse-mode automatic differentiation (S. Linnainmaa, 1970). The tape is a flat list of nodes in the order they were
// computed; a node holds the gradient code of one operation and the values it needs, and dies as soon as it has run.
// Gradients are returned, not stored in the parameters: several tapes may run over one const model at the same time.
//
// Gradients that are too small for a normal number are zero (core/flush_denormals.hpp).
//
// Errors: ValueError when a tape is walked twice, when the loss was not recorded on it, or when two tapes meet in one
// operation; ShapeError when gradient code returns the wrong number of elements.
//
// Example:
//     Tape tape;
//     auto w = tape.variable(Tensor<double, 1>(Shape{2}, {3.0, 4.0}));
//     auto loss = sum(w * w);
//     Gradients gradients = tape.backward(loss);
//     Tensor<double, 1> g = gradients[w];                  // 6, 8
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "inkling/autograd/gradients.hpp"
#include "inkling/core/tensor.hpp"

namespace ink {

class Tape;

/// A recorded value. Ids below zero mark constants: no gradient flows to them.
template <class T, int R>
class Var {
 public:
  using value_type = T;
  static constexpr int rank = R;

  Var(Tape& tape, int id, Tensor<T, R> value) : tape_(&tape), id_(id), value_(std::move(value)) {}

  const Tensor<T, R>& value() const { return value_; }
  const Shape<R>& shape() const { return value_.shape(); }
  Index extent(int axis) const { return value_.extent(axis); }
  Index size() const { return value_.size(); }
  T item() const { return value_.item(); }
  Tensor<T, R> take() && { return std::move(value_); }  ///< the value of a variable that is not used again

  Tape& tape() const { return *tape_; }
  int id() const { return id_; }
  bool wants_gradient() const { return id_ >= 0; }

 private:
  Tape* tape_;
  int id_;
  Tensor<T, R> value_;
};

template <class T, int R>
struct Parameter;

class Tape {
 public:
  Tape() = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  ~Tape() {
    for (auto& node : nodes_) node.destroy();
  }

  /// A leaf whose gradient `backward` returns.
  template <class T, int R>
  Var<T, R> variable(Tensor<T, R> value) {
    const int id = push_leaf(value.size());
    leaves_.push_back({id, nullptr, detail::gradient_type<T>()});
    return {*this, id, std::move(value)};
  }

  /// A value that takes part in recorded operations and receives no gradient.
  template <class T, int R>
  Var<T, R> constant(Tensor<T, R> value) {
    return {*this, -1, std::move(value)};
  }

  /// The leaf of a model's parameter: one per tape, however often it is used.
  template <class T, int R>
  Var<T, R> parameter(const Parameter<T, R>& p) {
    const int id = leaf_of(&p, [&](int node) {
      push_leaf(p.value.size());
      leaves_.push_back({node, &p, detail::gradient_type<T>()});
    });
    return {*this, id, p.value};
  }

  /// Gradients of a scalar with respect to every leaf it depends on. Walks the tape, once.
  template <class T>
  Gradients backward(const Var<T, 0>& loss) {
    if (&loss.tape() != this) throw ValueError("backward: the loss was recorded on another tape");
    if (walked_) throw ValueError("backward: this tape was already walked; record the computation again");
    const FlushDenormals guard;
    walked_ = true;
    slots_.resize(nodes_.size());
    if (loss.wants_gradient()) deliver(loss.id(), Tensor<T, 0>(T{1}));
    walk();
    Gradients result;
    for (const auto& leaf : leaves_) {
      const auto id = static_cast<std::size_t>(leaf.id);
      result.insert({leaf.id, leaf.parameter, leaf.type, std::move(slots_[id])});
    }
    slots_.clear();
    return result;
  }

  std::size_t size() const { return nodes_.size(); }

  /// The leaf of a part of a computation, recorded again on this tape, that stands for variable `x` of the whole's
  /// tape: one for every variable, however often it is used.
  template <class T, int R>
  Var<T, R> stand_in(const Var<T, R>& x) {
    if (!x.wants_gradient()) return constant(x.value());
    for (const auto& leaf : leaves_) {
      if (!leaf.parameter && leaf.outer == x.id()) return {*this, leaf.id, x.value()};
    }
    auto inner = variable(x.value());
    leaves_.back().outer = x.id();
    return inner;
  }

  /// Walks this tape, on which a part was recorded again, while that of the whole is being walked. The part's result is
  /// node `id`. Its leaves' gradients are taken over from the whole and handed back, not summed here and added there:
  /// every sum has the order, and so the bits, that it has if the part is recorded on the whole's tape.
  void backward_within(Tape& whole, int id, detail::Storage gradient) {
    walked_ = true;
    outer_ = &whole;
    slots_.resize(nodes_.size());
    const auto at = static_cast<std::size_t>(id);
    slots_[at] = std::move(gradient);
    for (auto& leaf : leaves_) borrow(leaf);
    walk();
    for (const auto& leaf : leaves_) {
      whole.slots_[static_cast<std::size_t>(leaf.outer)] = std::move(slots_[static_cast<std::size_t>(leaf.id)]);
    }
    slots_.clear();
  }

  /// Adds to the gradient of node `id`. Called by gradient code.
  template <class T, int R>
  void deliver(int id, Tensor<T, R> gradient) {
    const auto at = static_cast<std::size_t>(id);
    check_size(id, gradient.shape());
    if (gradient.empty()) return;
    detail::Storage arriving = gradient.storage();
    gradient = Tensor<T, R>();
    if (slots_[at]) {
      detail::gradient_type<T>().add(slots_[at], arriving);
    } else {
      slots_[at] = std::move(arriving);
    }
  }

  /// Hands f the gradient of node `id` collected so far, to be changed in place: what gradient code that touches few of
  /// many elements uses.
  template <class T, int R, class F>
  void update(int id, const Shape<R>& shape, F&& f) {
    const auto at = static_cast<std::size_t>(id);
    check_size(id, shape);
    if (shape.size() == 0) return;
    auto gradient = slots_[at] ? Tensor<T, R>::adopt(shape, std::move(slots_[at])) : Tensor<T, R>(shape);
    f(gradient);
    slots_[at] = gradient.storage();
  }

  /// Appends an operation; `Node` has run(Tape&, Storage) and is kept until it has run.
  template <class Node>
  int push(Index elements, Node node) {
    if (walked_) throw ValueError("record: this tape was already walked; use a new tape");
    void* place = arena_.allocate(sizeof(Node), alignof(Node));
    auto* object = ::new (place) Node(std::move(node));
    nodes_.push_back({[](void* self, Tape& tape, detail::Storage gradient) {
      static_cast<Node*>(self)->run(tape, std::move(gradient));
    }, [](void* self) { static_cast<Node*>(self)->~Node(); }, object, elements});
    return static_cast<int>(nodes_.size()) - 1;
  }

 private:
  struct Record {
    void (*run)(void*, Tape&, detail::Storage) = nullptr;
    void (*end)(void*) = nullptr;
    void* object = nullptr;
    Index elements = 0;

    void destroy() {
      if (object) end(std::exchange(object, nullptr));
    }
  };

  struct KnownParameter {
    std::uintptr_t address;
    int node;
  };

  struct Leaf {
    int id;
    const void* parameter;
    detail::GradientType type;
    int outer = -1;  ///< of an inner tape: the leaf's node on the tape of the whole
  };

  /// Places for the nodes: chunks from the pool, filled from the front, freed together.
  class Arena {
   public:
    void* allocate(std::size_t bytes, std::size_t alignment) {
      std::size_t at = (used_ + alignment - 1) / alignment * alignment;
      if (chunks_.empty() || at + bytes > chunks_.back().bytes()) {
        chunks_.emplace_back(bytes > chunk_bytes ? bytes : chunk_bytes);
        at = 0;
      }
      used_ = at + bytes;
      return chunks_.back().data() + at;
    }

   private:
    static constexpr std::size_t chunk_bytes = 65472;
    detail::PoolVector<detail::Storage> chunks_;
    std::size_t used_ = 0;
  };

  template <int R>
  void check_size(int id, const Shape<R>& gradient) const {
    const Index elements = nodes_[static_cast<std::size_t>(id)].elements;
    if (gradient.size() != elements) {
      throw ShapeError(
          text("backward: gradient is ", gradient, ", its value has ", elements, " elements; both must be equal"));
    }
  }

  int push_leaf(Index elements) {
    if (walked_) throw ValueError("record: this tape was already walked; use a new tape");
    nodes_.push_back({nullptr, nullptr, nullptr, elements});
    return static_cast<int>(nodes_.size()) - 1;
  }

  void walk() {
    for (auto i = nodes_.size(); i-- > 0;) {
      if (nodes_[i].run && slots_[i]) nodes_[i].run(nodes_[i].object, *this, std::move(slots_[i]));
      nodes_[i].destroy();
    }
  }

  /// Takes over what the whole has of a leaf's gradient.
  void borrow(Leaf& leaf) {
    const auto at = static_cast<std::size_t>(leaf.id);
    if (leaf.parameter) leaf.outer = outer_->find_or_add(leaf, nodes_[at].elements);
    auto& theirs = outer_->slots_[static_cast<std::size_t>(leaf.outer)];
    if (!slots_[at]) {
      slots_[at] = std::move(theirs);
    } else if (theirs) {  // the part's result is one of its leaves
      leaf.type.add(slots_[at], std::exchange(theirs, {}));
    }
  }

  /// The node of a parameter's leaf, which a part that was recorded again may be the first to use.
  int find_or_add(const Leaf& leaf, Index elements) {
    return leaf_of(leaf.parameter, [&](int node) {
      nodes_.push_back({nullptr, nullptr, nullptr, elements});
      slots_.emplace_back();
      leaves_.push_back({node, leaf.parameter, leaf.type});
      if (outer_) borrow(leaves_.back());
    });
  }

  /// The node of a parameter's leaf; add(node) makes it at its first use.
  template <class Add>
  int leaf_of(const void* parameter, Add add) {
    const auto address = reinterpret_cast<std::uintptr_t>(parameter);
    const auto at = std::lower_bound(parameters_.begin(), parameters_.end(), address,
                                     [](const KnownParameter& p, std::uintptr_t a) { return p.address < a; });
    if (at != parameters_.end() && at->address == address) return at->node;
    const int node = static_cast<int>(nodes_.size());
    parameters_.insert(at, {address, node});
    add(node);
    return node;
  }

  Arena arena_;
  detail::PoolVector<Record> nodes_;
  detail::PoolVector<Leaf> leaves_;
  detail::PoolVector<detail::Storage> slots_;
  detail::PoolVector<KnownParameter> parameters_;  // by address
  Tape* outer_ = nullptr;
  bool walked_ = false;
};

}  // namespace ink
