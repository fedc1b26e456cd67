#include "tools/perf/plot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/gnuplot/gnuplot.hpp"

namespace tutti::perf {
namespace {

// One block of columns: bytes, then time and bus bandwidth of both modes, of the peer out of place, and of the limit.
std::string data_block(const Options& options, const Job& job, const std::vector<Row>& rows) {
  std::string block = "$rows << EOD\n";
  const double factor = bus_factor(options.collective.kind, static_cast<std::size_t>(job.ranks));
  for (const auto& row : rows) {
    block += fmt::format("{}", row.shape.bytes);
    for (const Side* side : {&row.out_of_place, &row.in_place}) {
      const double bus = gigabytes_per_second(static_cast<double>(row.shape.bytes), side->slowest.p50) * factor;
      block += fmt::format(" {} {}", side->slowest.p50, bus);
    }
    const auto& duel = row.out_of_place.duel;
    for (const std::optional<double>& us : {duel ? std::optional(duel->slowest.p50) : std::nullopt, row.limit_us}) {
      const double bus = us ? gigabytes_per_second(static_cast<double>(row.shape.bytes), *us) * factor : 0;
      block += us ? fmt::format(" {} {}", *us, bus) : std::string(" NaN NaN");
    }
    block += "\n";
  }
  return block + "EOD\n";
}

// The lines of one picture, whose times or bandwidths are in `column` and every second one behind it.
std::string lines_of(int column, const Job& job, const std::vector<Row>& rows) {
  std::string text = fmt::format(
      "plot $rows using 1:{} with linespoints title 'out-of-place', '' using 1:{} with linespoints title 'in-place'",
      column, column + 2);
  if (job.peer)
    text += fmt::format(", '' using 1:{} with linespoints title {}", column + 4, gnuplot::quoted(job.peer->name));
  const auto has_limit = [](const Row& row) { return row.limit_us.has_value(); };
  if (std::any_of(rows.begin(), rows.end(), has_limit))
    text += fmt::format(", '' using 1:{} with lines dashtype 2 linecolor 'black' title 'limit'", column + 6);
  return text + "\n";
}

}  // namespace

std::string plot_script(const std::string& path, const Options& options, const Job& job, const std::vector<Row>& rows) {
  const std::string title = fmt::format("{}: {} ranks on {} node{}", options.collective.name, job.ranks, job.nodes,
                                        job.nodes == 1 ? "" : "s");
  return gnuplot::canvas(path, 1000, 420) + data_block(options, job, rows) +
         fmt::format("set multiplot layout 1,2 title {} noenhanced\n", gnuplot::quoted(title)) +
         "set logscale x 2\nset format x '%.0b%BB'\nset xlabel 'size'\nset xtics rotate by -45\nset grid\n"
         "set key left top\n"
         "set logscale y\nset ylabel 'time of the slowest rank, median (us)'\n" +
         lines_of(2, job, rows) + "unset logscale y\nset ylabel 'bus bandwidth (GB/s)'\nset yrange [0:*]\n" +
         lines_of(3, job, rows) + "unset multiplot\n";
}

}  // namespace tutti::perf
