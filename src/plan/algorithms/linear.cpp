// Linear: the root talks to every other rank itself, at once.
// Rounds: 1.   Bytes sent or received at the root: p-1 vectors, or (p-1)/p of the blocks for gather and scatter.
// A barrier has 2, and p-1 messages each way.
// Needs: nothing; contributions are reduced in rank order by one kernel call.   Wins: few ranks; blocks of lengths that
// only their sender and receiver know; ranks that share cores, because the fewest messages are sent, and a rank waits
// once until the others on its core have run, however many there are.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {

void linear_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  if (axis.self() != root) phase.recv(axis.at(root), axis.all());
  for (std::int32_t distance = 1; distance < axis.size() && axis.self() == root; ++distance)
    phase.send(axis.right(distance), axis.all());
  phase.next_round();
}

void linear_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  if (axis.self() != root) {
    phase.send(axis.at(root), axis.all());
  } else if (axis.size() > 1) {
    const Slots slots = phase.make_slots(static_cast<std::uint32_t>(axis.size()), axis.all());
    for (std::int32_t distance = 1; distance < axis.size(); ++distance)
      phase.recv_slot(axis.left(distance), slots, static_cast<std::uint32_t>(axis.wrap(root - distance)));
    phase.reduce_slots(slots, static_cast<std::uint32_t>(root));
  }
  phase.next_round();
}

void linear_gather(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  if (axis.self() != root) phase.send(axis.at(root), axis.own());
  for (std::int32_t distance = 1; distance < axis.size() && axis.self() == root; ++distance)
    phase.recv(axis.left(distance), axis.chunk(root - distance));
  phase.next_round();
}

void linear_scatter(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  if (axis.self() != root) phase.recv(axis.at(root), axis.own());
  for (std::int32_t distance = 1; distance < axis.size() && axis.self() == root; ++distance)
    phase.send(axis.right(distance), axis.chunk(root + distance));
  phase.next_round();
}

// The first member hears of all and tells all.
void linear_barrier(const Axis& axis, PhaseBuilder& phase) {
  const bool leads = axis.self() == 0;
  if (!leads) phase.send_token(axis.at(0));
  for (std::int32_t distance = 1; distance < axis.size() && leads; ++distance) phase.recv_token(axis.left(distance));
  phase.next_round();
  if (!leads) phase.recv_token(axis.at(0));
  for (std::int32_t distance = 1; distance < axis.size() && leads; ++distance) phase.send_token(axis.right(distance));
  phase.next_round();
}

}  // namespace tutti::plan
