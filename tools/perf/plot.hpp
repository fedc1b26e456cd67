// Latency and bus bandwidth over size as a picture, drawn by gnuplot.
#pragma once

#include <string>
#include <vector>

#include "tools/perf/row.hpp"

namespace tutti::perf {

/// What gnuplot is told to draw: the median of the slowest rank and the bus bandwidth, both modes, logarithmic sizes.
std::string plot_script(const std::string& path, const Options& options, const Job& job, const std::vector<Row>& rows);

}  // namespace tutti::perf
