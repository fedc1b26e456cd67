// Direct exchange: everybody talks to everybody at once. As reduce-scatter and all-gather it makes the "two-shot"
// all-reduce, and on whole vectors the "one-shot".
// Rounds: 1 each.   Bytes sent per rank: p-1 vectors for one-shot, (p-1)/p of one for each half of two-shot.
// Needs: nothing; contributions are reduced in rank order by one kernel call, so results do not depend on the order of
// arrival, low precision is rounded once, and operators need not commute.
// Wins: small messages on few ranks (one-shot), and medium ones where messages are cheap (two-shot).
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

// Collects everybody's contribution to `chunks` in slots numbered by position, and reduces them in that order.
void collect(const Axis& axis, ChunkRange chunks, PhaseBuilder& phase) {
  const Slots slots = phase.make_slots(static_cast<std::uint32_t>(axis.size()), chunks);
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.recv_slot(axis.left(distance), slots, static_cast<std::uint32_t>(axis.wrap(axis.self() - distance)));
  }
  if (axis.size() > 1) phase.reduce_slots(slots, static_cast<std::uint32_t>(axis.self()));
}

}  // namespace

void one_shot_all_reduce(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) phase.send(axis.right(distance), axis.all());
  collect(axis, axis.all(), phase);
  phase.next_round();
}

// Every rank reduces its own chunk. Distances keep the ranks from all sending to the same one first.
void direct_reduce_scatter(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.send(axis.right(distance), axis.chunk(axis.self() + distance));
  }
  if (axis.size() == 2 && !phase.divides()) {  // a single sum, rounded once: no need to keep the contribution aside
    phase.recv_reduce(axis.left(), axis.own(), axis.self() == 1 ? PhaseBuilder::Side::left : PhaseBuilder::Side::right);
  } else {
    collect(axis, axis.own(), phase);
  }
  phase.next_round();
}

void direct_all_gather(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) phase.send(axis.right(distance), axis.own());
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.recv(axis.left(distance), axis.chunk(axis.self() - distance));
  }
  phase.next_round();
}

}  // namespace tutti::plan
