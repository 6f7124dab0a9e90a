#include "inkling/train/checkpoint.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

#include "inkling/optim/adamw.hpp"
#include "inkling/optim/sgd.hpp"
#include "toy.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#define POSIX_TESTS 1
#endif

namespace checkpoint_test {

using namespace ink;

namespace {

struct Run {
  toy::Network<float> model;
  Ema<toy::Network<float>> ema{model};
  AdamW optimizer{model, {.lr = 0.01}};
  RunState state{.key = Key{0x123456789ABCDEF0u}};

  void step() {
    Tape tape;
    const auto i = static_cast<std::uint64_t>(state.step);
    const auto loss = toy::error(model, tape, toy::batch_at(state.step, state.key.fold(0)), state.key.fold(1).fold(i));
    optimizer.update(model, tape.backward(loss));
    ema.update(model);
    ++state.step;
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) step();
  }
  void save(const std::string& path) const { save_checkpoint(path, model, ema, optimizer, state); }
  void load(const std::string& path) { state = load_checkpoint(path, model, ema, optimizer); }
};

bool same(const Run& a, const Run& b) {
  return toy::same_bits(a.model, b.model) && toy::same_bits(a.ema.model(), b.ema.model()) &&
         a.optimizer.steps() == b.optimizer.steps() && a.ema.updates() == b.ema.updates() &&
         a.state.step == b.state.step && a.state.key == b.state.key;
}

template <class F>
std::string reason(F f) {
  try {
    f();
  } catch (const IoError& error) {
    return error.reason();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("checkpoint: 2N steps are N steps, save, load, N steps, bit for bit") {
  const auto path = toy::scratch("resume.safetensors");
  Run whole, half, resumed;
  whole.steps(20);
  half.steps(10);
  half.state.seconds = 1.0 / 3;
  half.state.loss_sum = 0.1;
  half.state.settings = {{"width", "16"}, {"note", "zwölf \"Boxkämpfer\""}};
  half.save(path);
  resumed.model = toy::Network<float>();
  resumed.load(path);
  CHECK(same(half, resumed));
  CHECK(resumed.state.seconds == 1.0 / 3);
  CHECK(resumed.state.loss_sum == 0.1);
  CHECK(read_settings(path) == Settings{{"note", "zwölf \"Boxkämpfer\""}, {"width", "16"}});
  CHECK(resumed.state.settings == read_settings(path));
  CHECK(!same(whole, resumed));
  resumed.steps(10);
  CHECK(same(whole, resumed));
}

TEST_CASE("checkpoint: a model is loaded from it, averaged or not") {
  Run run;
  run.steps(5);
  const auto checkpoint = toy::scratch("models.safetensors");
  run.save(checkpoint);
  toy::Network<float> model;
  load_model(checkpoint, model);
  CHECK(toy::same_bits(model, run.ema.model()));
  CHECK(!toy::same_bits(model, run.model));
  load_model(checkpoint, model, {.ema = false});
  CHECK(toy::same_bits(model, run.model));

  // Its axes are in this library's order, and its names those of its parameters, wherever they are asked for.
  CHECK(reason([&] { load_model(checkpoint, model, {.layout = io::Layout::torch}); }) ==
        "was written in this library's own layout; .layout must not be io::Layout::torch");
  Linear<float> first({.in = 2, .out = 16}, Key{3});
  const auto name = [](const std::string& ours) { return "first." + ours; };
  load_model(checkpoint, first, {.name = name, .unused = {"second.weight", "second.bias"}});
  CHECK(first.weight.value == run.ema.model().first.weight.value);
}

TEST_CASE("checkpoint: everything that does not fit is named, and nothing changes") {
  const auto path = toy::scratch("misfit.safetensors");
  Run run;
  run.steps(3);
  run.save(path);
  const auto good = io::SafeTensors::load(path);

  // The file again, without some names, with others, and with other metadata.
  const auto write = [&](const std::string& without, const std::string& metadata, const std::string& value, auto add) {
    io::SafeTensors file;
    for (const auto& entry : good.entries()) {
      if (entry.name == without) continue;
      if (entry.dtype == "F32" && entry.shape.size() == 2) file.add(entry.name, good.get<float, 2>(entry.name));
      if (entry.dtype == "F32" && entry.shape.size() == 1) file.add(entry.name, good.get<float, 1>(entry.name));
      if (entry.dtype == "F64" && entry.shape.size() == 1) file.add(entry.name, good.get<double, 1>(entry.name));
      if (entry.dtype == "F64" && entry.shape.empty()) file.add(entry.name, good.get<double, 0>(entry.name));
      if (entry.dtype == "I64") file.add(entry.name, good.get<std::int64_t, 0>(entry.name));
      if (entry.dtype == "U64") file.add(entry.name, good.get<std::uint64_t, 0>(entry.name));
    }
    add(file);
    for (const auto& [key, text] : good.metadata()) file.set_metadata(key, text);
    if (!metadata.empty()) file.set_metadata(metadata, value);
    file.save(path);
  };
  const auto nothing = [](io::SafeTensors&) {};
  Run target;
  target.steps(1);
  const Run before = target;
  const auto refused = [&] {
    const auto why = reason([&] { target.load(path); });
    CHECK(same(target, before));
    return why;
  };

  write("model.first.weight", "", "", nothing);
  CHECK(refused() == "does not fit the model; missing 1 of 22: \"model.first.weight\"");
  write("step", "", "", nothing);
  CHECK(refused() == "does not fit the model; missing 1 of 22: \"step\"");
  write("", "", "", [](auto& file) { file.add("optim.m.third", Tensor<float, 1>(Shape{2})); });
  CHECK(refused() == "does not fit the model; extra 1: \"optim.m.third\"");
  write("ema.second.bias", "", "", [](auto& file) { file.add("ema.second.bias", Tensor<double, 1>(Shape{1})); });
  CHECK(refused() == "does not fit the model; different 1: \"ema.second.bias\" is F64 (1) and must be F32 (1)");
  write("optim.v.first.weight", "", "",
        [](auto& file) { file.add("optim.v.first.weight", Tensor<float, 2>({16, 2})); });
  CHECK(refused() ==
        "does not fit the model; different 1: \"optim.v.first.weight\" is F32 (16, 2) and must be F32 (2, 16)");
  write("key", "", "", [](auto& file) { file.add("kex", Tensor<float, 1>(Shape{2})); });
  CHECK(refused() == "does not fit the model; missing 1 of 22: \"key\"; extra 1: \"kex\"");
  write("step", "", "", [](auto& file) { file.add("step", Tensor<std::int64_t, 0>(-4)); });
  CHECK(refused() == "has step -4; it must be in [0, 2^53]");
  write("", "format", "pt", nothing);
  CHECK(refused() == "is not a checkpoint; its metadata must say format inkling-checkpoint");
  write("step", "", "",
        [](auto& file) { file.add("step", Tensor<std::int64_t, 0>(std::numeric_limits<std::int64_t>::max())); });
  CHECK(refused() == "has step 9223372036854775807; it must be in [0, 2^53]");
  write("ema_updates", "", "", [](auto& file) { file.add("ema_updates", Tensor<std::int64_t, 0>(-1)); });
  CHECK(refused() == "has ema_updates -1; it must be in [0, 2^53]");
  write("seconds", "", "", [](auto& file) { file.add("seconds", Tensor<double, 0>(std::nan(""))); });
  CHECK(refused() == "has seconds nan; it must be finite and not negative");
  write("loss", "", "", [](auto& file) { file.add("loss", Tensor<double, 1>(Shape{2}, {0.5, -1.0})); });
  CHECK(refused() == "has loss_weight -1; it must be finite and not negative");
  write("loss", "", "", [](auto& file) { file.add("loss", Tensor<double, 1>(Shape{2}, {std::nan(""), 1.0})); });
  CHECK(refused() == "has loss_sum nan; it must be finite");
  write("optim.steps", "", "", [](auto& file) { file.add("optim.steps", Tensor<std::int64_t, 0>(-3)); });
  CHECK(refused() == "adamw: steps is -3; it must be in [0, 2^53]");
  write("", "version", "3", nothing);
  CHECK(refused() == "is a checkpoint of version 3; it must be 1 or 2");
  io::write_file_atomic(path, io::Bytes{1, 2, 3});
  CHECK(refused() == "safetensors: the file is shorter than the 8 bytes of the header's length");
  io::write_file_atomic(path, good.encode({.checksum = false}));
  CHECK(refused() == "is damaged: its checksum is missing");
  std::filesystem::remove(path);
  CHECK(refused() == "there is no such file");

  write("", "", "", nothing);
  CHECK(reason([&] {
    Sgd sgd(target.model);
    load_checkpoint(path, target.model, target.ema, sgd);
  }).starts_with("does not fit the model; missing 4 of 17: \"optim.b.first.weight\", "));
  target.load(path);
  CHECK(same(target, run));
}

TEST_CASE("checkpoint: one flipped bit is refused, wherever it is") {
  const auto path = toy::scratch("flipped.safetensors");
  Run run, target;
  run.steps(2);
  run.save(path);
  const auto good = io::read_file(path);
  const Run before = target;
  toy::Network<float> weights;
  for (std::size_t bit = 0; bit < good.size() * 8; bit += 61) {
    auto bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ 1 << bit % 8);
    std::FILE* file = std::fopen(path.c_str(), "wb");
    REQUIRE(std::fwrite(bad.data(), 1, bad.size(), file) == bad.size());
    std::fclose(file);
    CHECK_THROWS_AS(target.load(path), IoError);
    CHECK_THROWS_AS(load_model(path, weights), IoError);
  }
  CHECK(same(target, before));
  CHECK(toy::same_bits(weights, toy::Network<float>()));
}

TEST_CASE("checkpoint: one of the version without a checksum is read") {
  const auto path = toy::scratch("version1.safetensors");
  Run run, target;
  run.steps(3);
  run.save(path);
  auto file = io::SafeTensors::load(path);
  file.set_metadata("version", "1");
  file.save(path, {.checksum = false});
  target.load(path);
  CHECK(same(target, run));
}

TEST_CASE("checkpoint: what is not finite is not saved over what is") {
  const auto path = toy::scratch("finite.safetensors");
  Run run;
  run.steps(2);
  run.save(path);
  const auto good = io::read_file(path);
  const auto refused = [&](auto spoil) {
    Run bad = run;
    spoil(bad);
    std::string why;
    try {
      bad.save(path);
    } catch (const ValueError& error) {
      why = error.what();
    }
    CHECK(io::read_file(path) == good);
    return why;
  };
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(
      refused([&](Run& bad) { bad.model.first.weight.value(1, 3) = inf; }) ==
      "save_checkpoint: after step 2 model.first.weight(1, 3) is inf; what is not finite is not saved (a step was too "
      "long: a lower lr or a longer warmup may help)");
  CHECK(refused([&](Run& bad) {
    auto average = bad.model;
    average.second.bias->value(0) = -std::numeric_limits<float>::quiet_NaN();
    bad.ema.restore(average, 2);
  }).find("after step 2 ema.second.bias(0) is nan;") != std::string::npos);
  CHECK(refused([&](Run& bad) {
    AdamW::visit_state(bad.optimizer, bad.model, [&](const std::string& name, auto& tensor) {
      if (name == "v.first.bias")
        tensor.mutable_data()[15] = static_cast<std::remove_cvref_t<decltype(*tensor.data())>>(inf);
    });
  }).find("after step 2 optim.v.first.bias(15) is inf") != std::string::npos);
  CHECK(refused([&](Run& bad) { bad.state.seconds = -1; }) ==
        "save_checkpoint: state has seconds -1; it must be finite and not negative");
  CHECK(refused([](Run&) {}) == "");
}

TEST_CASE("checkpoint: a path that cannot be written keeps what is there") {
  Run run;
  run.steps(1);
  CHECK(reason([&] { run.save(toy::scratch("no/such/folder.safetensors")); }).starts_with("cannot be written: "));
  if (std::filesystem::exists("/dev/full")) {
    CHECK(reason([&] { run.save("/dev/full"); }).starts_with("cannot be written: "));
  }
}

#if POSIX_TESTS
TEST_CASE("checkpoint: when the disk is full the old one stays") {
  const auto path = toy::scratch("full.safetensors");
  Run run;
  run.steps(2);
  run.save(path);
  const auto before = io::read_file(path);
  run.steps(1);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    bool refused = false;
    try {
      run.save(path);
    } catch (const IoError&) {
      refused = true;
    }
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(io::read_file(path) == before);
  for (const auto& entry : std::filesystem::directory_iterator(INKLING_TEST_TMP)) {
    CHECK(entry.path().filename().string().find("full.safetensors.inkling") == std::string::npos);
  }
}

TEST_CASE("checkpoint: kill -9 in the middle of saves loses nothing") {
  const auto folder = toy::scratch("killed");
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const auto path = folder + "/run.safetensors";
  // Every save of the child has its step as every weight, so that a mixture of two would show.
  const auto fill = [](Run& run, Index step) {
    for_each_parameter(run.model, [&](const std::string&, auto& p) {
      p.value = std::remove_cvref_t<decltype(p.value)>(p.shape(), static_cast<float>(step));
    });
    run.state.step = step;
  };
  Run run, loaded;
  fill(run, 0);
  run.save(path);
  Index last = 0;
  for (int round = 0; round < 12; ++round) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (Index step = last + 1;; ++step) {
        fill(run, step);
        run.save(path);
      }
    }
    const Index wait = last > 0 || round == 0 ? 3000 + 1700 * round : 40000 * round;  // until a save has come through
    ::usleep(static_cast<useconds_t>(wait));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    REQUIRE_NOTHROW(loaded.load(path));
    CHECK(loaded.state.step >= last);
    last = loaded.state.step;
    for_each_parameter(loaded.model, [&](const std::string&, const auto& p) {
      for (const float x : p.value.values()) REQUIRE(x == static_cast<float>(last));
    });
  }
  CHECK(last > 0);
}
#endif

}  // namespace checkpoint_test
