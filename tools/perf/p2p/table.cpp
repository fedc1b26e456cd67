#include "tools/perf/p2p/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tutti/tutti.h>

#include "base/bytes.hpp"
#include "tools/perf/table.hpp"

namespace tutti::perf::p2p {
namespace {

struct Columns {
  const char* names;
  const char* units;
};

Columns columns_of(Mode mode) {
  switch (mode) {
    case Mode::latency:
      return {"    l_min    l_p50    l_p99", "     (us)     (us)     (us)"};
    case Mode::bandwidth:
      return {"        bw", "    (GB/s)"};
    case Mode::bidirectional:
      return {"      bibw", "    (GB/s)"};
    case Mode::rate:
      break;
  }
  return {"      rate", "  (Mmsg/s)"};
}

// Small messages move little, and it is still to be told apart.
std::string format_rate(double value) {
  return fmt::format("  {:>8.{}f}", value, value < 10 ? 4 : 2);
}

std::string format_cells(Mode mode, const Row& row) {
  switch (mode) {
    case Mode::latency: {
      const Statistics time = row.latency_us.value_or(Statistics{});
      return fmt::format("  {}  {}  {}", format_number(time.min, 7), format_number(time.p50, 7),
                         format_number(time.p99, 7));
    }
    case Mode::bandwidth:
      return format_rate(row.bandwidth_GBps.value_or(0));
    case Mode::bidirectional:
      return format_rate(row.bidirectional_GBps.value_or(0));
    case Mode::rate:
      break;
  }
  return format_rate(row.messages_per_s.value_or(0) / 1e6);
}

}  // namespace

std::string format_head(const Options& options, const Site& site) {
  std::string text =
      fmt::format("# tutti perf version {}.{}.{}: point-to-point\n", TUTTI_MAJOR, TUTTI_MINOR, TUTTI_PATCH);
  text += fmt::format("# From rank {} ({}) to rank {} ({}), on {}, of {} ranks\n", site.ends.from, site.from_host,
                      site.ends.to, site.to_host, site.same_node ? "one node" : "two nodes", site.ranks);
  text += fmt::format("# Path {}\n", fmt::join(site.paths, ", "));
  text += fmt::format("# warmup iters: {} iters: {} validation: {}; a window holds up to {} messages and {}\n#\n",
                      options.sweep.warmups, options.sweep.iterations, options.sweep.checks, options.window,
                      tutti::to_string(Bytes{kMostInFlight}));
  std::string names = "#       size  window";
  std::string units = "#        (B)        ";
  for (const Mode mode : options.modes) {
    names += columns_of(mode).names;
    units += columns_of(mode).units;
  }
  return text + names + "  #wrong\n" + units + "        \n";
}

std::string format_row(const Options& options, const Row& row) {
  std::string text = fmt::format("{:>12}  {:>6}", row.bytes, row.window);
  for (const Mode mode : options.modes) text += format_cells(mode, row);
  return text + (row.wrong ? fmt::format("  {:>6}\n", *row.wrong) : "     N/A\n");
}

std::string format_tail(std::uint64_t wrong) {
  return fmt::format("# Out of bounds values : {} {}\n", wrong, wrong == 0 ? "OK" : "FAILED");
}

}  // namespace tutti::perf::p2p
