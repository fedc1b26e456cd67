#include "tools/tune/rates.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <span>

namespace tutti::tune {
namespace {

constexpr double kLeastGBps = 1e-3;
constexpr double kMostGBps = 1000;  // where a reduction hides behind the exchange
constexpr double kLeastUs = 1e-3;   // of what takes time at all
// What of a call is a round, at least. A round is two cache lines' way from core to core, a call some hundred
// instructions: a smaller part is a disturbance of one of two times, not an answer.
constexpr double kLeastOfACall = 0.1;
constexpr std::size_t kNumbers = sizeof(Handling) / sizeof(double);

std::span<double, kNumbers> numbers(Handling& handling) {
  static_assert(sizeof(Handling) % sizeof(double) == 0 && std::is_trivially_copyable_v<Handling>);
  return std::span<double, kNumbers>(&handling.one_round_us, kNumbers);
}

double rate(double us) {
  return std::clamp(static_cast<double>(Handling::kHandled) / std::max(us, kLeastUs) / 1e3, kLeastGBps, kMostGBps);
}

// Beyond one round of nothing; more bytes never take less time.
topology::MessageTimes beyond(const Handling::Times& times, double round_us) {
  topology::MessageTimes beyond;
  double least = kLeastUs;
  for (std::size_t i = 0; i < times.size(); ++i) beyond.us[i] = least = std::max(least, times[i] - round_us);
  return beyond;
}

}  // namespace

void Handling::improve(const Handling& other) {
  Handling seen = other;
  const auto known = numbers(*this);
  const auto better = numbers(seen);
  // What was measured by turns belongs together, as differences count: the least of each, seen at different times, may
  // differ by anything.
  constexpr std::array<std::size_t, 3> kTogether = {0, 2, 5};  // first numbers of what was
  static_assert(offsetof(Handling, exchanged_us) == 2 * sizeof(double) &&
                offsetof(Handling, copied_us) == 5 * sizeof(double));
  for (std::size_t group = 0; group + 1 < kTogether.size(); ++group) {
    const auto sum = [&](std::span<double, kNumbers> of) {
      return std::accumulate(of.begin() + kTogether[group], of.begin() + kTogether[group + 1], 0.0);
    };
    if (sum(better) <= 0 || (sum(known) > 0 && sum(known) <= sum(better))) continue;
    std::copy(better.begin() + kTogether[group], better.begin() + kTogether[group + 1],
              known.begin() + kTogether[group]);
  }
  for (std::size_t i = kTogether.back(); i < kNumbers; ++i) {
    if (better[i] > 0 && (known[i] == 0 || better[i] < known[i])) known[i] = better[i];
  }
}

Handling Handling::middle(const std::vector<Handling>& all) {
  Handling middle;
  for (std::size_t i = 0; i < kNumbers; ++i) {
    std::vector<double> times;
    for (Handling one : all) times.push_back(numbers(one)[i]);
    std::ranges::sort(times);
    numbers(middle)[i] = times.empty() ? 0 : times[times.size() / 2];
  }
  return middle;
}

// Recursive doubling in place reduces beside, and brings the result home: two passes, which the model prices alike.
double Handling::combine_GBps() const {
  return rate((combined_us - exchanged_us) / 2);
}
double Handling::reduce_GBps() const {
  return rate(stored_us - exchanged_us);
}
double Handling::copy_GBps() const {
  return rate(copied_us);
}

// A call of more bytes that took less has met fewer disturbances.
double Handling::quickest_us() const {
  double us = one_round_us;
  for (const double other : exchange)
    if (other > 0) us = std::min(us, other);
  return us;
}
double Handling::round_us() const {
  const double us = quickest_us();
  return std::clamp(two_rounds_us - one_round_us, std::max(kLeastUs, kLeastOfACall * us), std::max(kLeastUs, us));
}
double Handling::call_us() const {
  return std::max(0.0, quickest_us() - round_us());
}

// A round is its latency and the message's overhead at both ends. In groups of messages an overhead holds more than it
// does in the programs of calls, so no more than most of a round is believed.
topology::MeasuredLinks::Level Handling::level(double overhead_us) const {
  constexpr double kMostOfARound = 0.4;
  topology::MeasuredLinks::Level level;
  level.overhead_us = std::min(overhead_us, kMostOfARound * round_us());
  level.latency_us = round_us() - 2 * level.overhead_us;
  level.exchange = beyond(exchange, quickest_us());
  if (std::ranges::all_of(window, [](double us) { return us > 0; })) level.window = beyond(window, quickest_us());
  level.bandwidth_GBps = std::clamp(level.exchange.best_GBps(), kLeastGBps, kMostGBps);
  level.combine_GBps = combine_GBps();
  return level;
}

}  // namespace tutti::tune
