// One line of results: what was measured for one case and size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/perf/options.hpp"
#include "tools/perf/statistics.hpp"

namespace tutti::perf {

/// How another library did beside Tutti.
struct Duel {
  Statistics slowest;  // its times, as Side's
  Spread speedup;      // its time / Tutti's, of each iteration
};

/// Out-of-place or in-place.
struct Side {
  double time_us = 0;                  // the mean over iterations, put together over ranks as -a says: the table's
  Statistics slowest;                  // of each iteration's slowest rank, in microseconds: the document's
  std::optional<std::uint64_t> wrong;  // elements over all ranks; nothing when they were not checked
  std::optional<Duel> duel{};
};

struct Row {
  Case series;
  Shape shape;
  Side out_of_place;
  Side in_place;
  std::string algorithm;  // as tuttiExplain tells them
  std::vector<std::string> transports;
  std::optional<double> limit_us{};  // what cores could do at best, where that was measured
};

struct PeerName {
  std::string name;
  std::string version;  // with the name, as the library tells it
};

/// What the rows have in common.
struct Job {
  int ranks = 1;
  int nodes = 1;
  std::vector<std::string> hosts;    // each once
  std::vector<std::string> devices;  // one line a rank, for the table's head
  std::optional<PeerName> peer{};    // whom Tutti is compared with
};

}  // namespace tutti::perf
