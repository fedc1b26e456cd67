#include "tools/perf/moe/report.hpp"

#include <fmt/format.h>
#include <tutti/tutti.h>

#include <algorithm>

namespace tutti::perf::moe {
namespace {

using Json = nlohmann::ordered_json;

Json times(const Statistics& time) {
  return {{"min", time.min}, {"p50", time.p50}, {"p99", time.p99}, {"max", time.max}};
}

}  // namespace

std::string format_head(const Options& options, const Job& job, const Speeds& speeds) {
  std::string text =
      fmt::format("# tutti perf version {}.{}.{}: experts in parallel\n", TUTTI_MAJOR, TUTTI_MINOR, TUTTI_PATCH);
  text += fmt::format("# {} ranks on {} nodes; {} tokens a rank, hidden {} {}, {} experts, topk {}, combine in {}\n",
                      job.ranks, job.nodes, options.tokens, options.hidden, options.type, options.experts, options.topk,
                      options.wire);
  for (const std::string& device : job.devices) text += "#" + device + "\n";
  text +=
      fmt::format("# measured in this run: network {:.3f} GB/s a node, node {:.3f} GB/s a rank, latency {:.1f} us\n",
                  speeds.network_GBps, speeds.node_GBps, speeds.latency_us);
  text += fmt::format("# warmup iters: {} iters: {}; times in us, each iteration's slowest rank\n#\n",
                      options.sweep.warmups, options.sweep.iterations);
  text +=
      "#     routing         route  plan_p50  disp_p50  disp_p99  comb_p50  comb_p99   wire_MB     LB_MB     amp     "
      "LB_us   frac  skew   ok\n";
  return text;
}

std::string format_row(const Row& row) {
  return fmt::format(
      "{:>13}  {:>12}  {:>8.1f}  {:>8.1f}  {:>8.1f}  {:>8.1f}  {:>8.1f}  {:>8.3f}  {:>8.3f}  {:>6.3f}  "
      "{:>8.1f}  {:>5.3f}  {:>4.2f}  {:>3}\n",
      to_string(row.routing), row.route, row.plan_us.p50, row.dispatch_us.p50, row.dispatch_us.p99, row.combine_us.p50,
      row.combine_us.p99, row.wire_bytes / 1e6, row.bound_bytes / 1e6, row.amp(), row.bound_us, row.frac(), row.skew,
      row.ok ? "yes" : "NO");
}

std::string format_tail(const std::vector<Row>& rows) {
  const bool ok = std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.ok; });
  return fmt::format("# Results : {}\n", ok ? "OK" : "FAILED");
}

Json document_of(const Options& options, const Job& job, const Speeds& speeds, const std::vector<Row>& rows) {
  Json json = {{"schema", "tutti.moe/1"},
               {"version", fmt::format("{}.{}.{}", TUTTI_MAJOR, TUTTI_MINOR, TUTTI_PATCH)},
               {"ranks", job.ranks},
               {"nodes", job.nodes},
               {"hosts", job.hosts},
               {"type", options.type},
               {"wire", options.wire},
               {"seed", options.seed},
               {"iterations", options.sweep.iterations},
               {"warmups", options.sweep.warmups},
               {"network_GBps", speeds.network_GBps},
               {"node_GBps", speeds.node_GBps},
               {"latency_us", speeds.latency_us},
               {"rows", Json::array()}};
  for (const Row& row : rows) {
    json["rows"].push_back({{"routing", to_string(row.routing)},
                            {"tokens", options.tokens},
                            {"hidden", options.hidden},
                            {"experts", options.experts},
                            {"topk", options.topk},
                            {"route", row.route},
                            {"plan_us", row.plan_us.p50},
                            {"plan_times_us", times(row.plan_us)},
                            {"dispatch_us", times(row.dispatch_us)},
                            {"combine_us", times(row.combine_us)},
                            {"wire_bytes", row.wire_bytes},
                            {"bound_bytes", row.bound_bytes},
                            {"amp", row.amp()},
                            {"bound_us", row.bound_us},
                            {"frac", row.frac()},
                            {"skew", row.skew},
                            {"messages", row.messages},
                            {"staging_bytes", row.staging_bytes},
                            {"ok", row.ok}});
  }
  return json;
}

}  // namespace tutti::perf::moe
