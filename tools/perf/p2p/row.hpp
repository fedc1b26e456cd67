// One line of results, for one size of message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/perf/p2p/options.hpp"
#include "tools/perf/statistics.hpp"

namespace tutti::perf::p2p {

/// A mode that was not measured has nothing.
struct Row {
  std::size_t bytes = 0;
  int window = 1;
  std::optional<Statistics> latency_us;      // half of each round trip
  std::optional<double> bandwidth_GBps;      // NOLINT: units as they are written
  std::optional<double> bidirectional_GBps;  // NOLINT: both directions together
  std::optional<double> messages_per_s;
  std::optional<std::uint64_t> wrong;  // bytes at both ends, over all modes; nothing when they were not checked
};

/// Takes into `row` what the turns of a mode took, one after the other. Needs at least one.
void take_in(Row& row, Mode mode, std::vector<double> turns_us);

/// What the rows have in common.
struct Site {
  int ranks = 2;  // of the job
  Ends ends;
  std::string from_host;
  std::string to_host;
  bool same_node = true;
  std::vector<std::string> transports;  // as tuttiExplain tells them, after a message
  std::vector<std::string> paths;
};

}  // namespace tutti::perf::p2p
