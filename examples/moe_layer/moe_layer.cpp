// A small mixture-of-experts layer, forward and backward, on all ranks of the job; and the same layer on one rank with
// all the tokens. The numbers are small integers, so that both must be the same, bit by bit.
//
//   tutti run -n 4 -- moe_layer
//   tutti run -n 6 --nodes 2 -- moe_layer 10 50     # experts, tokens
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "layer.hpp"

namespace {

constexpr std::size_t kWidth = MoeLayer::kWidth;
constexpr std::size_t kTopk = MoeLayer::kTopk;

// Ranks have different numbers of tokens, and the second has none.
std::size_t tokens_of(int rank, std::size_t most) {
  return rank == 1 ? 0 : most - static_cast<std::size_t>(rank) % (most + 1);
}

Batch batch_of(int rank, std::size_t most, int experts) {
  Batch batch;
  for (std::size_t token = 0; token < tokens_of(rank, most); ++token) {
    const std::size_t id = static_cast<std::size_t>(rank) * 1009 + token;
    for (std::size_t at = 0; at < kWidth; ++at) batch.x.push_back(static_cast<float>((id * 3 + at * 5) % 5) - 2.0F);
    for (std::size_t k = 0; k < kTopk; ++k) {
      batch.experts.push_back(
          static_cast<std::int32_t>((id * id + k * (1 + id % 3)) % static_cast<std::size_t>(experts)));
      batch.weights.push_back(static_cast<float>(1 + (id + k) % 4) / 4.0F);
    }
  }
  return batch;
}

void append(Batch& all, const Batch& more) {
  all.x.insert(all.x.end(), more.x.begin(), more.x.end());
  all.experts.insert(all.experts.end(), more.experts.begin(), more.experts.end());
  all.weights.insert(all.weights.end(), more.weights.begin(), more.weights.end());
}

struct Results {
  std::vector<float> out;
  MoeLayer::Gradients gradients;
};

// The loss is half the sum of the squares of the results: its gradient is the results themselves.
Results run(MoeLayer& layer, const Batch& batch) {
  Results all;
  all.out = layer.forward(batch);
  all.gradients = layer.backward(all.out);
  return all;
}

// Whether `part` is what `whole` has from `first` on.
bool is_part(const std::vector<float>& part, const std::vector<float>& whole, std::size_t first) {
  return std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(first));
}

int compare(int experts, std::size_t most) {
  tutti::Communicator comm;
  MoeLayer layer(comm, experts, static_cast<std::int64_t>(most));
  const Results mine = run(layer, batch_of(comm.rank(), most, experts));

  const tutti::Communicator alone = comm.split(comm.rank(), 0);
  Batch all;
  std::size_t before = 0;  // tokens of lower ranks
  for (int rank = 0; rank < comm.size(); ++rank) {
    if (rank == comm.rank()) before = all.x.size() / kWidth;
    append(all, batch_of(rank, most, experts));
  }
  MoeLayer whole(alone, experts, static_cast<std::int64_t>(std::max<std::size_t>(1, all.x.size() / kWidth)));
  const Results reference = run(whole, all);

  bool same = is_part(mine.out, reference.out, before * kWidth) &&
              is_part(mine.gradients.x, reference.gradients.x, before * kWidth) &&
              is_part(mine.gradients.weights, reference.gradients.weights, before * kTopk);
  if (!layer.held().empty()) {
    const std::size_t first = static_cast<std::size_t>(layer.held().front()) * kWidth * kWidth;
    same = same && is_part(mine.gradients.matrices, reference.gradients.matrices, first);
  }
  double loss = 0;
  for (const float value : mine.out) loss += 0.5 * static_cast<double>(value) * static_cast<double>(value);
  comm.all_reduce(std::span(&loss, 1));
  int wrong = same ? 0 : 1;
  comm.all_reduce(std::span(&wrong, 1));
  if (comm.rank() == 0)
    std::printf("%d ranks, %d experts, %zu tokens: loss %.6g, %s\n", comm.size(), experts, all.x.size() / kWidth, loss,
                wrong == 0 ? "forward and backward are the same as on one rank" : "NOT the same as on one rank");
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const int experts = argc > 1 ? std::atoi(argv[1]) : 8;
  const int tokens = argc > 2 ? std::atoi(argv[2]) : 100;
  if (experts < 1 || tokens < 1 || argc > 3) {
    std::fprintf(stderr, "usage: moe_layer [EXPERTS [TOKENS]], both at least 1\n");
    return 2;
  }
  try {
    return compare(experts, static_cast<std::size_t>(tokens));
  } catch (const tutti::Error& error) {
    std::fprintf(stderr, "moe_layer: %s\n", error.what());
    return 1;
  }
}
