#include "tools/tune/report.hpp"

#include <fmt/format.h>

#include "tools/text/table.hpp"

namespace tutti::tune {

std::string report(const plan::TunedSite& tuned, const std::string& file) {
  const topology::MeasuredLinks& links = *tuned.links;
  std::vector<text::Row> rows{{"level", "us", "us/message", "GB/s a rank", "GB/s a unit", "fit differs by"}};
  for (std::size_t i = 0; i < links.levels.size(); ++i) {
    const auto& level = links.levels[i];
    rows.push_back({std::to_string(i), fmt::format("{:.3g}", level.latency_us),
                    fmt::format("{:.3g}", level.overhead_us), fmt::format("{:.3g}", level.bandwidth_GBps),
                    level.uplink_GBps > 0 ? fmt::format("{:.3g}", level.uplink_GBps) : "-",
                    fmt::format("{:.0f} %", 100 * level.error)});
  }
  return fmt::format("measured {}: {} probes, {:.2g} s\n\n{}\n  each rank copies {:.3g} GB/s and reduces {:.3g} GB/s\n",
                     tuned.site.describe(), links.probes, links.seconds, text::table(rows, "lrrrrr"), links.copy_GBps,
                     links.reduce_GBps) +
         (file.empty() ? std::string()
                       : fmt::format("  kept in {}, for jobs at site {}\n", file, tuned.site.fingerprint));
}

}  // namespace tutti::tune
