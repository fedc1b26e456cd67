// Binary tree in symmetric order, and its twin: together the double binary tree (Sanders, Speck & Traeff, "Two-tree
// algorithms for full bandwidth broadcast, reduction and scan", Parallel Computing 2009).
// Rounds: 2 floor(log2 p).   Bytes sent per rank: up to 3 vectors in one tree, 2 in two trees that carry half each:
// whoever has children in one is a leaf in the other.
// Needs: a commutative operator.   Wins: medium and large messages on many ranks, in segments (tree|twin_tree).
//
// Numbering ranks from 1, the height of a rank is the number of zeros at the end of its number; odd ranks are leaves.
#include <bit>

#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

struct Seat {
  std::int32_t parent = 0;            // 0: the root
  std::int32_t children[2] = {0, 0};  // 0: none
  std::int32_t depth = 0;             // of this rank below the root
};

// A parent beyond the last rank is skipped: its own parent takes its place.
std::int32_t parent_of(std::int32_t seat, std::int32_t size) {
  const std::int32_t bit = seat & -seat;
  const std::int32_t right = (seat ^ bit) | (bit << 1);
  return right <= size ? right : seat ^ bit;
}

Seat find_seat(std::int32_t seat, std::int32_t size) {
  Seat found;
  found.parent = parent_of(seat, size);
  const std::int32_t half = (seat & -seat) >> 1;
  if (half > 0) found.children[0] = seat - half;
  for (std::int32_t reach = half; reach > 0 && found.children[1] == 0; reach /= 2) {
    if (seat + reach <= size) found.children[1] = seat + reach;
  }
  for (std::int32_t above = found.parent; above != 0; above = parent_of(above, size)) ++found.depth;
  return found;
}

// `position_of(seat)` says where who has this number is on the axis.
template <typename PositionOf>
void reduce_and_broadcast(const Axis& axis, const Seat& seat, PositionOf position_of, PhaseBuilder& phase) {
  const auto height = static_cast<std::int32_t>(std::bit_width(static_cast<std::uint32_t>(axis.size()))) - 1;
  const std::uint32_t start = phase.round();
  const auto round = [&](std::int32_t number) { phase.set_round(start + static_cast<std::uint32_t>(number)); };
  for (const std::int32_t child : seat.children) {
    round(height - seat.depth - 1);
    if (child != 0) phase.recv_reduce(axis.at(position_of(child)), axis.all());
  }
  round(height - seat.depth);
  if (seat.parent != 0) phase.send(axis.at(position_of(seat.parent)), axis.all());
  round(height + seat.depth - 1);
  if (seat.parent != 0) phase.recv(axis.at(position_of(seat.parent)), axis.all());
  round(height + seat.depth);
  for (const std::int32_t child : seat.children) {
    if (child != 0) phase.send(axis.at(position_of(child)), axis.all());
  }
  round(2 * height);
}

}  // namespace

void tree_all_reduce(const Axis& axis, PhaseBuilder& phase) {
  reduce_and_broadcast(
      axis, find_seat(axis.self() + 1, axis.size()), [](std::int32_t seat) { return seat - 1; }, phase);
}

// Mirrored when p is even, and turned by one when it is odd: odd numbers become even ones.
void twin_tree_all_reduce(const Axis& axis, PhaseBuilder& phase) {
  const std::int32_t size = axis.size();
  if (size % 2 == 0) {
    reduce_and_broadcast(
        axis, find_seat(size - axis.self(), size), [&](std::int32_t seat) { return size - seat; }, phase);
  } else {
    reduce_and_broadcast(
        axis, find_seat((axis.self() + 1) % size + 1, size), [&](std::int32_t seat) { return axis.wrap(seat - 2); },
        phase);
  }
}

}  // namespace tutti::plan
