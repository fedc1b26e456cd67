// Circulant graphs (Traeff, "Optimal, Non-pipelined Reduce-scatter and Allreduce Algorithms", arXiv 2410.14234, 2024).
// Rounds: ceil(log2 p) for reduce-scatter and all-gather, twice that for all-reduce, for every p.
// Bytes sent per rank: (p-1)/p of the vector each.
// Needs: a commutative operator.   Wins: nearly everywhere between the smallest and the largest messages: rounds and
// volume are both optimal, and a world size that is no power of two costs nothing.
//
// With skips p = s(0) > s(1) > ... > s(q) = 1, s(k) = ceil(s(k-1) / 2), a rank talks to those s(k) away.
#include <vector>

#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

std::vector<std::int32_t> skips(std::int32_t size) {
  std::vector<std::int32_t> all{size};
  while (all.back() > 1) all.push_back((all.back() + 1) / 2);
  return all;
}

}  // namespace

// A rank is responsible for the run of s(k-1) chunks that begins with its own. It sends the part beyond s(k) to the
// rank s(k) to the right, whose run begins there, and adds what comes from the left to the front of its own.
void circulant_reduce_scatter(const Axis& axis, PhaseBuilder& phase) {
  const auto skip = skips(axis.size());
  for (std::size_t k = 1; k < skip.size(); ++k) {
    const std::int32_t given = skip[k - 1] - skip[k];
    phase.send(axis.right(skip[k]), axis.chunk(axis.self() + skip[k], given));
    phase.recv_reduce(axis.left(skip[k]), axis.chunk(axis.self(), given));
    phase.next_round();
  }
}

// The same backwards: the run of chunks that a rank holds grows from s(k) to s(k-1).
void circulant_all_gather(const Axis& axis, PhaseBuilder& phase) {
  const auto skip = skips(axis.size());
  for (std::size_t k = skip.size() - 1; k >= 1; --k) {
    const std::int32_t given = skip[k - 1] - skip[k];
    phase.send(axis.left(skip[k]), axis.chunk(axis.self(), given));
    phase.recv(axis.right(skip[k]), axis.chunk(axis.self() + skip[k], given));
    phase.next_round();
  }
}

}  // namespace tutti::plan
