// Pipelined chain (van de Geijn's pipelined broadcast; Chan et al. 2007).
// Rounds: p-1, plus one for each further segment.   Bytes sent per rank: the vector.
// Needs: a commutative operator for reduce.   Wins: large messages in many segments: every link is busy all the time.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {

// The root's right neighbour comes next. Distance from the root is the round in which a rank receives.
void chain_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  const std::int32_t distance = axis.wrap(axis.self() - root);
  for (std::int32_t round = 0; round < axis.size() - 1; ++round) {
    if (distance == round + 1) phase.recv(axis.left(), axis.all());
    if (distance == round) phase.send(axis.right(), axis.all());
    phase.next_round();
  }
}

// The other way: partial results come down the chain to the root.
void chain_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  const std::int32_t distance = axis.wrap(axis.self() - root);
  for (std::int32_t round = axis.size() - 1; round > 0; --round) {
    if (distance == round - 1) phase.recv_reduce(axis.right(), axis.all());
    if (distance == round) phase.send(axis.left(), axis.all());
    phase.next_round();
  }
}

}  // namespace tutti::plan
