// Data-parallel training: every rank has the whole network and its share of each batch; the gradients are summed over
// ranks. One all-reduce a layer, queued on a stream as soon as that layer's gradients are known, while the layers
// before it are still being computed. Any number of ranks reaches the same loss, but for rounding.
//
//   tutti run -n 4 -- data_parallel --epochs 20
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <tutti/tutti.hpp>
#include <vector>

#include "network.hpp"
#include "spirals.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::size_t epochs = 20;
  std::size_t batch = 64;  // of a step, over all ranks
  std::size_t samples = 3072;
};

// What one rank does for one step, and the time that it waited for the others.
class Trainer {
 public:
  Trainer(tutti::Communicator& comm, const Options& options)
      : comm_(comm), options_(options), samples_(make_spirals(options.samples, 1)), network_(kWidths, 2) {}

  // The mean loss over all ranks' samples of one pass over the data.
  double epoch() {
    double loss = 0;
    for (std::size_t first = 0; first + options_.batch <= samples_.size(); first += options_.batch) loss += step(first);
    comm_.all_reduce(std::span(&loss, 1));
    const std::size_t looked_at = samples_.size() / options_.batch * options_.batch;
    return loss / static_cast<double>(looked_at);
  }

  [[nodiscard]] Clock::duration waited() const { return waited_; }

 private:
  // This rank's share of the batch that begins at `first`: the blocks of all ranks are as even as they can be.
  [[nodiscard]] std::span<const Sample> share(std::size_t first) const {
    const auto rank = static_cast<std::size_t>(comm_.rank());
    const auto ranks = static_cast<std::size_t>(comm_.size());
    const std::size_t begin = options_.batch * rank / ranks;
    const std::size_t end = options_.batch * (rank + 1) / ranks;
    return std::span(samples_).subspan(first + begin, end - begin);
  }

  double step(std::size_t first) {
    const auto mine = share(first);
    const float scale = 1.0F / static_cast<float>(options_.batch);
    double loss = 0;
    network_.clear_gradients();
    for (std::size_t s = 0; s < mine.size(); ++s) {
      loss += network_.forward(mine[s].position, mine[s].arm);
      for (std::size_t layer = network_.depth(); layer-- > 0;) {
        network_.backward(layer, scale);
        if (s + 1 == mine.size()) share_gradients(layer);  // complete: on its way while the next is computed
      }
    }
    if (mine.empty()) {
      for (std::size_t layer = network_.depth(); layer-- > 0;) share_gradients(layer);
    }
    const auto begin = Clock::now();
    stream_.synchronize();
    waited_ += Clock::now() - begin;
    network_.descend(kRate);
    return loss;
  }

  void share_gradients(std::size_t layer) {
    comm_.all_reduce(network_.gradients(layer), tutti::ReduceOp::sum, &stream_);
  }

  static constexpr std::size_t kWidths[] = {2, 64, 64, kArms};
  static constexpr float kRate = 0.5F;

  tutti::Communicator& comm_;
  Options options_;
  std::vector<Sample> samples_;
  Network network_;
  tutti::Stream stream_;
  Clock::duration waited_{};
};

void train(tutti::Communicator& comm, const Options& options) {
  Trainer trainer(comm, options);
  const bool speaks = comm.rank() == 0;
  if (speaks) std::printf("%d ranks, %zu samples, batches of %zu\n", comm.size(), options.samples, options.batch);
  const auto begin = Clock::now();
  double loss = 0;
  for (std::size_t epoch = 1; epoch <= options.epochs; ++epoch) {
    loss = trainer.epoch();
    if (!speaks) continue;
    const double share = 100 * std::chrono::duration<double>(trainer.waited()) / (Clock::now() - begin);
    std::printf("epoch %3zu  loss %.4f  waiting for gradients %4.1f %% of the time\n", epoch, loss, share);
    std::fflush(stdout);
  }
  if (speaks) std::printf("final loss %.9f\n", loss);
}

bool read(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; i += 2) {
    const std::size_t value = i + 1 < argc ? std::strtoull(argv[i + 1], nullptr, 10) : 0;
    if (value == 0) return false;
    if (std::strcmp(argv[i], "--epochs") == 0) {
      options.epochs = value;
    } else if (std::strcmp(argv[i], "--batch") == 0) {
      options.batch = value;
    } else if (std::strcmp(argv[i], "--samples") == 0) {
      options.samples = value;
    } else {
      return false;
    }
  }
  return options.batch <= options.samples;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read(argc, argv, options)) {
    std::fprintf(stderr, "usage: data_parallel [--epochs N] [--batch N] [--samples N]\n");
    return 2;
  }
  try {
    tutti::Communicator comm;
    train(comm, options);
    comm.finalize();
  } catch (const tutti::Error& error) {
    std::fprintf(stderr, "data_parallel: %s\n", error.what());
    return 1;
  }
  return 0;
}
