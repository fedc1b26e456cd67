#include "tools/perf/p2p/document.hpp"

#include <fmt/format.h>
#include <tutti/tutti.h>

namespace tutti::perf::p2p {
namespace {

using Json = nlohmann::ordered_json;

Json row_of(const Row& row) {
  Json json = {{"bytes", row.bytes}, {"window", row.window}};
  if (row.latency_us) {
    const Statistics& time = *row.latency_us;
    json["latency_us"] = {{"min", time.min}, {"p50", time.p50}, {"p99", time.p99}, {"max", time.max}};
  }
  if (row.bandwidth_GBps) json["bandwidth_GBps"] = *row.bandwidth_GBps;
  if (row.bidirectional_GBps) json["bidirectional_GBps"] = *row.bidirectional_GBps;
  if (row.messages_per_s) json["messages_per_s"] = *row.messages_per_s;
  json["wrong"] = row.wrong ? Json(*row.wrong) : Json(nullptr);
  return json;
}

}  // namespace

Json document_of(const Options& options, const Site& site, const std::vector<Row>& rows) {
  Json json = {{"schema", "tutti.p2p/1"},
               {"version", fmt::format("{}.{}.{}", TUTTI_MAJOR, TUTTI_MINOR, TUTTI_PATCH)},
               {"ranks", site.ranks},
               {"from", {{"rank", site.ends.from}, {"host", site.from_host}}},
               {"to", {{"rank", site.ends.to}, {"host", site.to_host}}},
               {"same_node", site.same_node},
               {"transports", site.transports},
               {"paths", site.paths},
               {"modes", Json::array()},
               {"iterations", options.sweep.iterations},
               {"warmups", options.sweep.warmups},
               {"rows", Json::array()}};
  for (const Mode mode : options.modes) json["modes"].push_back(to_string(mode));
  for (const Row& row : rows) json["rows"].push_back(row_of(row));
  return json;
}

}  // namespace tutti::perf::p2p
