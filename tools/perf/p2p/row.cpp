#include "tools/perf/p2p/row.hpp"

#include <numeric>

namespace tutti::perf::p2p {

void take_in(Row& row, Mode mode, std::vector<double> turns_us) {
  const double total_us = std::accumulate(turns_us.begin(), turns_us.end(), 0.0);
  const double messages = static_cast<double>(turns_us.size()) * row.window;
  const double bytes = messages * static_cast<double>(row.bytes);
  switch (mode) {
    case Mode::latency:
      for (double& time : turns_us) time /= 2;
      row.latency_us = statistics_of(std::move(turns_us));
      return;
    case Mode::bandwidth:
      row.bandwidth_GBps = gigabytes_per_second(bytes, total_us);
      return;
    case Mode::bidirectional:
      row.bidirectional_GBps = gigabytes_per_second(2 * bytes, total_us);
      return;
    case Mode::rate:
      row.messages_per_s = total_us > 0 ? 1e6 * messages / total_us : 0;
      return;
  }
}

}  // namespace tutti::perf::p2p
