#include "tools/perf/table.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <tutti/tutti.h>

#include <ctime>

namespace tutti::perf {
namespace {

std::string version_of(int code) {
  return fmt::format("{}.{}.{}", code / 10000, code / 100 % 100, code % 100);
}

std::string format_side(const Options& options, const Row& row, const Side& side, int ranks) {
  const double algbw = gigabytes_per_second(static_cast<double>(row.shape.bytes), side.time_us);
  const double busbw = algbw * bus_factor(options.collective.kind, static_cast<std::size_t>(ranks));
  std::string text = fmt::format("  {:>7}  {:>6}  {:>6}  ", format_number(side.time_us, 7), format_number(algbw, 6),
                                 format_number(busbw, 6));
  text += side.wrong ? fmt::format("{:>6}", fmt::format("{:g}", static_cast<double>(*side.wrong))) : "   N/A";
  if (options.per_iteration) {
    text += fmt::format("  {:>7}  {:>7}  {:>7}  {:>6}", format_number(side.slowest.min, 7),
                        format_number(side.slowest.max, 7), format_number(side.slowest.p99, 7),
                        format_number(side.slowest.variation_percent, 6));
  }
  return text;
}

// What stands behind nccl-tests' columns: the other library's time and how many times as fast Tutti is, and the limit.
std::string format_company(const Options& options, const Row& row, bool has_peer) {
  std::string text;
  for (const Side* side : {&row.out_of_place, &row.in_place}) {
    if (!has_peer) break;
    if (side->duel) {
      const Spread& speedup = side->duel->speedup;
      text += fmt::format("  {:>8}  {:>5.2f}  {:>5.2f}  {:>5.2f}", format_number(side->duel->slowest.p50, 8),
                          speedup.p50, speedup.p10, speedup.p90);
    } else {
      text += fmt::format("  {:>8}  {:>5}  {:>5}  {:>5}", "N/A", "", "", "");
    }
  }
  if (!options.limits_file.empty())
    text += row.limit_us ? fmt::format("  {:>8}", format_number(*row.limit_us, 8)) : fmt::format("  {:>8}", "N/A");
  return text;
}

std::string head_of_company(const Options& options, bool has_peer, bool units) {
  std::string text;
  for (int side = 0; side < (has_peer ? 2 : 0); ++side)
    text += units ? "      (us)    p50    p10    p90" : "      peer  times     as   fast";
  if (!options.limits_file.empty()) text += units ? "      (us)" : "     limit";
  return text;
}

}  // namespace

std::string format_number(double value, int width) {
  int digits = 0;  // before the point, as nccl-tests counts them
  double power = 1;
  while (value >= power) {
    power *= 10;
    ++digits;
  }
  const int decimals = digits < width - 2 ? 2 : digits < width - 1 ? 1 : 0;
  return fmt::format("{:{}.{}f}", value, width, decimals);
}

std::string format_head(const Options& options, const Job& job, int library_version) {
  const bool doubles = options.factor > 1;
  std::string text = fmt::format("# tutti perf version {} tutti-headers={} tutti-library={}\n",
                                 version_of(TUTTI_VERSION_CODE), TUTTI_VERSION_CODE, library_version);
  text += fmt::format("# Collective test starting: {}_perf\n", options.collective.name);
  text += fmt::format(
      "# nThread {} nGpus 1 minBytes {} maxBytes {} step: {}({}) warmup iters: {} iters: {} agg iters: {} validation: "
      "{} "
      "graph: 0 unalign: 0\n",
      options.threads, options.min_bytes, options.max_bytes, doubles ? options.factor : options.step_bytes,
      doubles ? "factor" : "bytes", options.warmups, options.iterations, options.aggregated, options.checks);
  text += "#\n# Using devices\n";
  for (const auto& device : job.devices) text += "#" + device + "\n";
  if (job.peer)
    text += fmt::format("# By turns with {}, same processes, same memory: medians of the slowest rank\n",
                        job.peer->version);
  const bool has_peer = job.peer.has_value();
  const std::string more = options.per_iteration ? "    i_min    i_max    i_p99   i_cv%" : "";
  const std::string units = options.per_iteration ? "     (us)     (us)     (us)        " : "";
  const std::string gap(more.size(), ' ');
  text += "#\n#                                                              out-of-place                " + gap +
          "       in-place          \n";
  text += "#       size         count      type   redop    root     time   algbw   busbw  #wrong" + more +
          "     time   algbw   busbw  #wrong" + more + head_of_company(options, has_peer, false) + "\n";
  text += "#        (B)    (elements)                               (us)  (GB/s)  (GB/s)        " + units +
          "     (us)  (GB/s)  (GB/s)        " + units + head_of_company(options, has_peer, true) + "\n";
  return text;
}

std::string format_row(const Options& options, const Row& row, int ranks) {
  const Collective& collective = options.collective;
  const bool has_type = collective.kind != Kind::barrier;
  std::string text =
      fmt::format("{:>12}  {:>12}  {:>8}  {:>6}  {:>6}", row.shape.bytes, row.shape.count,
                  has_type ? to_string(row.series.type) : "none",
                  collective.reduces ? to_string(row.series.op) : "none", collective.has_root ? row.series.root : -1);
  text += format_side(options, row, row.out_of_place, ranks) + format_side(options, row, row.in_place, ranks);
  text += format_company(options, row, !options.peer.empty());
  if (options.timestamps) text += fmt::format("  {:%Y-%m-%d %H:%M:%S}", fmt::localtime(std::time(nullptr)));
  return text + "\n";
}

void Totals::add(const Options& options, const Row& row, int ranks) {
  for (const Side* side : {&row.out_of_place, &row.in_place}) {
    wrong += side->wrong.value_or(0);
    bus_sum += gigabytes_per_second(static_cast<double>(row.shape.bytes), side->time_us) *
               bus_factor(options.collective.kind, static_cast<std::size_t>(ranks));
    ++sides;
  }
}

std::string format_tail(const Options& options, const Totals& totals) {
  const char* verdict = !totals.least_bus ? "" : totals.is_fast_enough() ? "OK" : "FAILED";
  return fmt::format(
      "# Out of bounds values : {} {}\n# Avg bus bandwidth    : {:g} {}\n#\n# Collective test concluded: {}_perf\n",
      totals.wrong, totals.wrong == 0 ? "OK" : "FAILED", totals.average_bus(), verdict, options.collective.name);
}

}  // namespace tutti::perf
