// What was measured between two ranks.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace tutti::topology {

/// Each number was taken twice, independently: how much the two differ says how far numbers can be trusted.
struct Probe {
  std::int32_t one = 0;  // ranks
  std::int32_t other = 0;
  std::array<double, 2> latency_us{};  // half of a round trip
  std::array<double, 2> GBps{};
  double overhead_us = 0;  // processor time for a message
  bool operator==(const Probe&) const = default;

  [[nodiscard]] double best_latency_us() const { return std::min(latency_us[0], latency_us[1]); }
  [[nodiscard]] double best_GBps() const { return std::max(GBps[0], GBps[1]); }
};

/// A job as it was measured.
struct Measurement {
  std::int32_t ranks = 1;
  std::vector<std::int32_t> node_of;  // each rank's node, as the nodes report it; empty: nothing is known
  std::vector<Probe> probes;
};

}  // namespace tutti::topology
