// A rehearsal as a picture, drawn by gnuplot.
#pragma once

#include <string>

#include "tools/sim/rehearse.hpp"

namespace tutti::predict {

/// What gnuplot is told: time with its bound, and bus bandwidth, over size. With the use of links over time, if it was
/// asked for, below.
std::string plot_script(const std::string& path, const Rehearsal& rehearsal);

}  // namespace tutti::predict
