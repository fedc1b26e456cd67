#include "moe/plan.hpp"

#include <numeric>
#include <utility>

namespace tutti::moe {

bool Plan::needs_verdict(std::int64_t most_tokens) const {
  if (overflow == Overflow::drop) return false;
  switch (shape.layout) {
    case Layout::flat:
    case Layout::expert_major:
      return shape.most_rows != 0;
    case Layout::expert_padded:
      return true;
    case Layout::rank_padded:
      return shape.capacity < most_tokens;
  }
  return false;
}

void Plan::find_rows() {
  if (std::exchange(knows_rows, true)) return;
  for (std::int32_t rank = 0; rank < site->ranks; ++rank) {
    const auto node = static_cast<std::size_t>(site->node_of[static_cast<std::size_t>(rank)]);
    const bool straight = site->is_near(rank) || routes[node].route == Route::direct;
    if (rank != site->rank && straight) outgoing.find_rows(rank);
    if (!is_by_expert(shape.layout)) continue;
    Source& source = sources[static_cast<std::size_t>(rank)];
    RowList& rows = rank == site->rank ? outgoing.rows[static_cast<std::size_t>(rank)] : source.memory.rows;
    rows.find_ends(source.entries);
    source.entry_ends = rows.ends();
  }
}

std::uint64_t Plan::network_rows() const {
  return std::accumulate(outgoing.node_rows.begin(), outgoing.node_rows.end(), std::uint64_t{0});
}

std::uint64_t Plan::network_rank_rows() const {
  return std::accumulate(outgoing.rank_rows.begin(), outgoing.rank_rows.end(), std::uint64_t{0});
}

}  // namespace tutti::moe
