// Recursive doubling and halving (Thakur, Rabenseifner & Gropp, "Optimization of collective communication operations in
// MPICH", IJHPCA 2005).
// Rounds: ceil(log2 p), and 2 more for an all-reduce on a p that is no power of two.
// Bytes sent per rank: a vector a round for all-reduce; (p-1)/p of it in all for reduce-scatter and all-gather.
// Needs: a power of two for reduce-scatter and all-gather. Partners own neighbouring runs of ranks, so all-reduce keeps
// the order of ranks.   Wins: small messages.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

// The greatest power of two that is not above `size`.
std::int32_t core_size(std::int32_t size) {
  std::int32_t core = 1;
  while (core * 2 <= size) core *= 2;
  return core;
}

}  // namespace

// The first 2 * spare ranks work in pairs: the even one lends its contribution to the odd one, and gets the result
// back.
void recursive_doubling_all_reduce(const Axis& axis, PhaseBuilder& phase) {
  const ChunkRange all = axis.all();
  const std::int32_t core = core_size(axis.size());
  const std::int32_t spare = axis.size() - core;
  const bool paired = axis.self() < 2 * spare;
  const bool lends = paired && axis.self() % 2 == 0;
  if (lends) phase.send(axis.right(), all);
  if (paired && !lends) phase.recv_reduce(axis.left(), all, PhaseBuilder::Side::left);
  if (spare > 0) phase.next_round();
  const std::int32_t seat = paired ? axis.self() / 2 : axis.self() - spare;  // among the `core` that go on
  for (std::int32_t mask = 1; mask < core; mask *= 2) {
    if (!lends) {
      const std::int32_t other = seat ^ mask;
      const Rank peer = axis.at(other < spare ? 2 * other + 1 : other + spare);
      phase.exchange_reduce(peer, all, other < seat ? PhaseBuilder::Side::left : PhaseBuilder::Side::right);
    }
    phase.next_round();
  }
  if (lends) phase.recv(axis.right(), all);
  if (paired && !lends) phase.send(axis.left(), all);
}

// Halves what a rank is responsible for until its own chunk is left.
void recursive_halving_reduce_scatter(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t half = axis.size() / 2; half >= 1; half /= 2) {
    const std::int32_t peer = axis.self() ^ half;
    phase.send(axis.at(peer), axis.chunk(peer / half * half, half));
    phase.recv_reduce(axis.at(peer), axis.chunk(axis.self() / half * half, half),
                      peer < axis.self() ? PhaseBuilder::Side::left : PhaseBuilder::Side::right);
    phase.next_round();
  }
}

void recursive_doubling_all_gather(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t held = 1; held < axis.size(); held *= 2) {
    const std::int32_t peer = axis.self() ^ held;
    phase.send(axis.at(peer), axis.chunk(axis.self() / held * held, held));
    phase.recv(axis.at(peer), axis.chunk(peer / held * held, held));
    phase.next_round();
  }
}

}  // namespace tutti::plan
