// Which pairs of ranks to measure, and which of them at the same time.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "topology/infer/infer.hpp"

namespace tutti::topology {

using Pair = std::pair<std::int32_t, std::int32_t>;  // the lower rank first

/// How many pairs a measurement of so many ranks may take in all: 4 n log2 n, or all that there are.
std::size_t pair_budget(std::int32_t ranks);

/// Pairs to begin with, at most 2 n log2 n: in the order of nodes and ranks, each rank with those 1, 2, 4, ... places
/// further - neighbours are near each other more often than not - and with as many by chance. All pairs where that is
/// less. Every rank is connected with every other one, over others.
std::vector<Pair> first_pairs(std::int32_t ranks, const std::vector<std::int32_t>& node_of);

/// Pairs that could show that groups of a level belong together: one rank of each group with one of others, which were
/// not measured yet; at most `most`. None if nothing is left to ask.
std::vector<Pair> more_pairs(const Inferred& inferred, const std::vector<Probe>& measured, std::size_t most);

/// Some pairs of each level, spread over its groups.
std::vector<Pair> sample_pairs(const Inferred& inferred, std::size_t of_each_level);

/// Pairs in which all ranks send at once to another unit of their group at `level`: each rank at most once. None where
/// units are single ranks, or no group has two.
std::vector<Pair> load_pairs(const Inferred& inferred, std::size_t level);

/// The pairs in waves: in each, a node takes part in one pair at most, so that pairs do not share its NIC.
std::vector<std::vector<Pair>> waves_of(const std::vector<Pair>& pairs, const std::vector<std::int32_t>& node_of);

}  // namespace tutti::topology
