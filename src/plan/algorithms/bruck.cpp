// Bruck (Bruck, Ho, Kipnis, Upfal & Weathersby, "Efficient algorithms for all-to-all communications in multiport
// message-passing systems", IEEE TPDS 1997), with any radix r.
// Rounds: ceil(log_r p).   Messages: r-1 a round.   Bytes sent per rank: (p-1)/p of the vector for all-gather and
// reduce-scatter; about (r-1)/r of it a round for all-to-all, which also packs and unpacks as much.
// Needs: a commutative operator; blocks of one length for all-to-all.
// Wins: small messages; a higher radix where several messages at a time are cheap.
#include <algorithm>
#include <vector>

#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

// 1, r, r^2, ... below `size`.
std::vector<std::int32_t> powers(std::int32_t radix, std::int32_t size) {
  std::vector<std::int32_t> all;
  for (std::int64_t power = 1; power < size; power *= radix) all.push_back(static_cast<std::int32_t>(power));
  return all;
}

}  // namespace

// A rank holds the run of chunks that begins with its own; each round multiplies its length by the radix.
void bruck_all_gather(const Axis& axis, PhaseBuilder& phase) {
  for (const std::int32_t held : powers(axis.radix(), axis.size())) {
    for (std::int32_t digit = 1; digit < axis.radix() && digit * held < axis.size(); ++digit) {
      const std::int32_t offset = digit * held;
      const std::int32_t given = std::min(held, axis.size() - offset);
      phase.send(axis.left(offset), axis.chunk(axis.self(), given));
      phase.recv(axis.right(offset), axis.chunk(axis.self() + offset, given));
    }
    phase.next_round();
  }
}

// The same backwards: the run that a rank is responsible for shrinks to its own chunk.
void bruck_reduce_scatter(const Axis& axis, PhaseBuilder& phase) {
  auto all = powers(axis.radix(), axis.size());
  std::reverse(all.begin(), all.end());
  for (const std::int32_t held : all) {
    for (std::int32_t digit = 1; digit < axis.radix() && digit * held < axis.size(); ++digit) {
      const std::int32_t offset = digit * held;
      const std::int32_t given = std::min(held, axis.size() - offset);
      phase.send(axis.right(offset), axis.chunk(axis.self() + offset, given));
      phase.recv_reduce(axis.left(offset), axis.chunk(axis.self(), given));
    }
    phase.next_round();
  }
}

// Place i of the row in `acc` holds a block that has i ranks to go, to the right. In the round of one digit of i, the
// blocks in which it is d travel d * r^k ranks. They are packed in `acc2` and arrive in `out`, which is free until the
// end.
void bruck_all_to_all(const Axis& axis, PhaseBuilder& phase) {
  const auto size = static_cast<std::uint32_t>(axis.size());
  const auto self = static_cast<std::uint32_t>(axis.self());
  phase.copy(Buffer::in, {self, size - self}, Buffer::acc, {0, size - self});
  if (self > 0) phase.copy(Buffer::in, {0, self}, Buffer::acc, {size - self, self});
  for (const std::int32_t power : powers(axis.radix(), axis.size())) {
    const auto run = static_cast<std::uint32_t>(power);
    const auto stride = run * static_cast<std::uint32_t>(axis.radix());
    std::uint32_t packed = 0;
    for (std::uint32_t first = run; first < std::min(stride, size); first += run) {
      const std::uint32_t begin = packed;
      const auto for_each_run = [&](auto&& visit) {
        for (std::uint32_t i = first; i < size; i += stride) visit(ChunkRange{i, std::min(run, size - i)});
      };
      for_each_run([&](ChunkRange blocks) {
        phase.copy(Buffer::acc, blocks, Buffer::acc2, {packed, blocks.count});
        packed += blocks.count;
      });
      const ChunkRange message{begin, packed - begin};
      phase.send_from(axis.right(first), Buffer::acc2, message);
      phase.recv_into(axis.left(first), Buffer::out, message);
      std::uint32_t unpacked = begin;
      for_each_run([&](ChunkRange blocks) {
        phase.copy(Buffer::out, {unpacked, blocks.count}, Buffer::acc, blocks);
        unpacked += blocks.count;
      });
    }
    phase.next_round();
  }
  for (std::uint32_t i = 0; i < size; ++i)  // what had i ranks to go comes from i ranks to the left
    phase.copy(Buffer::acc, {i, 1}, Buffer::out,
               {static_cast<std::uint32_t>(axis.wrap(axis.self() - static_cast<std::int32_t>(i))), 1});
}

}  // namespace tutti::plan
