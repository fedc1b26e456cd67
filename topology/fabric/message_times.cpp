#include "topology/fabric/message_times.hpp"

#include <algorithm>
#include <cmath>

namespace tutti::topology {

double MessageTimes::of(double bytes) const {
  if (bytes <= kBytes.front()) return us.front() * bytes / kBytes.front();
  if (bytes >= kBytes.back()) return us.back() * bytes / kBytes.back();
  const auto above = std::upper_bound(kBytes.begin(), kBytes.end(), bytes);
  const auto i = static_cast<std::size_t>(above - kBytes.begin());
  // By a power of the bytes: where caches end, a straight line would be nearest to the slower of both sizes.
  const double part = std::log(bytes / kBytes[i - 1]) / std::log(kBytes[i] / kBytes[i - 1]);
  return us[i - 1] <= 0 ? part * us[i] : us[i - 1] * std::pow(us[i] / us[i - 1], part);
}

double MessageTimes::best_GBps() const {
  constexpr double kLeast = 1024;
  double best = 0;
  for (std::size_t i = 0; i < kSizes; ++i)
    if (kBytes[i] >= kLeast && us[i] > 0) best = std::max(best, kBytes[i] / us[i] * 1e-3);
  return best;
}

MessageTimes MessageTimes::times(double factor) const {
  MessageTimes all = *this;
  for (double& each : all.us) each *= factor;
  return all;
}

}  // namespace tutti::topology
