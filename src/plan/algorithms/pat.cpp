// PAT, parallel aggregated trees (Jeaugey, "PAT: a new algorithm for all-gather and reduce-scatter operations at
// scale", arXiv 2506.20252, 2025). Rounds: ceil(log2 p), for every p.   Messages: p-1, those of a round to one peer in
// one batch. Bytes sent per rank: (p-1)/p of the vector; most of them to near ranks, unlike Bruck's. Needs: a
// commutative operator.   Wins: small and medium messages where far links are slow.
//
// Every chunk travels down a binomial tree that is rooted at its owner, far hops first; all trees are the same but
// turned. A rank at offset o from the owner (a multiple of 2d) serves the one at o + d in the round of distance d.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

std::int32_t longest_hop(std::int32_t size) {
  std::int32_t hop = 1;
  while (hop * 2 < size) hop *= 2;
  return size > 1 ? hop : 0;
}

}  // namespace

void pat_all_gather(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t hop = longest_hop(axis.size()); hop >= 1; hop /= 2) {
    for (std::int32_t offset = 0; offset + hop < axis.size(); offset += 2 * hop) {
      phase.send(axis.right(hop), axis.chunk(axis.self() - offset));
      phase.recv(axis.left(hop), axis.chunk(axis.self() - offset - hop));
    }
    phase.next_round();
  }
}

// The same backwards: near hops first, partial results towards the owner.
void pat_reduce_scatter(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t hop = 1; hop < axis.size(); hop *= 2) {
    for (std::int32_t offset = 0; offset + hop < axis.size(); offset += 2 * hop) {
      phase.send(axis.left(hop), axis.chunk(axis.self() - offset - hop));
      phase.recv_reduce(axis.right(hop), axis.chunk(axis.self() - offset));
    }
    phase.next_round();
  }
}

}  // namespace tutti::plan
