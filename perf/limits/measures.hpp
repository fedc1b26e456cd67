// What is measured of a machine. All times are medians in microseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tutti::limits {

struct Settings {
  std::vector<int> cores;
  std::size_t least_bytes = std::size_t{4} << 10;  // of copies and additions; all-reduces begin with 8 bytes
  std::size_t most_bytes = std::size_t{64} << 20;
  int samples = 9;
};

/// Sizes, each twice the one before.
std::vector<std::size_t> sizes_between(std::size_t least, std::size_t most);

/// 1, 2, 4, ... and all of them.
std::vector<int> team_sizes(int cores);

/// From one core to another and back: a flag is answered with a flag. Needs two cores.
Result<double> measure_round_trip(const Settings& settings);

/// Every core works on `bytes` of its own, at the same time; `us` is until the last is ready.
struct Bandwidth {
  const char* what;    // copy: out = in; reduce: out = left + right of f32
  const char* stores;  // plain or streaming
  int cores = 1;
  std::size_t bytes = 0;  // of each core's output
  double us = 0;
};
Result<std::vector<Bandwidth>> measure_bandwidth(const Settings& settings);

/// What cores can do with buffers that all of them reach: an all-reduce of f32, sum, out of place.
struct AllReduce {
  int ranks = 2;
  std::size_t bytes = 0;
  double us = 0;  // of the best
  std::string best{};
  double plain_us = 0;  // the best with plain stores
  double streaming_us = 0;
};
Result<std::vector<AllReduce>> measure_all_reduce(const Settings& settings);

/// From the waker's decision until the sleeper runs.
struct WakeUp {
  const char* by;  // futex or eventfd
  bool same_core = false;
  double us = 0;
};
Result<std::vector<WakeUp>> measure_wake_up(const Settings& settings);

/// From a process that offers its core until the next that waits on it runs, when several do that by turns.
Result<double> measure_hand_over(const Settings& settings);

/// process_vm_readv out of another process. Empty, and why in `refusal`, where the system does not allow it.
struct ForeignCopy {
  std::size_t bytes = 0;
  double us = 0;
};
struct ForeignCopies {
  std::vector<ForeignCopy> rows;
  std::string refusal;
};
Result<ForeignCopies> measure_foreign_copy(const Settings& settings);

}  // namespace tutti::limits
