// Exchanges between two ranks: both send as much as they get, as rounds of collectives do.
#pragma once

#include <vector>

#include "tools/job/member.hpp"
#include "topology/infer/fit.hpp"

namespace tutti::job {

class Exchanger {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;  // that each sends at a time

  explicit Exchanger(Member& member) : member_(member), sent_(kMostBytes), received_(kMostBytes) {}

  /// Medians for one to sixteen messages of 8 B to 4 MiB, in some hundred milliseconds; fewer sizes where those before
  /// took long. Both ranks of the pair call it, one of them with `leads`: it gets the samples.
  Result<std::vector<topology::ExchangeSample>> with(int peer, bool leads);

 private:
  Result<double> once(int peer, std::size_t messages, std::size_t bytes);

  Member& member_;
  std::vector<std::byte> sent_;
  std::vector<std::byte> received_;
};

}  // namespace tutti::job
