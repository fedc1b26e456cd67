// A link's numbers from exchanges of different sizes.
#pragma once

#include <span>

namespace tutti::topology {

/// Two ranks sent each other `messages` messages of `bytes` each, all at once.
struct ExchangeSample {
  double messages = 1;
  double bytes = 0;
  double us = 0;
};

struct LinkFit {
  double latency_us = 0;
  double overhead_us = 0;  // of a message, at each end
  double GBps = 0;         // that a rank sends while it receives as much
  double error = 0;        // what nine of ten samples differ by, relatively; the worst of fewer
};

/// latency + 2 * messages * overhead + messages * bytes / bandwidth, the least squares of relative errors; no number
/// becomes negative. In that an exchange of one message is what rounds of collectives are.
/// Needs three samples at least that differ in messages and in bytes.
LinkFit fit_link(std::span<const ExchangeSample> samples);

}  // namespace tutti::topology
