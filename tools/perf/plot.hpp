// Latency and bus bandwidth over size as a picture, drawn by gnuplot.
#pragma once

#include <string>
#include <vector>

#include "tools/perf/row.hpp"

namespace tutti::perf {

/// Fails with invalid_argument unless `path` ends in .svg or .png, and with unsupported when there is no gnuplot.
/// Called before anything is measured.
Status can_plot(const std::string& path);

/// What gnuplot is told to draw: the median of the slowest rank and the bus bandwidth, both modes, logarithmic sizes.
std::string plot_script(const std::string& path, const Options& options, const Job& job, const std::vector<Row>& rows);

/// Fails with system when gnuplot does.
Status draw(const std::string& script);

}  // namespace tutti::perf
