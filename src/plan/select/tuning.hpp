// What was measured on a cluster, and goes before what the model predicts. docs/tuning.md explains it to users.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "plan/collective.hpp"
#include "topology/fabric/levels.hpp"
#include "topology/fabric/measured.hpp"

namespace tutti::plan {

/// Where something was measured: all that times depend on and ranks share. A value.
struct Site {
  std::int32_t ranks = 1;
  std::int32_t nodes = 1;
  std::string levels;       // "8 x 4", for people
  std::string transports;   // "shm,ucx": those that are allowed
  std::string cpu;          // the models of all nodes, each once
  std::int32_t cores = 1;   // of the fullest node, that its ranks may use
  std::string fingerprint;  // 16 hexadecimal digits of all of that and of the levels with their order of ranks

  static Site of(const topology::Levels& levels, std::int32_t nodes, std::string transports, std::string cpu,
                 std::int32_t cores);
  /// "8 ranks on 2 nodes, 4 x 2, shm,ucx, 16 cores, AMD EPYC 9654".
  [[nodiscard]] std::string describe() const;
  bool operator==(const Site&) const = default;
};

struct MeasuredWay {
  std::string way;
  std::uint32_t segments = 1;
  double us = 0;  // the median over calls of the slowest rank's time
  bool operator==(const MeasuredWay&) const = default;
};

/// The best way for calls of some sizes.
struct TunedChoice {
  Collective collective{};
  std::uint64_t least_bytes = 0;  // of the whole vector, as nccl-tests counts them; both included
  std::uint64_t most_bytes = 0;
  std::uint64_t measured_bytes = 0;  // where in this range it was measured
  MeasuredWay best;
  MeasuredWay model;  // what the model would have chosen, measured in the same run
  bool operator==(const TunedChoice&) const = default;
};

/// What was measured at one site: choices of one collective do not overlap. A value.
struct TunedSite {
  Site site;
  std::optional<topology::MeasuredLinks> links;  // what the model goes by, by `tutti tune`
  std::vector<TunedChoice> choices;              // by `tutti perf --tune`: they go before the model

  /// The choice for such a call, or null.
  [[nodiscard]] const TunedChoice* find(Collective collective, std::uint64_t bytes) const;
  /// Takes a choice in: what was known of its sizes is forgotten.
  void put(const TunedChoice& choice);
  bool operator==(const TunedSite&) const = default;
};

/// A file of them. A value.
struct TuningTable {
  std::vector<TunedSite> sites;

  /// Null: nothing was measured at this site.
  [[nodiscard]] const TunedSite* find(std::string_view fingerprint) const;
  /// The one of this site, which is added if need be.
  TunedSite& at(const Site& site);
  bool operator==(const TuningTable&) const = default;
};

/// What the sizes at which something was measured stand for: each up to halfway, in the logarithm, to its neighbours.
/// `sizes` in ascending order, each once.
struct SizeRange {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};
std::vector<SizeRange> ranges_of(const std::vector<std::uint64_t>& sizes);

}  // namespace tutti::plan
