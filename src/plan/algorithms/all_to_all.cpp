// All-to-all, each block in one message: chunk d of `in` goes to rank d, chunk s of `out` comes from rank s.
// Direct: all messages at once. Pairwise (Thakur, Rabenseifner & Gropp 2005, "Optimization of collective communication
// operations in MPICH"): one after the other, in the round in which nobody else sends to the same rank.
// Rounds: 1, or p-1.   Bytes sent per rank: (p-1)/p of the vector.   Needs: nothing; ranks need to know the lengths of
// their own blocks only.   Wins: direct where messages are cheap, pairwise where many at once would crowd a receiver.
// In place, a block would be overwritten while it is still being sent; so what is sent is first copied aside.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

ChunkRange block(const Axis& axis, std::int64_t position) {
  return axis.chunk(position).head;
}

Buffer source_of(const Axis& axis, PhaseBuilder& phase) {
  if (!phase.in_place()) return Buffer::in;
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    const ChunkRange aside = block(axis, axis.self() + distance);
    phase.copy(Buffer::in, aside, Buffer::acc, aside);
  }
  return Buffer::acc;
}

}  // namespace

// Distances keep the ranks from all sending to the same one first.
void direct_all_to_all(const Axis& axis, PhaseBuilder& phase) {
  const Buffer source = source_of(axis, phase);
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.send_from(axis.right(distance), source, block(axis, axis.self() + distance));
    phase.recv_into(axis.left(distance), Buffer::out, block(axis, axis.self() - distance));
  }
  phase.copy(Buffer::in, axis.own(), Buffer::out, axis.own());
  phase.next_round();
}

void pairwise_all_to_all(const Axis& axis, PhaseBuilder& phase) {
  const Buffer source = source_of(axis, phase);
  phase.copy(Buffer::in, axis.own(), Buffer::out, axis.own());
  for (std::int32_t distance = 1; distance < axis.size(); ++distance) {
    phase.send_in_turn(axis.right(distance), source, block(axis, axis.self() + distance));
    phase.recv_into(axis.left(distance), Buffer::out, block(axis, axis.self() - distance));
    phase.next_round();
  }
}

}  // namespace tutti::plan
