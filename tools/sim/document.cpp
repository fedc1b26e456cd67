#include "tools/sim/document.hpp"

#include "plan/way.hpp"

namespace tutti::predict {
namespace {

using Json = nlohmann::ordered_json;

Json row_document(const Question& question, const Rehearsal& rehearsal, const Row& row) {
  Json json = {{"bytes", row.bytes},
               {"time_us", row.time_us},
               {"algbw_GBps", row.algbw_GBps},
               {"busbw_GBps", row.busbw_GBps},
               {"bound_us", row.bound_us},
               {"fraction_of_bound", row.fraction()},
               {"rounds", row.rounds},
               {"predicted_us", row.predicted_us},
               {"way", way_of(row.plan)},
               {"segments", row.plan.segments},
               {"first_us", row.outcome.first_us},
               {"classes", row.outcome.classes},
               {"tasks", row.outcome.tasks},
               {"messages", row.outcome.messages},
               {"events", row.outcome.events},
               {"bytes_by_level", row.outcome.bytes_by_level},
               {"busiest_link_bytes", row.outcome.most_bytes},
               {"planning_ms", row.planning_ms}};
  if (row.wanted_segments > 0) json["planned_segments"] = row.wanted_segments;
  if (question.samples > 1) json["p99_us"] = row.p99_us;
  if (rehearsal.setting.fails) {
    json["unbroken_us"] = row.healthy_us;
    json["slower"] = row.healthy_us > 0 ? row.time_us / row.healthy_us : 1;
    json["planned_anew"] = row.replanned;
  }
  if (!row.outcome.use.at_us.empty())
    json["use"] = {{"at_us", row.outcome.use.at_us}, {"GBps_by_level", row.outcome.use.GBps}};
  return json;
}

}  // namespace

Json document_of(const Question& question, const Rehearsal& rehearsal, const Spent& spent) {
  const Setting& setting = rehearsal.setting;
  Json levels = Json::array();
  for (int level = 0; level < setting.fabric.levels->depth(); ++level) {
    const topology::Link& link = setting.fabric.link(level);
    levels.push_back({{"level", level},
                      {"units", setting.fabric.levels->width(level)},
                      {"latency_us", link.latency_us},
                      {"bandwidth_GBps", link.bandwidth_GBps},
                      {"uplink_GBps", setting.fabric.uplink_GBps(level)},
                      {"provenance", to_string(setting.fabric.provenance_of(level))}});
    if (!setting.fabric.origins.empty())
      levels.back()["name"] = setting.fabric.origins[static_cast<std::size_t>(level)].name;
  }
  Json rows = Json::array();
  for (const Row& row : rehearsal.rows) rows.push_back(row_document(question, rehearsal, row));
  Json document = {{"schema", "tutti.sim/1"},         {"collective", to_string(rehearsal.query.collective)},
                   {"ranks", setting.fabric.ranks()}, {"fabric", setting.world.name},
                   {"routing", question.routing},     {"levels", std::move(levels)},
                   {"rows", std::move(rows)},         {"wall_ms", spent.wall_ms},
                   {"peak_rss_MB", spent.peak_rss_MB}};
  if (setting.fails)
    document["what_if"] = {{"failures", question.failures},
                           {"stragglers", question.stragglers},
                           {"oversubscribed", question.oversubscribed}};
  for (const topology::NamedQuantity& named : world::assumed_in(setting.world)) {
    document["assumed"].push_back({{"level", named.where},
                                   {"number", named.what},
                                   {"value", named.quantity->value},
                                   {"source", named.quantity->source}});
  }
  return document;
}

}  // namespace tutti::predict
