#include "moe/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "moe/hash.hpp"

namespace tutti::moe {
namespace {

constexpr std::int32_t kMostSlotsOfARank = std::numeric_limits<std::uint16_t>::max();

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

}  // namespace

Placement Placement::even(std::int32_t experts, std::int32_t ranks) {
  std::vector<std::int32_t> slot_rank;
  std::vector<std::int32_t> slot_expert;
  for (std::int32_t rank = 0; rank < ranks; ++rank) {
    const std::int32_t own = experts / ranks + (rank < experts % ranks ? 1 : 0);
    for (std::int32_t i = 0; i < own; ++i) {
      slot_expert.push_back(static_cast<std::int32_t>(slot_expert.size()));
      slot_rank.push_back(rank);
    }
  }
  return make(experts, ranks, slot_rank, slot_expert).value();
}

Result<Placement> Placement::make(std::int32_t experts, std::int32_t ranks, std::span<const std::int32_t> slot_rank,
                                  std::span<const std::int32_t> slot_expert) {
  Placement placement;
  placement.experts = experts;
  placement.slot_rank.assign(slot_rank.begin(), slot_rank.end());
  placement.slot_expert.assign(slot_expert.begin(), slot_expert.end());
  placement.slots_on.assign(static_cast<std::size_t>(ranks), 0);
  std::vector<bool> held(static_cast<std::size_t>(experts), false);
  for (std::size_t slot = 0; slot < slot_rank.size(); ++slot) {
    const std::int32_t rank = slot_rank[slot];
    const std::int32_t expert = slot_expert[slot];
    if (rank < 0 || rank >= ranks)
      return wrong(fmt::format("slot {} is on rank {}, which is not between 0 and {}", slot, rank, ranks - 1));
    if (expert < 0 || expert >= experts)
      return wrong(fmt::format("slot {} holds expert {}, which is not between 0 and {}", slot, expert, experts - 1));
    std::int32_t& count = placement.slots_on[static_cast<std::size_t>(rank)];
    if (count == kMostSlotsOfARank)
      return wrong(fmt::format("rank {} would hold more than {} slots", rank, kMostSlotsOfARank));
    placement.slot_local.push_back(static_cast<std::uint16_t>(count++));
    held[static_cast<std::size_t>(expert)] = true;
  }
  const auto without = std::find(held.begin(), held.end(), false);
  if (without != held.end()) return wrong(fmt::format("expert {} has no slot", without - held.begin()));
  return placement;
}

std::int32_t Placement::most_slots() const {
  return slots_on.empty() ? 0 : *std::max_element(slots_on.begin(), slots_on.end());
}

std::uint64_t Placement::hash() const {
  Hash hash;
  hash.mix(static_cast<std::uint64_t>(experts)).mix(slot_rank.size());
  for (std::size_t slot = 0; slot < slot_rank.size(); ++slot)
    hash.mix(static_cast<std::uint64_t>(slot_rank[slot]) << 32 | static_cast<std::uint32_t>(slot_expert[slot]));
  return hash.whole();
}

Directory::Directory(const Placement& placement, const Site& site, bool by_slot) {
  const auto choices = static_cast<std::size_t>(by_slot ? placement.slots() : placement.experts);
  std::vector<std::vector<std::int32_t>> holders(choices);  // slots
  for (std::int32_t slot = 0; slot < placement.slots(); ++slot) {
    const auto at = static_cast<std::size_t>(slot);
    holders[by_slot ? at : static_cast<std::size_t>(placement.slot_expert[at])].push_back(slot);
  }
  const auto distance = [&](std::int32_t slot) {
    const std::int32_t rank = placement.slot_rank[static_cast<std::size_t>(slot)];
    return rank == site.rank ? 0 : site.is_near(rank) ? 1 : 2;
  };
  first_.clear();
  for (const auto& slots : holders) {
    first_.push_back(static_cast<std::uint32_t>(targets_.size()));
    int nearest = 2;
    for (const std::int32_t slot : slots) nearest = std::min(nearest, distance(slot));
    for (const std::int32_t slot : slots) {
      const auto at = static_cast<std::size_t>(slot);
      if (distance(slot) == nearest) targets_.push_back({placement.slot_rank[at], placement.slot_local[at]});
    }
  }
  first_.push_back(static_cast<std::uint32_t>(targets_.size()));
  plain_ = targets_.size() == choices;
  if (!plain_) return;
  plain_targets_.push_back({site.ranks, 0});
  plain_targets_.insert(plain_targets_.end(), targets_.begin(), targets_.end());
}

}  // namespace tutti::moe
