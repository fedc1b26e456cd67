#include "tools/sim/plot.hpp"

#include <fmt/format.h>

#include "tools/gnuplot/gnuplot.hpp"

namespace tutti::predict {
namespace {

std::string rows_block(const Rehearsal& rehearsal) {
  std::string block = "$rows << EOD\n";
  for (const Row& row : rehearsal.rows)
    block += fmt::format("{} {} {} {} {}\n", row.bytes, row.time_us, row.bound_us, row.busbw_GBps,
                         rehearsal.setting.fails ? row.healthy_us : row.predicted_us);
  return block + "EOD\n";
}

std::string use_block(const sim::LevelUse& use) {
  std::string block = "$use << EOD\n";
  for (std::size_t i = 0; i < use.at_us.size(); ++i) {
    block += fmt::format("{}", use.at_us[i]);
    for (const auto& level : use.GBps) block += fmt::format(" {}", level[i]);
    block += "\n";
  }
  return block + "EOD\n";
}

std::string use_plot(const Rehearsal& rehearsal) {
  std::string script =
      "unset logscale\nset format x '%g'\nset xlabel 'time (us)'\nset xtics norotate\n"
      "set ylabel 'moving, all ranks (GB/s)'\nset yrange [0:*]\nset xrange [*:*]\nset size 1,0.5\nset origin "
      "0,0\nplot ";
  const topology::Fabric& fabric = rehearsal.setting.fabric;
  for (int level = 0; level < fabric.levels->depth(); ++level) {
    const std::string name =
        fabric.origins.empty() ? fmt::format("level {}", level) : fabric.origins[static_cast<std::size_t>(level)].name;
    script += fmt::format("{}$use using 1:{} with steps lw 1.5 title {} noenhanced", level == 0 ? "" : ", ", level + 2,
                          gnuplot::quoted(name));
  }
  return script + "\n";
}

}  // namespace

std::string plot_script(const std::string& path, const Rehearsal& rehearsal) {
  const std::vector<Row>& rows = rehearsal.rows;
  const sim::LevelUse& use = rows.back().outcome.use;
  const bool with_use = !use.at_us.empty();
  const std::string title = fmt::format(
      "{} on {} ranks{}, simulated", to_string(rehearsal.query.collective), rehearsal.setting.fabric.ranks(),
      rehearsal.setting.world.description ? " of " + rehearsal.setting.world.name : std::string());
  return gnuplot::canvas(path, 1000, with_use ? 760 : 420) + rows_block(rehearsal) +
         (with_use ? use_block(use) : std::string()) +
         fmt::format("set multiplot layout {} title {} noenhanced\n", with_use ? "2,2" : "1,2",
                     gnuplot::quoted(title)) +
         (rows.size() > 1 ? ""
                          : fmt::format("set xrange [{}:{}]\n", static_cast<double>(rows.front().bytes) / 2,
                                        static_cast<double>(rows.front().bytes) * 2)) +
         "set logscale x 2\nset format x '%.0b%BB'\nset xlabel 'size'\nset xtics rotate by -45\nset grid\n"
         "set key left top\nset logscale y\nset ylabel 'time (us)'\n" +
         fmt::format(
             "plot $rows using 1:2 with linespoints title 'simulated', '' using 1:5 with lines dt 2 title '{}', "
             "'' using 1:3 with lines dt 3 title 'bound'\n",
             rehearsal.setting.fails ? "unbroken" : "predicted") +
         "unset logscale y\nset ylabel 'bus bandwidth (GB/s)'\nset yrange [0:*]\n"
         "plot $rows using 1:4 with linespoints notitle\n" +
         (with_use ? use_plot(rehearsal) : std::string()) + "unset multiplot\n";
}

}  // namespace tutti::predict
