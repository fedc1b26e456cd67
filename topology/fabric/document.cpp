// tutti.fabric/1: a description as JSON, both ways.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "base/config.hpp"
#include "topology/fabric/description.hpp"
#include "topology/reading/value.hpp"

namespace tutti::topology {
namespace {

using reading::Value;

constexpr std::string_view kSchema = "tutti.fabric/1";
constexpr double kMostGBps = 1e6;
constexpr double kMostMicroseconds = 1e6;
constexpr std::size_t kLongestText = 1000;
constexpr std::size_t kMostHosts = std::size_t{1} << 20;
constexpr std::array kProvenances = {Provenance::published, Provenance::derived, Provenance::measured,
                                     Provenance::assumed};

template <typename Word, std::size_t N>
Result<Word> word_of(const Value& value, const std::array<Word, N>& known) {
  const std::string text = TUTTI_TRY(value.text());
  std::vector<std::string_view> names;
  for (const Word one : known) {
    if (text == to_string(one)) return one;
    names.push_back(to_string(one));
  }
  return value.wrong(fmt::format("'{}' is none of {}; the nearest is {}", text.substr(0, 64), fmt::join(names, ", "),
                                 nearest(text, names)));
}

Status read_origin(const Value& value, Quantity& quantity) {
  TUTTI_TRY(value.is_object({"value", "provenance", "source"}));
  quantity.provenance = TUTTI_TRY(word_of(*TUTTI_TRY(value.at("provenance")), kProvenances));
  quantity.source = TUTTI_TRY(TUTTI_TRY(value.at("source"))->text(kLongestText));
  return {};
}

struct Range {
  double low;
  double high;
};
constexpr Range kBandwidth{1e-6, kMostGBps};
constexpr Range kTime{0, kMostMicroseconds};

Result<Quantity> quantity_of(const Value& level, const char* field, Range range) {
  const Value& value = *TUTTI_TRY(level.at(field));
  Quantity quantity;
  TUTTI_TRY(read_origin(value, quantity));
  auto number = TUTTI_TRY(value.at("value"))->number_in(range.low, range.high);
  if (!number) return std::move(number).error().within(field);
  quantity.value = *number;
  return quantity;
}

Result<Quantity> quantity_or(const Value& level, const char* field, Range range, Quantity otherwise) {
  if (level.find(field) == nullptr) return otherwise;
  return quantity_of(level, field, range);
}

Quantity unsaid(double value) {
  return {value, Provenance::assumed, "the description does not say"};
}

// 8, or "256*3+232": see Levels::parse. A run of no groups stands for as many as are needed.
Result<std::vector<GroupRun>> arity_of(const Value& value) {
  if (value.kind == reading::Kind::number)
    return std::vector<GroupRun>{{0, static_cast<std::int32_t>(TUTTI_TRY(value.integer_in(1, Levels::kMostRanks)))}};
  const std::string text = TUTTI_TRY(value.text(std::size_t{1} << 16));
  std::vector<GroupRun> runs;
  for (std::string_view rest = text;;) {
    const auto plus = rest.find('+');
    const std::string_view part = rest.substr(0, plus);
    const auto star = part.find('*');
    GroupRun run{1, 0};
    auto size = parse_integer(part.substr(0, star), 1, Levels::kMostRanks);
    if (!size) return value.wrong(size.error().text + "; write 8, or 256*3+232 for three groups of 256 and one of 232");
    run.size = static_cast<std::int32_t>(*size);
    if (star != std::string_view::npos) {
      auto groups = parse_integer(part.substr(star + 1), 1, Levels::kMostRanks);
      if (!groups) return value.wrong(groups.error().text);
      run.groups = static_cast<std::int32_t>(*groups);
    }
    runs.push_back(run);
    if (plus == std::string_view::npos) return runs;
    rest.remove_prefix(plus + 1);
  }
}

Result<LevelDescription> level_of(const Value& value) {
  TUTTI_TRY(
      value.is_object({"name", "kind", "arity", "port", "bandwidth_up_GBps", "bandwidth_down_GBps", "oversubscription",
                       "latency_us", "overhead_us", "planes", "rails", "in_network_reduction"}));
  LevelDescription level;
  level.name = TUTTI_TRY(TUTTI_TRY(value.at("name"))->text(32));
  level.kind = TUTTI_TRY(word_of(*TUTTI_TRY(value.at("kind")), kLevelKinds));
  const Value& arity = *TUTTI_TRY(value.at("arity"));
  TUTTI_TRY(read_origin(arity, level.arity));
  level.runs = TUTTI_TRY(arity_of(*TUTTI_TRY(arity.at("value"))));
  for (const GroupRun& run : level.runs) level.arity.value = std::max(level.arity.value, static_cast<double>(run.size));
  level.port = TUTTI_TRY(TUTTI_TRY(value.at("port"))->text(32));
  level.up_GBps = TUTTI_TRY(quantity_of(value, "bandwidth_up_GBps", kBandwidth));
  level.down_GBps = TUTTI_TRY(quantity_or(value, "bandwidth_down_GBps", kBandwidth, level.up_GBps));
  level.oversubscription = TUTTI_TRY(quantity_or(value, "oversubscription", {1e-3, 1e6}, unsaid(1)));
  level.latency_us = TUTTI_TRY(quantity_of(value, "latency_us", kTime));
  level.overhead_us = TUTTI_TRY(quantity_of(value, "overhead_us", kTime));
  level.planes = TUTTI_TRY(quantity_or(value, "planes", {1, 64}, unsaid(1)));
  level.rails = TUTTI_TRY(quantity_or(value, "rails", {1, 1024}, unsaid(1)));
  if (const Value* const reduces = value.find("in_network_reduction"))
    level.in_network_reduction = TUTTI_TRY(reduces->truth());
  return level;
}

Status read_levels(const Value& list, Description& description) {
  const auto& items = *TUTTI_TRY(list.items(static_cast<std::size_t>(Levels::kMost)));
  std::vector<std::vector<GroupRun>> arities;
  for (const Value& item : items) {
    description.levels.push_back(TUTTI_TRY(level_of(item)));
    arities.push_back(description.levels.back().runs);
  }
  auto runs = runs_of(arities);
  if (!runs) return list.wrong(runs.error().text);
  for (std::size_t i = 0; i < runs->size(); ++i) description.levels[i].runs = (*runs)[i];
  return {};
}

Status read_node(const Value& root, Description& description) {
  const Value* const node = root.find("node");
  if (node == nullptr) return {};
  const std::string name = TUTTI_TRY(node->text());
  std::vector<std::string_view> names{"rank"};
  for (const auto& level : description.levels) names.emplace_back(level.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    return node->wrong(
        fmt::format("there is no level {}; the nearest is {}", name.substr(0, 64), nearest(name, names)));
  description.node_levels = static_cast<std::size_t>(found - names.begin());
  return {};
}

Status read_names(const Value& root, Description& description) {
  if (const Value* const placement = root.find("placement")) {
    for (const Value& rank : *TUTTI_TRY(placement->items(kMostHosts)))
      description.placement.push_back(static_cast<std::int32_t>(TUTTI_TRY(rank.integer_in(0, Levels::kMostRanks - 1))));
  }
  if (const Value* const hosts = root.find("hosts")) {
    for (const Value& host : *TUTTI_TRY(hosts->items(kMostHosts)))
      description.hosts.push_back(TUTTI_TRY(host.text(255)));
  }
  return {};
}

using Json = nlohmann::ordered_json;

Json document_of(const Quantity& quantity) {
  const bool whole = quantity.value == static_cast<double>(static_cast<std::int64_t>(quantity.value));
  Json value = quantity.value;
  if (whole) value = static_cast<std::int64_t>(quantity.value);
  return {{"value", std::move(value)}, {"provenance", to_string(quantity.provenance)}, {"source", quantity.source}};
}

Json document_of_arity(const LevelDescription& level) {
  Json document = document_of(level.arity);
  const bool alike =
      std::ranges::all_of(level.runs, [&](const GroupRun& run) { return run.size == level.runs.front().size; });
  if (alike) return document;
  std::string text;
  for (const GroupRun& run : level.runs) text += fmt::format("{}{}*{}", text.empty() ? "" : "+", run.size, run.groups);
  document["value"] = text;
  return document;
}

}  // namespace

Result<Description> read_description(std::string_view json) {
  const Value root = TUTTI_TRY(reading::parse_json(json));
  TUTTI_TRY(root.is_object(
      {"schema", "name", "about", "node", "ranks", "reduce_GBps", "copy_GBps", "levels", "placement", "hosts"}));
  const Value& schema = *TUTTI_TRY(root.at("schema"));
  if (const auto found = TUTTI_TRY(schema.text()); found != kSchema)
    return schema.wrong(fmt::format("'{}' where '{}' is expected", found.substr(0, 64), kSchema));
  Description description;
  description.name = TUTTI_TRY(TUTTI_TRY(root.at("name"))->text(64));
  if (const Value* const about = root.find("about")) description.about = TUTTI_TRY(about->text(kLongestText));
  const Value& levels = *TUTTI_TRY(root.at("levels"));
  TUTTI_TRY(read_levels(levels, description));
  TUTTI_TRY(read_node(root, description));
  TUTTI_TRY(read_names(root, description));
  description.reduce_GBps = TUTTI_TRY(quantity_or(root, "reduce_GBps", kBandwidth, unsaid(1000)));
  description.copy_GBps = TUTTI_TRY(quantity_or(root, "copy_GBps", kBandwidth, unsaid(1000)));
  if (auto sound = check(description); !sound) return levels.wrong(sound.error().text);
  if (const Value* const ranks = root.find("ranks")) {
    if (TUTTI_TRY(ranks->integer_in(1, Levels::kMostRanks)) != description.ranks())
      return ranks->wrong(fmt::format("the levels hold {} ranks", description.ranks()));
  }
  return description;
}

std::string write_description(const Description& description) {
  Json document = {{"schema", kSchema}, {"name", description.name}};
  if (!description.about.empty()) document["about"] = description.about;
  document["ranks"] = description.ranks();
  document["node"] = description.node_levels == 0 ? "rank" : description.levels[description.node_levels - 1].name;
  document["reduce_GBps"] = document_of(description.reduce_GBps);
  document["copy_GBps"] = document_of(description.copy_GBps);
  for (const LevelDescription& level : description.levels) {
    document["levels"].push_back({{"name", level.name},
                                  {"kind", to_string(level.kind)},
                                  {"arity", document_of_arity(level)},
                                  {"port", level.port},
                                  {"bandwidth_up_GBps", document_of(level.up_GBps)},
                                  {"bandwidth_down_GBps", document_of(level.down_GBps)},
                                  {"oversubscription", document_of(level.oversubscription)},
                                  {"latency_us", document_of(level.latency_us)},
                                  {"overhead_us", document_of(level.overhead_us)},
                                  {"planes", document_of(level.planes)},
                                  {"rails", document_of(level.rails)},
                                  {"in_network_reduction", level.in_network_reduction}});
  }
  if (!description.placement.empty()) document["placement"] = description.placement;
  if (!description.hosts.empty()) document["hosts"] = description.hosts;
  return document.dump(2) + "\n";
}

}  // namespace tutti::topology
