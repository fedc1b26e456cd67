#include "tools/perf/document.hpp"

#include <fmt/format.h>
#include <tutti/tutti.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace tutti::perf {
namespace {

using Json = nlohmann::ordered_json;

bool is_series(const Options& options) {
  const auto is_list = [](const std::string& text) { return text == "all" || text.find(',') != std::string::npos; };
  return is_list(options.type) || is_list(options.op) || is_list(options.root);
}

Json root_of(const Options& options, const std::string& root) {
  if (!options.collective.has_root) return -1;
  return root == "all" ? Json(root) : Json(std::stoi(root));
}

Json side_of(const Options& options, const Row& row, const Side& side, int ranks) {
  const double algbw = gigabytes_per_second(static_cast<double>(row.shape.bytes), side.slowest.p50);
  const auto& time = side.slowest;
  return {{"time_us", {{"min", time.min}, {"p50", time.p50}, {"p99", time.p99}, {"max", time.max}}},
          {"mean_us", side.time_us},
          {"algbw_GBps", algbw},
          {"busbw_GBps", algbw * bus_factor(options.collective.kind, static_cast<std::size_t>(ranks))},
          {"wrong", side.wrong ? Json(*side.wrong) : Json(nullptr)}};
}

Json row_of(const Options& options, const Row& row, int ranks) {
  Json json = {{"bytes", row.shape.bytes}, {"count", row.shape.count}};
  if (is_series(options)) {
    json["datatype"] = to_string(row.series.type);
    json["redop"] = options.collective.reduces ? to_string(row.series.op) : "none";
    json["root"] = options.collective.has_root ? row.series.root : -1;
  }
  json["out_of_place"] = side_of(options, row, row.out_of_place, ranks);
  json["in_place"] = side_of(options, row, row.in_place, ranks);
  json["algorithm"] = row.algorithm;
  json["transports"] = row.transports;
  if (row.limit_us) json["limit_us"] = *row.limit_us;
  return json;
}

Json side_of_peer(const Options& options, const Row& row, const std::optional<Duel>& duel, int ranks) {
  if (!duel) return nullptr;
  Side theirs;
  theirs.slowest = duel->slowest;
  Json json = side_of(options, row, theirs, ranks);
  for (const char* const of_tutti : {"mean_us", "wrong"}) json.erase(of_tutti);
  json["speedup"] = {{"p10", duel->speedup.p10}, {"p50", duel->speedup.p50}, {"p90", duel->speedup.p90}};
  return json;
}

Json peer_of(const Options& options, const Job& job, const std::vector<Row>& rows) {
  Json json = {{"name", job.peer->name}, {"version", job.peer->version}, {"rows", Json::array()}};
  for (const Row& row : rows) {
    json["rows"].push_back({{"bytes", row.shape.bytes},
                            {"count", row.shape.count},
                            {"out_of_place", side_of_peer(options, row, row.out_of_place.duel, job.ranks)},
                            {"in_place", side_of_peer(options, row, row.in_place.duel, job.ranks)}});
  }
  return json;
}

}  // namespace

Json document_of(const Options& options, const Job& job, const std::vector<Row>& rows) {
  Json json = {{"schema", "tutti.perf/1"},
               {"version", fmt::format("{}.{}.{}", TUTTI_MAJOR, TUTTI_MINOR, TUTTI_PATCH)},
               {"collective", options.collective.name},
               {"ranks", job.ranks},
               {"nodes", job.nodes},
               {"hosts", job.hosts},
               {"datatype", options.collective.kind == Kind::barrier ? "none" : options.type},
               {"redop", options.collective.reduces ? options.op : "none"},
               {"root", root_of(options, options.root)},
               {"rows", Json::array()}};
  for (const auto& row : rows) json["rows"].push_back(row_of(options, row, job.ranks));
  if (job.peer) json["peer"] = peer_of(options, job, rows);
  return json;
}

Status write_document(const std::string& path, const Json& document) {
  std::ofstream file(path);
  file << document.dump(2) << "\n";
  file.close();
  if (file) return {};
  return Error{Code::system, fmt::format("cannot write {}: {}", path, std::strerror(errno))};
}

}  // namespace tutti::perf
