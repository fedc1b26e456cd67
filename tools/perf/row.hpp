// One line of results: what was measured for one case and size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/perf/options.hpp"
#include "tools/perf/statistics.hpp"

namespace tutti::perf {

/// Out-of-place or in-place.
struct Side {
  double time_us = 0;                  // the mean over iterations, put together over ranks as -a says: the table's
  Statistics slowest;                  // of each iteration's slowest rank, in microseconds: the document's
  std::optional<std::uint64_t> wrong;  // elements over all ranks; nothing when they were not checked
};

struct Row {
  Case series;
  Shape shape;
  Side out_of_place;
  Side in_place;
  std::string algorithm;  // as tuttiExplain tells them
  std::vector<std::string> transports;
};

/// What the rows have in common.
struct Job {
  int ranks = 1;
  int nodes = 1;
  std::vector<std::string> hosts;    // each once
  std::vector<std::string> devices;  // one line a rank, for the table's head
};

}  // namespace tutti::perf
