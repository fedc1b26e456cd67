// Takes the numbers of one pair of ranks. Both run the same function; the lower rank times, the other answers.
#pragma once

#include <vector>

#include "tools/job/member.hpp"
#include "topology/infer/pairs.hpp"

namespace tutti::job {

class Prober {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  explicit Prober(Member& member) : member_(member), memory_(kMostBytes) {}

  /// Latency, bandwidth and overhead, some ten milliseconds in all, more where ranks wait for a processor. The numbers
  /// are right at the pair's lower rank only.
  Result<topology::Probe> probe(const topology::Pair& pair);

  /// What a message of `bytes` from the lower rank to the other brings, in GB/s.
  Result<double> load(const topology::Pair& pair, std::size_t bytes);

 private:
  Result<double> round_trips(int peer, bool times);
  Result<double> window(int peer, bool times, double round_trip_us);
  Result<std::size_t> fitting_size(int peer, bool times);
  Result<double> bandwidth(int peer, bool times, std::size_t bytes);
  Result<double> message(int peer, bool sends, std::size_t bytes);

  Member& member_;
  std::vector<std::byte> memory_;
};

}  // namespace tutti::job
