#include "inkling/io/model_file.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/nn/linear.hpp"

namespace model_file_test {

using namespace ink;
using io::Layout;

namespace {

std::string scratch(const std::string& name) { return std::string(INKLING_TEST_TMP) + "/" + name; }

/// A square matrix, another, and a scale.
template <class T = float>
struct Network {
  Linear<T> first, second;
  Parameter<T, 1> gamma{Tensor<T, 1>(Shape{4}, T{1})};

  explicit Network(Key key = Key{1}, Index out = 2)
      : first({.in = 4, .out = 4}, key.fold(0)), second({.in = 4, .out = out}, key.fold(1)) {}

  static void visit(auto& self, auto&& f) {
    f("first", self.first);
    f("second", self.second);
    f("gamma", self.gamma);
  }
};

template <class M>
bool same(const M& a, const M& b) {
  std::string mine, other;
  const auto append = [](std::string& to, const auto& p) {
    to.append(reinterpret_cast<const char*>(p.value.data()), p.value.values().size_bytes());
  };
  for_each_parameter(a, [&](const std::string&, const auto& p) { append(mine, p); });
  for_each_parameter(b, [&](const std::string&, const auto& p) { append(other, p); });
  return mine == other;
}

template <class F>
std::string reason(F f) {
  try {
    f();
  } catch (const IoError& error) {
    return error.reason();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// The file again under other metadata, as another program might write it.
void rewrite(const std::string& path, const std::vector<std::pair<std::string, std::string>>& metadata) {
  const auto old = io::SafeTensors::load(path);
  io::SafeTensors file;
  for (const auto& entry : old.entries()) {
    if (entry.shape.size() == 2) {
      file.add(entry.name, old.get<float, 2>(entry.name));
    } else {
      file.add(entry.name, old.get<float, 1>(entry.name));
    }
  }
  for (const auto& [key, value] : metadata) file.set_metadata(key, value);
  file.save(path);
}

}  // namespace

TEST_CASE("model file: weights and settings, saved and loaded") {
  const auto path = scratch("weights.safetensors");
  const Network<> net;
  save_model(path, net, {{"width", "16"}, {"note", "zwölf \"Boxkämpfer\""}});
  CHECK(io::SafeTensors::load(path).names() ==
        std::vector<std::string>{"first.bias", "first.weight", "gamma", "second.bias", "second.weight"});
  CHECK(read_settings(path) == Settings{{"note", "zwölf \"Boxkämpfer\""}, {"width", "16"}});
  Network<> loaded(Key{2});
  load_model(path, loaded);
  CHECK(same(loaded, net));
  loaded = Network<>(Key{2});
  load_model(path, loaded, {.layout = Layout::native});
  CHECK(same(loaded, net));
}

TEST_CASE("model file: what loses nothing is widened, what would lose is refused") {
  const auto path = scratch("widened.safetensors");
  const Network<> net;
  save_model(path, net);
  Network<double> wide;
  load_model(path, wide);
  CHECK(wide.first.weight.value(1, 3) == static_cast<double>(net.first.weight.value(1, 3)));
  save_model(path, wide);
  Network<> narrow(Key{2});
  CHECK(reason([&] { load_model(path, narrow); }) ==
        "does not fit the model; different 5: \"first.weight\" is F64 (4, 4) and must be F32 (4, 4), \"first.bias\" is "
        "F64 (4) and must be F32 (4), \"second.weight\" is F64 (4, 2) and must be F32 (4, 2), …");
  CHECK(same(narrow, Network<>(Key{2})));
}

TEST_CASE("model file: a file of others says nothing about its layout, so the caller must") {
  const auto path = scratch("others.safetensors");
  const Network<> net;
  Network<> loaded(Key{2});
  const std::string rule =
      ", and a square matrix fits transposed, too; say .layout = io::Layout::torch if its linear weights are (out, "
      "in), "
      "as PyTorch's are, or io::Layout::native if they are (in, out)";
  const auto refused = [&] {
    const auto why = reason([&] { load_model(path, loaded); });
    CHECK(same(loaded, Network<>(Key{2})));
    return why;
  };
  save_model(path, net);
  rewrite(path, {});
  CHECK(refused() == "does not say who wrote it" + rule);
  rewrite(path, {{"format", "pt"}});
  CHECK(refused() == "was written for PyTorch (its metadata say format \"pt\")" + rule);
  rewrite(path, {{"format", "np"}, {"version", "1"}});
  CHECK(refused() == "was written by others (its metadata say format \"np\")" + rule);
  load_model(path, loaded, {.layout = Layout::native});
  CHECK(same(loaded, net));

  // Read as PyTorch's, the square matrix is turned, and the other one shows that this is not what the file holds.
  const auto same_name = [](const std::string& ours) { return ours; };
  CHECK(reason([&] { load_model(path, loaded, {.layout = Layout::torch, .name = same_name}); }) ==
        "does not fit the model; different 1: \"second.weight\" is F32 (4, 2) and must be F32 (2, 4); 1 would fit with "
        "their axes in this library's order, .layout = io::Layout::native");
  const Network<> squares(Key{1}, 4);
  Network<> turned(Key{2}, 4);
  save_model(path, squares);
  rewrite(path, {});
  load_model(path, turned, {.layout = Layout::torch, .name = same_name});
  for (Index i = 0; i < 4; ++i) {
    for (Index o = 0; o < 4; ++o) CHECK(turned.first.weight.value(i, o) == squares.first.weight.value(o, i));
  }

  // What this library wrote says its layout itself.
  save_model(path, squares);
  CHECK(reason([&] { load_model(path, turned, {.layout = Layout::torch}); }) ==
        "was written in this library's own layout; .layout must not be io::Layout::torch");
}

TEST_CASE("model file: written for PyTorch, and back, under other names") {
  const auto path = scratch("for_torch.safetensors");
  const Network<> net;
  save_model(path, net, {{"width", "16"}}, {.layout = Layout::torch});
  const auto file = io::SafeTensors::load(path);
  CHECK(*file.metadata("format") == "pt");
  CHECK(read_settings(path) == Settings{{"width", "16"}});
  CHECK(file.names() ==
        std::vector<std::string>{"first.bias", "first.weight", "second.bias", "second.weight", "weight"});
  CHECK(file.get<float, 2>("second.weight", {2, 4})(1, 3) == net.second.weight.value(3, 1));
  CHECK(file.get<float, 2>("first.weight", {4, 4})(1, 3) == net.first.weight.value(3, 1));
  Network<> loaded(Key{2});
  CHECK(reason([&] { load_model(path, loaded); }).starts_with("was written for PyTorch"));
  load_model(path, loaded, {.layout = Layout::torch});
  CHECK(same(loaded, net));

  const auto names = [](const std::string& ours) { return "module." + io::torch_name(ours); };
  save_model(path, net, {}, {.layout = Layout::torch, .name = names});
  loaded = Network<>(Key{2});
  CHECK(reason([&] { load_model(path, loaded, {.layout = Layout::torch}); }) ==
        "does not fit the model; missing 5 of 5: \"first.weight\", \"first.bias\", \"second.weight\", …; extra 5: "
        "\"module.first.bias\", \"module.first.weight\", \"module.second.bias\", …; 5 of the missing are there with "
        "\"module.\" in front");
  load_model(path, loaded, {.layout = Layout::torch, .name = names});
  CHECK(same(loaded, net));

  // A weight in another order than the rest makes the file one of PyTorch's: nobody may take it for ours.
  const auto mixed = [](const std::string& ours) {
    return ours == "first.weight" ? io::Source(ours).in(Layout::torch) : io::Source(ours);
  };
  save_model(path, net, {}, {.name = mixed});
  CHECK(*io::SafeTensors::load(path).metadata("format") == "pt");
}

TEST_CASE("model file: parameters that are not in the file, tensors that the model has no use for, pieces") {
  const auto path = scratch("parts.safetensors");
  const Network<> net;
  const auto without_bias = [](const std::string& ours) {
    return ours.ends_with("bias") ? io::Source::none() : io::Source(ours);
  };
  save_model(path, net, {}, {.name = without_bias});
  CHECK(io::SafeTensors::load(path).names() == std::vector<std::string>{"first.weight", "gamma", "second.weight"});
  Network<> loaded(Key{2});
  CHECK(reason([&] { load_model(path, loaded); }) ==
        "does not fit the model; missing 2 of 5: \"first.bias\", \"second.bias\"");
  load_model(path, loaded, {.name = without_bias});
  CHECK(loaded.first.weight.value == net.first.weight.value);
  CHECK(loaded.first.bias->value == Network<>(Key{2}).first.bias->value);

  save_model(path, net);
  Linear<float> alone({.in = 4, .out = 4}, Key{2});
  const auto first = [](const std::string& ours) { return "first." + ours; };
  CHECK(reason([&] { load_model(path, alone, {.name = first}); }) ==
        "does not fit the model; extra 3: \"gamma\", \"second.bias\", \"second.weight\"");
  load_model(path, alone, {.name = first, .unused = {"gamma", "second.bias", "second.weight"}});
  CHECK(same(alone, net.first));

  const auto in_pieces = [](const std::string& ours) -> io::Source {
    if (ours == "gamma") return {{"gamma", 0, 2}};
    return {ours};
  };
  CHECK(reason([&] { save_model(path, net, {}, {.name = in_pieces}); }) ==
        "save_model: \"gamma\" is to be in pieces; it must be one whole tensor");
  const auto all_one = [](const std::string&) { return "x"; };
  CHECK(reason([&] { save_model(path, net, {}, {.name = all_one}); }) ==
        "safetensors: name \"x\" is added twice; names must differ");
  load_model(path, loaded);  // what was there is there
  CHECK(same(loaded, net));
}

TEST_CASE("model file: a tied tensor is the one that the metadata name") {
  const auto path = scratch("tied.safetensors");
  const Linear<float> layer({.in = 4, .out = 4}, Key{1});
  save_model(path, layer);
  rewrite(path, {{"head.weight", "weight"}, {"lost", "gone"}});
  Linear<float> loaded({.in = 4, .out = 4}, Key{2});
  const auto named = [](const std::string& weight) {
    return [weight](const std::string& ours) { return ours == "weight" ? weight : ours; };
  };
  load_model(path, loaded, {.layout = Layout::native, .name = named("head.weight")});
  CHECK(same(loaded, layer));
  CHECK(reason([&] { load_model(path, loaded, {.layout = Layout::native, .name = named("lost")}); }) ==
        "does not fit the model; missing 1 of 2: \"lost\"; extra 1: \"weight\"");
}

namespace {

struct Wrong {
  Parameter<float, 1> scale{Tensor<float, 1>(Shape{3})};
  static void visit(auto& self, auto&& f) { f("scale", self.scale, Axes::in_out); }
};

/// So many layers under names of that length.
struct Deep {
  std::string name;
  std::vector<Linear<float>> layers;

  Deep(std::string n, Index width) : name(std::move(n)) {
    for (std::uint64_t i = 0; i < 200; ++i) layers.emplace_back(Linear<float>::Options{.in = width, .out = 1}, Key{i});
  }
  static void visit(auto& self, auto&& f) { f(self.name.c_str(), self.layers); }
};

}  // namespace

TEST_CASE("model file: a module that tells an order its parameter can't have is told so") {
  CHECK(reason([] { save_model(scratch("wrong.safetensors"), Wrong{}); }) ==
        "visit: \"scale\" has 1 axes; in the order that is told of it there must be 2");
}

TEST_CASE("model file: two architectures of hundreds of parameters differ in one short line") {
  const auto path = scratch("deep.safetensors");
  const std::string name(400, 'x');
  save_model(path, Deep(name, 2));
  Deep wider(name, 3), other(name + 'y', 2);
  for (auto* model : {&wider, &other}) {
    const auto why = reason([&] { load_model(path, *model); });
    CHECK(why.starts_with("does not fit the model; "));
    CHECK(why.size() < 1024);
  }
  CHECK(reason([&] { load_model(path, wider); }).starts_with("does not fit the model; different 200: \"xxx"));
  CHECK(reason([&] { load_model(path, other); }).starts_with("does not fit the model; missing 400 of 400: \"xxx"));
}

}  // namespace model_file_test
