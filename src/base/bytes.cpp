#include "base/bytes.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace tutti {
namespace {

Error bad(std::string_view what, std::string_view text, std::string_view expected) {
  return {Code::invalid_argument, fmt::format("'{}' is not {}: expected {}", text, what, expected)};
}

// Splits "64M" into 64 and "M".
bool split_number(std::string_view text, std::uint64_t& number, std::string_view& unit) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return failure == std::errc{};
}

struct TimeUnit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr std::array kTimeUnits = {TimeUnit{"ns", 1},
                                   TimeUnit{"us", 1'000},
                                   TimeUnit{"ms", 1'000'000},
                                   TimeUnit{"s", 1'000'000'000},
                                   TimeUnit{"m", 60'000'000'000},
                                   TimeUnit{"h", 3'600'000'000'000}};

}  // namespace

Result<Bytes> parse_bytes(std::string_view text) {
  constexpr std::string_view kExpected = "a number with K, M, G or T behind it, as 64M";
  std::uint64_t number = 0;
  std::string_view unit;
  if (!split_number(text, number, unit)) return bad("a size", text, kExpected);
  int shift = 0;
  if (!unit.empty()) {
    constexpr std::string_view kUnits = "KMGT";
    const auto at = kUnits.find(static_cast<char>(unit[0] & ~0x20));
    if (at != std::string_view::npos) {
      shift = 10 * (static_cast<int>(at) + 1);
      unit.remove_prefix(1);
      if (unit.starts_with('i')) unit.remove_prefix(1);
    }
    if (unit == "B") unit.remove_prefix(1);
    if (!unit.empty()) return bad("a size", text, kExpected);
  }
  if (number > (UINT64_MAX >> shift)) return bad("a size", text, "at most 2^64 - 1 bytes");
  return Bytes{number << shift};
}

std::string to_string(Bytes bytes) {
  constexpr std::array kUnits = {"", "K", "M", "G", "T"};
  std::size_t unit = 0;
  while (unit + 1 < kUnits.size() && bytes.value != 0 && bytes.value % 1024 == 0) {
    bytes.value /= 1024;
    ++unit;
  }
  return fmt::format("{}{}", bytes.value, kUnits[unit]);
}

Result<Duration> parse_duration(std::string_view text) {
  constexpr std::string_view kExpected = "a time such as 30s, 200ms, 50us, 1m or 2h";
  constexpr std::uint64_t kLongest = 365ULL * 24 * 3'600'000'000'000ULL;
  std::uint64_t number = 0;
  std::string_view unit;
  if (!split_number(text, number, unit)) return bad("a time", text, kExpected);
  if (unit.empty()) unit = "s";
  for (const auto& known : kTimeUnits) {
    if (unit != known.name) continue;
    if (number == 0 || number > kLongest / known.nanoseconds)
      return bad("a time", text, "more than 0 and at most 365 days");
    return Duration(static_cast<std::int64_t>(number * known.nanoseconds));
  }
  return bad("a time", text, kExpected);
}

std::string to_string(Duration duration) {
  const auto nanoseconds = static_cast<std::uint64_t>(duration.count());
  std::size_t unit = 0;
  for (std::size_t i = 0; i < kTimeUnits.size(); ++i) {
    if (nanoseconds % kTimeUnits[i].nanoseconds == 0 && nanoseconds >= kTimeUnits[i].nanoseconds) unit = i;
  }
  return fmt::format("{}{}", nanoseconds / kTimeUnits[unit].nanoseconds, kTimeUnits[unit].name);
}

Result<std::int64_t> parse_integer(std::string_view text, std::int64_t low, std::int64_t high) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number < low || number > high) {
    return bad("valid", text, fmt::format("a whole number from {} to {}", low, high));
  }
  return number;
}

}  // namespace tutti
