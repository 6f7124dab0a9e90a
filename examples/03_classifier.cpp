// 3. A digit classifier: a convolutional network, trained by the cross-entropy of its answer. Later it judges what the
// generators make.
#include <cstdio>
#include <exception>

#include "common/judge.hpp"
#include "inkling/metrics/agreement.hpp"
#include "inkling/train/trainer.hpp"

namespace {

using namespace ink;
using models::Classifier;

/// The same digits, each moved by up to two pixels: more to learn from.
Tensor<float, 4> jitter(const Tensor<float, 4>& images, Key key) {
  Tensor<float, 4> moved(images.shape(), -1.0f);
  const Index height = images.extent(1), columns = images.extent(2);
  for (Index n = 0; n < images.extent(0); ++n) {
    Stream stream(key, static_cast<std::uint64_t>(n));
    const Index down = static_cast<Index>(stream.below(5)) - 2, right = static_cast<Index>(stream.below(5)) - 2;
    const auto rows = [=](Index shift) { return std::max<Index>(0, shift); };
    const auto from = view(images).slice(0, n, n + 1).slice(1, rows(-down), height - rows(down));
    const auto to = mutable_view(moved).slice(0, n, n + 1).slice(1, rows(down), height - rows(-down));
    copy(from.slice(2, rows(-right), columns - rows(right)), to.slice(2, rows(right), columns - rows(-right)));
  }
  return moved;
}

double test_accuracy(const Classifier<float>& model, const ProgramSettings& s) {
  double right = 0, count = 0;
  for_each_piece(held_out(s), 250, [&](const Tensor<float, 4>& images, const Tensor<std::int32_t, 1>& labels) {
    right += metrics::agreement(model, images, labels) * static_cast<double>(labels.size());
    count += static_cast<double>(labels.size());
  });
  return right / count;
}

void run(const ProgramSettings& s) {
  make_folder(s.out);
  Classifier<float> model({}, Key{s.seed});
  std::printf("03_classifier: %lld parameters\n", static_cast<long long>(parameter_count(model)));
  const auto loss = [](const Classifier<float>& m, Tape& tape, const data::Batch<float>& batch, Key key) {
    return cross_entropy(m(tape.constant(jitter(batch.images, key))), batch.labels);
  };
  TrainOptions options;
  options.steps = s.steps;
  options.seconds = s.seconds;
  options.batch_size = s.batch;
  options.lr = s.lr;
  options.checkpoint = s.out + "/03_classifier.checkpoint";
  options.resume = s.resume;
  options.progress = stderr;
  options.key = Key{s.seed};
  const auto result = train(model, loss, data::mnist(s.data, data::Split::train), options);
  if (result.interrupted) {
    std::puts("Interrupted; --resume continues.");
    return;
  }
  save_model(s.out + "/classifier.safetensors", result.ema);
  std::printf("Test accuracy: %.2f %%. Weights: %s/classifier.safetensors\n", 100 * test_accuracy(result.ema, s),
              s.out.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  ProgramSettings settings;
  int status = 0;
  if (!parse(argc, argv, "Trains a convolutional network to name handwritten digits.", settings, status)) return status;
  try {
    run(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "03_classifier: %s\n", error.what());
    return 1;
  }
  return 0;
}
