// Pipelined chain (van de Geijn's pipelined broadcast; Chan et al. 2007).
// Rounds: p-1, plus one for each further segment.   Bytes sent per rank: the vector.
// Needs: a commutative operator for reduce.   Wins: large messages in many segments: every link is busy all the time.
// The ordered chain reduces from rank 0 up, whoever the root is: p rounds, and ((x0 op x1) op x2) op ... always.
// Needs: nothing.   Wins: results that must not depend on the machine, on more ranks than can all talk to each other.
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

// Every rank adds its own contribution behind those that arrive; the last one has the result and gives it to the root.
void ordered_chain_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  const std::int32_t last = axis.size() - 1;
  for (std::int32_t round = 0; round < last; ++round) {
    if (axis.self() == round) phase.send(axis.at(round + 1), axis.all());
    if (axis.self() == round + 1) phase.recv_reduce(axis.at(round), axis.all(), PhaseBuilder::Side::left);
    phase.next_round();
  }
  if (root == last) return;
  if (axis.self() == last) phase.send(axis.at(root), axis.all());
  if (axis.self() == root) phase.recv(axis.at(last), axis.all());
  phase.next_round();
}

}  // namespace tutti::plan
