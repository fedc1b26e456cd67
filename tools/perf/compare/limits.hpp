// What the cores of a node could do at best, as perf/limits has measured it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tools/perf/collective.hpp"

namespace tutti::perf {

/// One curve: microseconds over bytes.
struct LimitCurve {
  struct Point {
    double bytes;
    double us;
  };
  std::vector<Point> points;  // by rising bytes

  /// Between two points in proportion, and beyond the ends as at the nearest; nothing where there are no points.
  [[nodiscard]] std::optional<double> at(double bytes) const;
};

/// For so many ranks, a core each.
struct Limits {
  LimitCurve all_reduce;  // on buffers that all ranks reach
  LimitCurve copy;        // each core on its own, all at once; the better of plain and streaming stores
  LimitCurve reduce;
  double one_way_us = 0;  // of a cache line

  /// Microseconds below which no call of `bytes` (as algbw counts them) can be expected. Nothing for those that the
  /// measurements do not speak of.
  [[nodiscard]] std::optional<double> of(Kind kind, std::size_t bytes, int ranks) const;
};

/// Reads a tutti.limits/1 document. Its curves are empty where it has none for `ranks`: more ranks than cores, say.
/// Fails with invalid_argument on anything else, system when it cannot be read.
Result<Limits> read_limits(const std::string& file, int ranks);
Result<Limits> parse_limits(const std::string& text, int ranks);

}  // namespace tutti::perf
