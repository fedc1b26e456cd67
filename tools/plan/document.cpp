#include "tools/plan/document.hpp"

#include "plan/exchange/exchange.hpp"
#include "plan/way.hpp"

namespace tutti::explain {
namespace {

using Json = nlohmann::ordered_json;

Json level_documents(const Answer& answer) {
  Json all = Json::array();
  const topology::Fabric& fabric = answer.world.fabric;
  for (int level = 0; level < fabric.levels->depth(); ++level) {
    const topology::Link& link = fabric.link(level);
    all.push_back({{"level", level},
                   {"groups", fabric.levels->groups(level)},
                   {"units", fabric.levels->width(level)},
                   {"least_units", fabric.levels->least(level)},
                   {"latency_us", link.latency_us},
                   {"overhead_us", link.overhead_us},
                   {"bandwidth_GBps", link.bandwidth_GBps},
                   {"uplink_GBps", fabric.uplink_GBps(level)},
                   {"port", link.port},
                   {"worst_cut", level == answer.selection.bound.level},
                   {"provenance", to_string(fabric.provenance_of(level))}});
    if (!fabric.origins.empty()) all.back()["name"] = fabric.origins[static_cast<std::size_t>(level)].name;
  }
  return all;
}

Json cost_document(const plan::Cost& cost) {
  return {{"latency", cost.latency_us},
          {"overhead", cost.overhead_us},
          {"transfer", cost.transfer_us},
          {"reduce", cost.reduce_us}};
}

Json candidate_documents(const Answer& answer) {
  Json all = Json::array();
  for (const plan::Candidate& candidate : answer.selection.candidates) {
    Json one = {{"way", way_of(candidate.plan)},           {"levels", candidate.plan.levels->describe()},
                {"segments", candidate.plan.segments},     {"rounds", rounds_of(candidate.plan)},
                {"predicted_us", candidate.cost.total_us}, {"terms_us", cost_document(candidate.cost)},
                {"dominant", candidate.cost.dominant()},   {"fraction_of_bound", answer.fraction_of(candidate.cost)}};
    if (!candidate.refused.empty()) one["refused"] = candidate.refused;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

Json document_of(const Answer& answer) {
  const plan::Selection& selection = answer.selection;
  Json document = {{"schema", "tutti.plan/1"},
                   {"collective", to_string(answer.query.collective)},
                   {"ranks", answer.world.fabric.ranks()},
                   {"bytes", answer.bytes},
                   {"fabric", answer.world.name},
                   {"plan", plan::plan_member(answer.plan())},
                   {"levels", level_documents(answer)},
                   {"rounds", rounds_of(answer.plan())},
                   {"predicted_us", selection.cost.total_us},
                   {"bound_us", {{"latency", selection.bound.latency_us}, {"bandwidth", selection.bound.bandwidth_us}}},
                   {"fraction_of_bound", answer.fraction()},
                   {"candidates", candidate_documents(answer)},
                   {"planning_ms", answer.planning_ms},
                   {"template_bytes", template_bytes(answer.plan())}};
  document["reason"] = selection.reason;
  if (selection.tuned) document["chosen_by"] = "tuning";
  if (!answer.world.assumption.empty()) document["assumption"] = answer.world.assumption;
  for (const topology::NamedQuantity& named : world::assumed_in(answer.world)) {
    document["assumed"].push_back({{"level", named.where},
                                   {"number", named.what},
                                   {"value", named.quantity->value},
                                   {"source", named.quantity->source}});
  }
  if (answer.free) {
    document["deterministic"] = {{"free_way", way_of(answer.free->plan)},
                                 {"free_us", answer.free->cost.total_us},
                                 {"price", selection.cost.total_us / answer.free->cost.total_us}};
  }
  document["bytes"] = static_cast<std::uint64_t>(answer.bytes);
  return document;
}

}  // namespace tutti::explain
