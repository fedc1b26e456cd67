// The blocks that a call moves between ranks, and where its result comes from.
#pragma once

#include <vector>

#include "tools/perf/collective.hpp"

namespace tutti::perf {

/// One block for each rank, in elements, as the V-variants take them.
struct BlockList {
  std::vector<std::size_t> counts;
  std::vector<std::size_t> displacements;  // one after the other
  std::size_t total = 0;
};

/// The elements of the block that `from` has for `to`, where equal blocks have `count`. Those of V-variants have up to
/// twice as many, and every third is empty; all of a rank's together are never more than `count` a rank.
std::size_t block_length(const Collective& collective, std::size_t count, std::size_t from, std::size_t to);

/// What `rank` sends to each rank, where it has a block for each.
BlockList blocks_to_all(const Collective& collective, std::size_t count, std::size_t rank, std::size_t ranks);

/// What `rank` receives from each.
BlockList blocks_from_all(const Collective& collective, std::size_t count, std::size_t rank, std::size_t ranks);

/// `count` elements of the result, at `at`, are those that begin at `first` of what `from` sent.
struct Part {
  static constexpr int kReduction = -1;  // `from`: of the reduction over all ranks

  int from = kReduction;
  std::size_t first = 0;
  std::size_t count = 0;
  std::size_t at = 0;
};

/// All of the result of a rank that has one.
std::vector<Part> parts_of_result(const Collective& collective, const Shape& shape, int root, int rank, int ranks);

}  // namespace tutti::perf
