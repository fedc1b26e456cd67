// Dissemination barrier (Hensgen, Finkel & Manber, "Two algorithms for barrier synchronization", IJPP 1988).
// Rounds: ceil(log2 p).   Bytes sent per rank: one a round.   Needs: nothing.   Wins: always.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {

// After round k a rank has heard of the 2^(k+1) - 1 ranks to its left. The token makes each round wait for the last.
void dissemination_barrier(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t reach = 1; reach < axis.size(); reach *= 2) {
    phase.send_token(axis.right(reach));
    phase.recv_token(axis.left(reach));
    phase.next_round();
  }
}

}  // namespace tutti::plan
