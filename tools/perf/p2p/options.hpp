// What a user asks `tutti perf p2p` to do.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/perf/options.hpp"

namespace tutti::perf::p2p {

enum class Mode : std::uint8_t { latency, bandwidth, bidirectional, rate };

inline constexpr std::array kModes = {Mode::latency, Mode::bandwidth, Mode::bidirectional, Mode::rate};

std::string_view to_string(Mode mode);

/// What a window may hold in bytes: far more than any wire has on its way, and little enough that large messages do not
/// take for ever.
inline constexpr std::size_t kMostInFlight = std::size_t{16} << 20;

/// 1 byte to 4 MiB by factors of 2; 100 measured round trips or windows after 10 others.
perf::Options default_sweep();

struct Options {
  perf::Options sweep = default_sweep();
  std::vector<Mode> modes = {kModes.begin(), kModes.end()};
  int from = 0;
  std::optional<int> to;  // the last rank
  int window = 64;        // messages on their way
};

struct Ends {
  int from = 0;
  int to = 1;
};

/// "all", or names with commas, each once. Fails with invalid_argument on an unknown name.
Result<std::vector<Mode>> parse_modes(std::string_view text);

/// The ranks that are measured. Fails with invalid_argument when there is one rank only, when one of the two is no rank
/// of the job, or when they are the same.
Result<Ends> ends_of(const Options& options, int ranks);

/// How many messages of that size are on their way at once: as many as asked for, or as kMostInFlight holds, but one.
int window_of(const Options& options, std::size_t bytes);

}  // namespace tutti::perf::p2p
