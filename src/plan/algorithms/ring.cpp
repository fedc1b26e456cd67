// Ring (Patarasuk & Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", JPDC 2009).
// Rounds: p-1 for reduce-scatter and for all-gather.   Bytes sent per rank: (p-1)/p of the vector each.
// Needs: a commutative operator.   Wins: large messages on few ranks; only neighbours talk, so each link carries one
// flow. Two stripes in opposite directions (ring|ring_reversed) use both directions of every link.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {

// A chunk starts right of its owner, travels right, and gathers one contribution a round until it reaches its owner.
void ring_reduce_scatter(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t round = 0; round < axis.size() - 1; ++round) {  // the own chunk is the only one that is never sent
    phase.send(axis.right(), axis.chunk(axis.self() - round - 1));
    phase.recv_reduce(axis.left(), axis.chunk(axis.self() - round - 2), PhaseBuilder::Side::left);
    phase.next_round();
  }
}

// A chunk starts at its owner and travels right until everybody has it.
void ring_all_gather(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t round = 0; round < axis.size() - 1; ++round) {
    phase.send(axis.right(), axis.chunk(axis.self() - round));
    phase.recv(axis.left(), axis.chunk(axis.self() - round - 1));
    phase.next_round();
  }
}

}  // namespace tutti::plan
