#include "tools/text/figures.hpp"

#include <fmt/format.h>

#include <array>

namespace tutti::text {
namespace {

// Three digits, and no fraction where there are more.
std::string digits(double value) {
  return fmt::format("{:.{}f}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

}  // namespace

std::string time(double microseconds) {
  if (microseconds < 9999.5) return digits(microseconds) + " us";
  if (microseconds < 9999.5e3) return digits(microseconds / 1e3) + " ms";
  return digits(microseconds / 1e6) + " s";
}

std::string bytes(double value) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  while (unit + 1 < kUnits.size() && value >= 1024) {
    value /= 1024;
    ++unit;
  }
  const bool whole = value == static_cast<double>(static_cast<long>(value));
  return fmt::format("{} {}", whole ? fmt::format("{:.0f}", value) : digits(value), kUnits.at(unit));
}

std::string per_cent(double fraction) {
  return fmt::format("{:.1f} %", 100 * fraction);
}

}  // namespace tutti::text
