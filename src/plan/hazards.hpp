// Which actions must wait for which, because they touch the same chunks of the same buffer.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "plan/phase_builder.hpp"

namespace tutti::plan {

/// Pairs of actions by number, earlier one first, sorted: a read after a write, a write after a read or a write, where
/// nothing that is found anyway stands between the two. Segments touch chunks of their own: what holds for one holds
/// for all. In time that goes with the runs of chunks; of buffers with strided copies, with the chunks.
std::vector<std::pair<std::uint32_t, std::uint32_t>> find_hazards(const std::vector<Action>& actions, bool in_place);

}  // namespace tutti::plan
