// An exchange of all ranks with all in which some get more than others, or send more.
#pragma once

#include <span>

#include "base/result.hpp"
#include "sim/network.hpp"

namespace tutti::sim {

/// Every rank sends each other one what `amounts` says of the receiver, or gets from it what that says of the sender.
enum class Uneven : std::uint8_t { receivers, senders };

struct UnevenOutcome {
  double time_us = 0;
  std::vector<double> bytes_by_level;  // between ranks that meet at a level
};

/// All messages are sent at once, those of a rank in the order of positions behind it; all are expected. Overheads,
/// latencies and shared links are those of `simulate`. Where there are no wires, the ranks of an innermost group
/// are one flow with as many parts, as they send alike, or get alike: exact but for the order in which they post.
/// `amounts` are bytes, by position. Time goes with the second power of ranks, times nodes. Fails with unsupported for
/// more than kMostUneven ranks.
constexpr std::int32_t kMostUneven = 1024;
Result<UnevenOutcome> simulate_uneven(const Network& network, std::span<const double> amounts, Uneven uneven);

}  // namespace tutti::sim
