// Which rank holds which experts. Pure.
//
// Words: an *expert* is what tokens choose; a *slot* is a place that holds one expert; an expert with several slots is
// *replicated*. A rank's slots have *local* numbers, in the order of the slots.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "moe/site.hpp"

namespace tutti::moe {

struct Placement {
  std::int32_t experts = 0;
  std::vector<std::int32_t> slot_rank;
  std::vector<std::int32_t> slot_expert;
  std::vector<std::uint16_t> slot_local;
  std::vector<std::int32_t> slots_on;  // how many, of each rank

  /// One slot an expert; the first `experts % ranks` ranks have one more than the others.
  static Placement even(std::int32_t experts, std::int32_t ranks);

  /// Fails with invalid_argument on ranks and experts that do not exist, and on an expert without a slot; it names the
  /// slot or the expert.
  static Result<Placement> make(std::int32_t experts, std::int32_t ranks, std::span<const std::int32_t> slot_rank,
                                std::span<const std::int32_t> slot_expert);

  [[nodiscard]] std::int32_t slots() const { return static_cast<std::int32_t>(slot_rank.size()); }
  [[nodiscard]] std::int32_t most_slots() const;  // on one rank

  /// The same where placements are the same, and else not but by chance.
  [[nodiscard]] std::uint64_t hash() const;
};

/// Where one rank's tokens go for each expert, or for each slot: to the nearest replicas (on the rank itself, else on
/// its node, else anywhere), by turns where several are as near.
class Directory {
 public:
  struct Target {
    std::int32_t rank = 0;
    std::uint16_t slot = 0;     // local number
    std::uint16_t nothing = 0;  // so that it can be read as one word
  };

  Directory() = default;
  /// `by_slot`: the choices name slots and not experts.
  Directory(const Placement& placement, const Site& site, bool by_slot);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(first_.size()) - 1; }
  [[nodiscard]] bool is_plain() const { return plain_; }  // one target each
  /// Targets by choice + 1, if they are plain; that of choice -1 has the rank behind the last.
  [[nodiscard]] std::span<const Target> plain() const { return plain_targets_; }
  [[nodiscard]] Target find(std::uint32_t choice, std::uint32_t turn) const {
    const std::uint32_t count = first_[choice + 1] - first_[choice];
    return targets_[first_[choice] + (count == 1 ? 0 : turn % count)];
  }

 private:
  std::vector<std::uint32_t> first_ = {0};
  std::vector<Target> targets_;
  std::vector<Target> plain_targets_;
  bool plain_ = true;
};

}  // namespace tutti::moe
