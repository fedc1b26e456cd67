// What two ranks do with bytes on the paths of calls, while all ranks do it.
#pragma once

#include <optional>
#include <vector>

#include "tools/job/member.hpp"
#include "tools/tune/pairing.hpp"
#include "topology/fabric/measured.hpp"

namespace tutti::tune {

/// Medians in microseconds of calls on two ranks. Numbers that are compared were measured by turns, so that what slows
/// the machine down for a while slows all of them: the best of several looks is the best of each group.
struct Handling {
  using Times = std::array<double, topology::MessageTimes::kSizes>;

  double one_round_us = 0;   // 8 bytes to the other rank, and as many from it
  double two_rounds_us = 0;  // the same twice

  double exchanged_us = 0;  // kHandled bytes
  double combined_us = 0;   // the same, and reduced as they come
  double stored_us = 0;     // the same, and reduced when they are there

  double copied_us = 0;
  Times exchange{};  // by size; 0: not measured
  Times window{};    // out of windows

  static constexpr std::size_t kHandled = std::size_t{256} << 10;

  /// Takes what is less in `other`; what is 0 is not known.
  void improve(const Handling& other);
  /// Medians, number by number.
  static Handling middle(const std::vector<Handling>& all);

  [[nodiscard]] double combine_GBps() const;
  /// Bytes of one operand.
  [[nodiscard]] double reduce_GBps() const;
  [[nodiscard]] double copy_GBps() const;
  /// A level whose bytes the processors move; `overhead_us` of a message as others see it.
  [[nodiscard]] topology::MeasuredLinks::Level level(double overhead_us) const;
  /// What of a call is no round.
  [[nodiscard]] double call_us() const;

 private:
  [[nodiscard]] double quickest_us() const;
  [[nodiscard]] double round_us() const;
};

/// All ranks call it. `pairs` are ranks that are near each other; `every_size` where processors move the bytes between
/// them. What every pair found is at its leading rank.
Result<std::optional<Handling>> measure_handling(job::Member& member, const std::vector<Pair>& pairs, bool every_size);

}  // namespace tutti::tune
