// nccl-tests' table: the same columns, widths and closing lines, so that scripts that read the one read the other.
#pragma once

#include <string>

#include "tools/perf/row.hpp"

namespace tutti::perf {

std::string format_head(const Options& options, const Job& job, int library_version);
std::string format_row(const Options& options, const Row& row, int ranks);

struct Totals {
  std::uint64_t wrong = 0;
  double bus_sum = 0;
  std::uint64_t sides = 0;
  std::optional<double> least_bus;  // NCCL_TESTS_MIN_BW

  void add(const Options& options, const Row& row, int ranks);
  [[nodiscard]] double average_bus() const { return sides == 0 ? 0 : bus_sum / static_cast<double>(sides); }
  [[nodiscard]] bool is_fast_enough() const { return !least_bus || average_bus() >= 0.9 * *least_bus; }
  [[nodiscard]] bool passed() const { return wrong == 0 && is_fast_enough(); }
};

std::string format_tail(const Options& options, const Totals& totals);

/// `value` in `width` characters with as many decimals, at most two, as fit: nccl-tests' way.
std::string format_number(double value, int width);

}  // namespace tutti::perf
