// Direct gather and scatter: the root talks to everybody at once.
// Rounds: 1.   Bytes: (p-1)/p of the root's vector into or out of the root.   Needs: nothing; ranks need to know the
// lengths of their own blocks only.   Wins: wherever the root's way in or out is the limit, and on few ranks.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {

void direct_gather(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  if (axis.self() != root) {
    phase.send_from(axis.at(root), Buffer::in, axis.own());
    return;
  }
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.recv_into(axis.left(distance), Buffer::out, axis.chunk(axis.self() - distance));
  }
  phase.copy(Buffer::in, axis.own(), Buffer::out, axis.own());
}

void direct_scatter(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  if (axis.self() != root) {
    phase.recv_into(axis.at(root), Buffer::out, axis.own());
    return;
  }
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.send_from(axis.right(distance), Buffer::in, axis.chunk(axis.self() + distance));
  }
  phase.copy(Buffer::in, axis.own(), Buffer::out, axis.own());
}

}  // namespace tutti::plan
