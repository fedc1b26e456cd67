// Direct and pairwise all-to-all.
// Rounds: 1 (direct), p-1 (pairwise).   Bytes sent per rank: (p-1)/p of the blocks.
// Needs: nothing; blocks may differ in length.   Wins: large blocks; pairwise where many messages at once hurt.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

void keep_own(const Axis& axis, PhaseBuilder& phase) {
  phase.copy(Buffer::in, axis.own(), Buffer::out, axis.own());
}

}  // namespace

// Distances keep the ranks from all sending to the same one first.
void direct_all_to_all(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t distance = 1; distance < axis.size(); ++distance)
    phase.send_from(axis.right(distance), Buffer::in, axis.chunk(axis.self() + distance).head);
  keep_own(axis, phase);
  for (std::int32_t distance = 1; distance < axis.size(); ++distance)
    phase.recv_into(axis.left(distance), Buffer::out, axis.chunk(axis.self() - distance).head);
  phase.next_round();
}

void pairwise_all_to_all(const Axis& axis, PhaseBuilder& phase) {
  keep_own(axis, phase);
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.send_from(axis.right(distance), Buffer::in, axis.chunk(axis.self() + distance).head);
    phase.recv_into(axis.left(distance), Buffer::out, axis.chunk(axis.self() - distance).head);
    phase.next_round();
  }
}

}  // namespace tutti::plan
