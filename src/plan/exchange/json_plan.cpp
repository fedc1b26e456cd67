// tutti.plan/1: the template that all ranks share.
#include <fmt/format.h>

#include <algorithm>

#include "plan/exchange/json_levels.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

using Json = nlohmann::ordered_json;
using topology::GroupRun;
using topology::Levels;

constexpr std::size_t kMostRuns = 1U << 16;
constexpr std::int64_t kMostSegments = 256;

Json stripe_json(const Stripe& stripe) {
  Json tiers = Json::array();
  for (const Tier& tier : stripe.tiers()) {
    Json one{{"method", tier.method->name}, {"level", tier.level}};
    if (tier.method->has_radix) one["radix"] = tier.radix;
    tiers.push_back(std::move(one));
  }
  return {{"weight", stripe.weight}, {"tiers", tiers}};
}

// They repeat what the way says, for readers that do not parse it: a document in which they differ is no plan.
Status check_stripes(const JsonValue& value, const Plan& plan) {
  const auto stripes = TUTTI_TRY(value.items(Plan::kMostStripes));
  if (stripes.size() != plan.stripes().size())
    return value.wrong(fmt::format("{} stripes, but the way has {}", stripes.size(), plan.stripes().size()));
  for (std::size_t s = 0; s < stripes.size(); ++s) {
    const Stripe& stripe = plan.stripes()[s];
    TUTTI_TRY(stripes[s].is_object({"weight", "tiers"}));
    const auto weight = TUTTI_TRY(stripes[s].at("weight"));
    if (TUTTI_TRY(weight.integer(1, 1000)) != stripe.weight) return weight.wrong("differs from the way");
    const auto list = TUTTI_TRY(stripes[s].at("tiers"));
    const auto tiers = TUTTI_TRY(list.items(Levels::kMost));
    if (tiers.size() != stripe.depth) return list.wrong("differs from the way");
    for (std::size_t t = 0; t < tiers.size(); ++t) {
      TUTTI_TRY(tiers[t].is_object({"method", "level", "radix"}));
      const auto method = TUTTI_TRY(tiers[t].at("method"));
      const auto level = TUTTI_TRY(tiers[t].at("level"));
      if (TUTTI_TRY(method.text()) != stripe.list[t].method->name) return method.wrong("differs from the way");
      if (TUTTI_TRY(level.integer(0, Levels::kMost - 1)) != stripe.list[t].level)
        return level.wrong("differs from the way");
      if (TUTTI_TRY(tiers[t].integer_or("radix", stripe.list[t].radix, 2, 64)) != stripe.list[t].radix)
        return tiers[t].wrong("its radix differs from the way");
    }
  }
  return {};
}

}  // namespace

Json levels_json(const Levels& levels) {
  Json runs = Json::array();
  for (int level = 0; level < levels.depth(); ++level) {
    Json of_level = Json::array();
    for (const GroupRun& run : levels.runs(level)) of_level.push_back({{"groups", run.groups}, {"size", run.size}});
    runs.push_back(std::move(of_level));
  }
  Json json{{"runs", runs}};
  if (levels.in_rank_order()) return json;
  Json rank_at = Json::array();
  for (std::int32_t position = 0; position < levels.ranks(); ++position)
    rank_at.push_back(index(levels.rank_at(position)));
  json["rank_at"] = std::move(rank_at);
  return json;
}

