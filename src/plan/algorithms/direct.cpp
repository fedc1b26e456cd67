// Direct exchange: everybody talks to everybody at once ("one-shot" and "two-shot" all-reduce).
// Rounds: 1 (one-shot, reduce-scatter, all-gather, broadcast, reduce) or 2 (two-shot).
// Bytes sent per rank: (p-1) vectors for one-shot, (p-1)/p for each half of two-shot.
// Needs: nothing; contributions are reduced in rank order by one kernel call, so results do not depend on the order of
// arrival, low precision is rounded once, and operators need not commute.
// Wins: small messages on few ranks (one-shot), and medium ones where messages are cheap (two-shot).
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

// Collects everybody's contribution to `chunk` in slots numbered by position, and reduces them in that order.
void collect(const Axis& axis, ChunkRange chunk, PhaseBuilder& phase) {
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.recv_slot(axis.left(distance), static_cast<std::uint32_t>(axis.wrap(axis.self() - distance)));
  }
  phase.reduce_slots(static_cast<std::uint32_t>(axis.size()), static_cast<std::uint32_t>(axis.self()), chunk);
  phase.finish(chunk);
}

}  // namespace

void one_shot_all_reduce(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) phase.send(axis.right(distance), {0, 1});
  collect(axis, {0, 1}, phase);
}

// Every rank reduces its own chunk. Distances keep the ranks from all sending to the same one first.
void direct_reduce_scatter(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.send(axis.right(distance), axis.chunk(axis.self() + distance));
  }
  if (axis.size() == 2 && !phase.divides()) {  // a single sum, rounded once: no need to keep the contribution aside
    phase.recv_reduce(axis.left(), axis.own(), axis.self() == 1 ? PhaseBuilder::Side::left : PhaseBuilder::Side::right);
    phase.finish(axis.own());
  } else {
    collect(axis, axis.own(), phase);
  }
  phase.next_round();
}

void direct_all_gather(const Axis& axis, PhaseBuilder& phase) {
  phase.finish(axis.own());
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) phase.send(axis.right(distance), axis.own());
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.recv(axis.left(distance), axis.chunk(axis.self() - distance));
  }
  phase.next_round();
}

void two_shot_all_reduce(const Axis& axis, PhaseBuilder& phase) {
  direct_reduce_scatter(axis, phase);
  direct_all_gather(axis, phase);
}

void direct_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  if (axis.self() != root) {
    phase.recv(axis.at(root), {0, 1});
    return;
  }
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) phase.send(axis.right(distance), {0, 1});
  phase.finish({0, 1});
}

void direct_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  if (axis.self() == root) {
    collect(axis, {0, 1}, phase);
  } else {
    phase.send(axis.at(root), {0, 1});
  }
}

}  // namespace tutti::plan
