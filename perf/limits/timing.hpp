// How long one pass of something takes, when a team makes it together.
#pragma once

#include <functional>
#include <vector>

#include "base/result.hpp"
#include "perf/limits/team.hpp"

namespace tutti::limits {

/// Seconds on a clock that never goes back.
double now();

/// The middle one; of an even number, the lower of the two.
double median_of(std::vector<double> values);

/// A pass of member `member`. Passes count from 1, and on through all samples, so that flags may count with them.
using Pass = std::function<void(int member, std::uint64_t number)>;

/// Microseconds of one pass: the median of `samples` samples, each of which is the slowest member's mean over as many
/// passes as take about a millisecond. Members begin a sample together. Fails with system when they cannot be pinned.
Result<double> time_passes(const std::vector<int>& cores, int samples, const Pass& pass);

}  // namespace tutti::limits
