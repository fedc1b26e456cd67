#include "tools/perf/p2p/options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::perf::p2p {
namespace {

Error refused(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

Status check_rank(const char* option, int rank, int ranks) {
  if (rank >= 0 && rank < ranks) return {};
  return refused(fmt::format("{} {}: there is no such rank; this job has 0 to {}", option, rank, ranks - 1));
}

}  // namespace

std::string_view to_string(Mode mode) {
  static constexpr std::array<std::string_view, kModes.size()> kNames = {"latency", "bandwidth", "bidirectional",
                                                                         "rate"};
  return kNames.at(static_cast<std::size_t>(mode));
}

perf::Options default_sweep() {
  perf::Options sweep;
  sweep.min_bytes = 1;
  sweep.max_bytes = std::size_t{4} << 20;
  sweep.step_bytes = 1;  // from 0 to 1, and then by the factor
  sweep.factor = 2;
  sweep.iterations = 100;
  sweep.warmups = 10;
  return sweep;
}

Result<std::vector<Mode>> parse_modes(std::string_view text) {
  if (text == "all") return std::vector<Mode>(kModes.begin(), kModes.end());
  std::vector<Mode> modes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    const auto* const mode =
        std::find_if(kModes.begin(), kModes.end(), [&](Mode known) { return to_string(known) == name; });
    if (mode == kModes.end())
      return refused(
          fmt::format("there is no mode '{}'; known are all, latency, bandwidth, bidirectional, rate", name));
    if (std::find(modes.begin(), modes.end(), *mode) == modes.end()) modes.push_back(*mode);
    begin = end + 1;
  }
  return modes;
}

Result<Ends> ends_of(const Options& options, int ranks) {
  if (ranks == 1)
    return refused("p2p is between two ranks, and this is the only one: start more, as with tutti run -n 2");
  const Ends ends{options.from, options.to.value_or(ranks - 1)};
  TUTTI_TRY(check_rank("--from", ends.from, ranks));
  TUTTI_TRY(check_rank("--to", ends.to, ranks));
  if (ends.from == ends.to)
    return refused(fmt::format("--from and --to are both rank {}: name two ranks of 0 to {}", ends.to, ranks - 1));
  return ends;
}

int window_of(const Options& options, std::size_t bytes) {
  const std::size_t fits = std::max<std::size_t>(1, kMostInFlight / std::max<std::size_t>(1, bytes));
  return static_cast<int>(std::min(fits, static_cast<std::size_t>(options.window)));
}

}  // namespace tutti::perf::p2p
