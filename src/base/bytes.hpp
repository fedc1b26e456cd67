// Numbers of bytes: how users write them and how they are shown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace tutti {

struct Bytes {
  std::uint64_t value = 0;
  auto operator<=>(const Bytes&) const = default;
};

/// Reads "8", "4K", "64M", "1G", "2T" (powers of two; an optional "iB" or "B" may follow). Whole text, no sign.
Result<Bytes> parse_bytes(std::string_view text);

/// Shortest exact form: "64M", "4K", "12".
std::string to_string(Bytes bytes);

/// Reads "30s", "200ms", "50us", "1m", "2h"; a bare number is seconds. Positive, at most 365 days.
Result<Duration> parse_duration(std::string_view text);
std::string to_string(Duration duration);

/// Reads a whole decimal number between `low` and `high`, both included.
Result<std::int64_t> parse_integer(std::string_view text, std::int64_t low, std::int64_t high);

}  // namespace tutti
