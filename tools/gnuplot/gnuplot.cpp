#include "tools/gnuplot/gnuplot.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace tutti::gnuplot {
namespace {

bool is_in_path(const std::string& program) {
  const char* variable = std::getenv("PATH");  // NOLINT: nothing changes the environment
  const std::string path = variable == nullptr ? "/usr/bin:/bin" : variable;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find(':', begin), path.size());
    if (::access((path.substr(begin, end - begin) + "/" + program).c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

Status can_plot(const std::string& path) {
  if (!path.ends_with(".svg") && !path.ends_with(".png")) {
    return Error{Code::invalid_argument, fmt::format("--plot {}: a picture's name ends in .svg or .png", path)};
  }
  if (is_in_path("gnuplot")) return {};
  return Error{Code::unsupported, "--plot needs gnuplot, which is not in PATH (Debian: apt-get install gnuplot-nox)"};
}

std::string quoted(const std::string& text) {  // in single quotes, doubled inside
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' ? std::string("''") : std::string(1, c);
  return safe + "'";
}

std::string canvas(const std::string& path, int width, int height) {
  return fmt::format("set terminal {} size {},{} background '#ffffff'\nset output {}\n",
                     path.ends_with(".svg") ? "svg" : "pngcairo", width, height, quoted(path));
}

Status draw(const std::string& script) {
  FILE* gnuplot = ::popen("gnuplot", "w");  // NOLINT: the command is a constant
  if (gnuplot == nullptr) return Error{Code::system, "cannot start gnuplot"};
  std::fputs(script.c_str(), gnuplot);
  if (::pclose(gnuplot) != 0) return Error{Code::system, "gnuplot failed: what it said is above"};
  return {};
}

}  // namespace tutti::gnuplot
