#include "tools/perf/p2p/measure.hpp"

#include <chrono>

namespace tutti::perf::p2p {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

// The last turn's time includes what it left open, so that the sum covers every message.
Result<std::vector<double>> time_turns(const Options& options, Pair& pair, Mode mode, const Load& load) {
  for (int i = 0; i < options.sweep.warmups; ++i) TUTTI_TRY(pair.turn(mode, load));
  TUTTI_TRY(pair.settle());
  TUTTI_TRY(pair.seat().barrier());
  std::vector<double> times;
  times.reserve(static_cast<std::size_t>(options.sweep.iterations));
  auto last = Clock::now();
  for (int i = 0; i < options.sweep.iterations; ++i) {
    TUTTI_TRY(pair.turn(mode, load));
    if (i + 1 == options.sweep.iterations) TUTTI_TRY(pair.settle());
    const auto now = Clock::now();
    times.push_back(microseconds(last, now));
    last = now;
  }
  return times;
}

}  // namespace

Result<Row> measure(const Options& options, Pair& pair, std::size_t bytes) {
  Row row;
  row.bytes = bytes;
  row.window = window_of(options, bytes);
  const Load load{bytes, row.window};
  for (const Mode mode : options.modes) {
    take_in(row, mode, TUTTI_TRY(time_turns(options, pair, mode, load)));
    for (int i = 0; i < options.sweep.checks; ++i) {
      const std::uint64_t wrong = TUTTI_TRY(pair.check(mode, load, static_cast<std::uint64_t>(i)));
      row.wrong = row.wrong.value_or(0) + TUTTI_TRY(pair.seat().sum(wrong));
    }
  }
  return row;
}

}  // namespace tutti::perf::p2p
