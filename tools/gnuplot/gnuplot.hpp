// Pictures that gnuplot draws.
#pragma once

#include <string>

#include "base/result.hpp"

namespace tutti::gnuplot {

/// Fails with invalid_argument unless `path` ends in .svg or .png, and with unsupported when there is no gnuplot.
/// Called before anything is measured.
Status can_plot(const std::string& path);

/// The beginning of a script: writes a picture of this size to `path`, as its ending says.
std::string canvas(const std::string& path, int width, int height);

/// A text as gnuplot reads it.
std::string quoted(const std::string& text);

/// Fails with system when gnuplot does.
Status draw(const std::string& script);

}  // namespace tutti::gnuplot