Result<Levels> read_levels(const JsonValue& value) {
  TUTTI_TRY(value.is_object({"runs", "rank_at"}));
  std::vector<std::vector<GroupRun>> levels;
  for (const JsonValue& level : TUTTI_TRY(TUTTI_TRY(value.at("runs")).items(Levels::kMost))) {
    std::vector<GroupRun> runs;
    for (const JsonValue& run : TUTTI_TRY(level.items(kMostRuns))) {
      TUTTI_TRY(run.is_object({"groups", "size"}));
      const auto groups = TUTTI_TRY(TUTTI_TRY(run.at("groups")).integer(1, Levels::kMostRanks));
      const auto size = TUTTI_TRY(TUTTI_TRY(run.at("size")).integer(1, Levels::kMostRanks));
      runs.push_back({static_cast<std::int32_t>(groups), static_cast<std::int32_t>(size)});
    }
    levels.push_back(std::move(runs));
  }
  std::vector<std::int32_t> rank_at;
  if (value.has("rank_at")) {
    for (const JsonValue& rank : TUTTI_TRY(TUTTI_TRY(value.at("rank_at")).items(Levels::kMostRanks)))
      rank_at.push_back(static_cast<std::int32_t>(TUTTI_TRY(rank.integer(0, Levels::kMostRanks - 1))));
  }
  auto made = Levels::from_runs(std::move(levels), std::move(rank_at));
  if (!made) return value.wrong(made.error().text);
  return made;
}

Json plan_member(const Plan& plan) {
  Json stripes = Json::array();
  for (const Stripe& stripe : plan.stripes()) stripes.push_back(stripe_json(stripe));
  Json json{{"collective", to_string(plan.collective)},
            {"way", way_of(plan)},
            {"levels", levels_json(*plan.levels)},
            {"root", index(plan.root)},
            {"segments", plan.segments},
            {"stripes", stripes}};
  if (plan.widened) json["widened"] = true;
  if (plan.divides) json["divides"] = true;
  return json;
}

std::string write_plan(const Plan& plan) {
  return Json{{"schema", "tutti.plan/1"}, {"plan", plan_member(plan)}}.dump(2) + "\n";
}

Result<Plan> read_plan(std::string_view text) {
  const nlohmann::json json = TUTTI_TRY(parse_json(text));
  const JsonValue root = TUTTI_TRY(document(json, "tutti.plan/1"));
  TUTTI_TRY(root.is_object({"schema",
                            "collective",
                            "ranks",
                            "bytes",
                            "fabric",
                            "plan",
                            "levels",
                            "rounds",
                            "predicted_us",
                            "bound_us",
                            "fraction_of_bound",
                            "candidates",
                            "planning_ms",
                            "template_bytes",
                            "version",
                            "datatype",
                            "redop",
                            "root",
                            "reason",
                            "dominant",
                            "provenance",
                            "segments",
                            "priced",
                            "nodes",
                            "assumption",
                            "deterministic",
                            "program",
                            "chosen_by"}));
  const JsonValue value = TUTTI_TRY(root.at("plan"));
  TUTTI_TRY(value.is_object({"collective", "way", "levels", "root", "segments", "stripes", "widened", "divides"}));
  const JsonValue name = TUTTI_TRY(value.at("collective"));
  const auto collective = parse_collective(TUTTI_TRY(name.text()));
  if (!collective) return name.wrong("there is no such collective");
  auto levels = std::make_shared<const Levels>(TUTTI_TRY(read_levels(TUTTI_TRY(value.at("levels")))));
  const JsonValue way = TUTTI_TRY(value.at("way"));
  auto parsed = parse_way(TUTTI_TRY(way.text(4096)), *collective, std::move(levels));
  if (!parsed) return way.wrong(parsed.error().text);
  Plan plan = std::move(parsed).value();
  plan.root = to_rank(TUTTI_TRY(value.integer_or("root", 0, 0, plan.ranks() - 1)));
  plan.segments = static_cast<std::uint32_t>(TUTTI_TRY(value.integer_or("segments", 1, 1, kMostSegments)));
  plan.widened = TUTTI_TRY(value.boolean_or("widened", false));
  plan.divides = TUTTI_TRY(value.boolean_or("divides", false));
  if (value.has("stripes")) TUTTI_TRY(check_stripes(TUTTI_TRY(value.at("stripes")), plan));
  if (const auto why = refusal(plan); !why.empty()) return value.wrong(why);
  return plan;
}

}  // namespace tutti::plan
