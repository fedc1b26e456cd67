// What one tier of a plan asks of latency, processors, ports and uplinks.
#pragma once

#include <array>

#include "base/datatype.hpp"
#include "plan/plan.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::plan {

/// Where a call's buffers lie: what ranks need not agree about, so that no plan can be chosen for it.
struct Situation {
  bool in_place = false;
  bool in_windows = false;
};
inline constexpr std::array<Situation, 4> kSituations = {
    Situation{}, {.in_place = true}, {.in_windows = true}, {.in_place = true, .in_windows = true}};

/// Times in microseconds, for all segments together; `fill` is what one segment alone takes from end to end.
struct Load {
  static constexpr int kMost = topology::Levels::kMost;

  double latency_us = 0;
  double overhead_us = 0;
  double reduce_us = 0;
  double moved_us = 0;  // of transfers that the processors do
  double fill_us = 0;
  std::array<double, kMost> ports{};    // by number
  std::array<double, kMost> uplinks{};  // by level of the fabric

  void add(const Load& other);
  [[nodiscard]] double busiest_link() const;
};

/// Which levels of the fabric each level of a plan takes together.
struct Span {
  int first = 0;
  int last = 0;
};

class Pricing {
 public:
  /// `levels` are those of the fabric, or some of them.
  /// `footprint`: see footprint_of.
  Pricing(const topology::Fabric& fabric, const topology::Levels& levels, Situation situation = {},
          double footprint = 0);

  struct Share {
    double bytes = 0;    // that the tier handles at each rank that takes part
    bool alone = false;  // one rank of each unit takes part
    double wide = 1;     // how much longer partial results are
    std::uint32_t segments = 1;
  };
  [[nodiscard]] Load load(const Algorithm& algorithm, const Tier& tier, const Share& share) const;
  [[nodiscard]] Load load(const Tier& tier, const Share& share) const;
  /// What is left of the bytes after a tier.
  [[nodiscard]] double part_after(const Tier& tier) const;

 private:
  [[nodiscard]] double share_of_core(const Volume& volume) const;
  [[nodiscard]] double part_of_exchange(const Volume& volume, const Share& share) const;
  [[nodiscard]] double bytes_us(const Volume& volume, const topology::Link& link, const Share& share) const;
  [[nodiscard]] Load load(const Volume& volume, const Span& span, const Share& share) const;

  const topology::Fabric& fabric_;
  const topology::Levels& levels_;
  Situation situation_;
  double footprint_;
  std::array<Span, topology::Levels::kMost> spans_{};
};

}  // namespace tutti::plan
