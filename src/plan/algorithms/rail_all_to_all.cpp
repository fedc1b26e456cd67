// All-to-all level by level, innermost first: with two levels the "rail-aligned" or two-step exchange (PXN, DeepEP's
// node-limited routes), with three the three-step one.
// Rounds: the number of levels.   Messages: sum of (p_i - 1), where direct exchange has p-1.
// Bytes sent per rank: sum over levels of (p_i - 1)/p_i of all blocks; packed and unpacked: as much again.
// Needs: regular levels; blocks of one length.   Wins: small and medium blocks on many nodes; between nodes only ranks
// of the same rail talk.
//
// The blocks are a row with a coordinate for each level. At first the coordinates are where a block goes; the exchange
// along a level turns that level's coordinate into where it came from.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

struct Level {
  std::uint32_t size = 1;
  std::uint32_t stride = 1;  // between blocks whose coordinate differs by one
  std::uint32_t self = 0;
};

// Copies the blocks with coordinate `which` along `level` between their places in the row and a slab that holds them
// together.
void copy_slab(const Level& level, std::uint32_t which, std::uint32_t row, Buffer row_buffer, Buffer slab_buffer,
               bool pack, PhaseBuilder& phase) {
  const std::uint32_t runs = row / (level.size * level.stride);  // of `stride` blocks that follow each other
  const std::uint32_t slab = which * (row / level.size);
  const std::uint32_t step = level.size * level.stride;
  const std::uint32_t pieces = runs <= level.stride ? runs : level.stride;
  for (std::uint32_t i = 0; i < pieces; ++i) {
    const bool by_run = runs <= level.stride;
    const std::uint32_t count = by_run ? level.stride : runs;
    const ChunkRange in_row{which * level.stride + (by_run ? i * step : i), count};
    const ChunkRange in_slab{slab + (by_run ? i * level.stride : i), count};
    const std::uint32_t row_stride = by_run ? 1 : step;
    const std::uint32_t slab_stride = by_run ? 1 : level.stride;
    if (pack) {
      phase.copy(row_buffer, in_row, slab_buffer, in_slab, row_stride, slab_stride);
    } else {
      phase.copy(slab_buffer, in_slab, row_buffer, in_row, slab_stride, row_stride);
    }
  }
}

}  // namespace

void rail_all_to_all(const topology::Levels& levels, std::int32_t self, std::uint32_t first_round,
                     PhaseBuilder& phase) {
  const auto row = static_cast<std::uint32_t>(levels.ranks());
  const std::int32_t position = levels.position_of(to_rank(self));
  Buffer at = Buffer::in;  // where the row is
  std::uint32_t stride = 1;
  for (int number = 0; number < levels.depth(); ++number) {
    phase.set_round(first_round + static_cast<std::uint32_t>(number));
    const Level level{static_cast<std::uint32_t>(levels.width(number)), stride,
                      static_cast<std::uint32_t>(position) / stride % static_cast<std::uint32_t>(levels.width(number))};
    const bool last =
        number == levels.depth() - 1;  // its slabs lie together: they leave the row and enter `out` as they are
    const bool aside =
        last && at == Buffer::in && phase.in_place();  // or it would be overwritten while it is being sent
    const Buffer packed = last && !aside ? at : at == Buffer::acc ? Buffer::acc2 : Buffer::acc;
    const Buffer arrived = last ? Buffer::out : packed == Buffer::acc ? Buffer::acc2 : Buffer::acc;
    const std::uint32_t slab = row / level.size;
    const auto peer = [&](std::uint32_t which) {
      const auto unit = static_cast<std::int64_t>(position) + (static_cast<std::int64_t>(which) - level.self) * stride;
      return levels.rank_at(static_cast<std::int32_t>(unit));
    };
    if (aside) phase.copy(at, {0, row}, packed, {0, row});
    if (!last) {
      for (std::uint32_t which = 0; which < level.size; ++which) copy_slab(level, which, row, at, packed, true, phase);
    }
    for (std::uint32_t distance = 1; distance < level.size; ++distance) {
      const std::uint32_t to = (level.self + distance) % level.size;
      phase.send_from(peer(to), packed, {to * slab, slab});
    }
    phase.copy(packed, {level.self * slab, slab}, arrived, {level.self * slab, slab});
    for (std::uint32_t distance = 1; distance < level.size; ++distance) {
      const std::uint32_t from = (level.self + level.size - distance) % level.size;
      phase.recv_into(peer(from), arrived, {from * slab, slab});
    }
    if (!last) {
      for (std::uint32_t which = 0; which < level.size; ++which)
        copy_slab(level, which, row, packed, arrived, false, phase);
      at = packed;
    }
    stride *= level.size;
  }
}

}  // namespace tutti::plan
