#include "tools/perf/plot.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tutti::perf {
namespace {

std::string quoted(const std::string& text) {  // gnuplot's single quotes, doubled inside
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' ? std::string("''") : std::string(1, c);
  return safe + "'";
}

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

// One block of columns: bytes, then time and bus bandwidth of both modes.
std::string data_block(const Options& options, const Job& job, const std::vector<Row>& rows) {
  std::string block = "$rows << EOD\n";
  const double factor = bus_factor(options.collective.kind, static_cast<std::size_t>(job.ranks));
  for (const auto& row : rows) {
    block += fmt::format("{}", row.shape.bytes);
    for (const Side* side : {&row.out_of_place, &row.in_place}) {
      const double bus = gigabytes_per_second(static_cast<double>(row.shape.bytes), side->slowest.p50) * factor;
      block += fmt::format(" {} {}", side->slowest.p50, bus);
    }
    block += "\n";
  }
  return block + "EOD\n";
}

}  // namespace

Status can_plot(const std::string& path) {
  if (!path.ends_with(".svg") && !path.ends_with(".png")) {
    return Error{Code::invalid_argument, fmt::format("--plot {}: a picture's name ends in .svg or .png", path)};
  }
  if (is_in_path("gnuplot")) return {};
  return Error{Code::unsupported, "--plot needs gnuplot, which is not in PATH (Debian: apt-get install gnuplot-nox)"};
}

std::string plot_script(const std::string& path, const Options& options, const Job& job, const std::vector<Row>& rows) {
  const std::string title = fmt::format("{}: {} ranks on {} node{}", options.collective.name, job.ranks, job.nodes,
                                        job.nodes == 1 ? "" : "s");
  const bool svg = path.ends_with(".svg");
  return fmt::format("set terminal {} size 1000,{} background '#ffffff'\nset output {}\n", svg ? "svg" : "pngcairo",
                     420, quoted(path)) +
         data_block(options, job, rows) + fmt::format("set multiplot layout 1,2 title {} noenhanced\n", quoted(title)) +
         "set logscale x 2\nset format x '%.0b%BB'\nset xlabel 'size'\nset xtics rotate by -45\nset grid\n"
         "set key left top\n"
         "set logscale y\nset ylabel 'time of the slowest rank, median (us)'\n"
         "plot $rows using 1:2 with linespoints title 'out-of-place', '' using 1:4 with linespoints title 'in-place'\n"
         "unset logscale y\nset ylabel 'bus bandwidth (GB/s)'\nset yrange [0:*]\n"
         "plot $rows using 1:3 with linespoints title 'out-of-place', '' using 1:5 with linespoints title 'in-place'\n"
         "unset multiplot\n";
}

Status draw(const std::string& script) {
  FILE* gnuplot = ::popen("gnuplot", "w");  // NOLINT: the command is a constant
  if (gnuplot == nullptr) return Error{Code::system, "cannot start gnuplot"};
  std::fputs(script.c_str(), gnuplot);
  if (::pclose(gnuplot) != 0) return Error{Code::system, "gnuplot failed: what it said is above"};
  return {};
}

}  // namespace tutti::perf
