// What was measured, for people and as data.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/text/table.hpp"
#include "tools/topo/job/measure.hpp"

namespace tutti::topo {
namespace {

using Json = nlohmann::ordered_json;
using topology::InferredLevel;
using topology::LevelDescription;

std::string number(double value) {
  return value > 0 ? fmt::format("{:.3g}", value) : std::string("-");
}

std::string groups_of(const LevelDescription& level) {
  std::string text;
  for (const topology::GroupRun& run : level.runs)
    text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", run.groups, run.size);
  return text;
}

std::string how_sure(const InferredLevel& level) {
  if (level.by == topology::ToldApart::everything) return "-";
  if (level.by == topology::ToldApart::reported) return "certain";
  return fmt::format("{:.0f} %: {} of {} pairs agree, the next level is {:.3g} times worse", 100 * level.sure(),
                     level.agree, level.pairs, level.gap);
}

Json positive(double value) {
  return value > 0 ? Json(value) : Json(nullptr);
}

}  // namespace

std::string text_of(const Measured& measured) {
  std::string text = fmt::format(
      "measured {} ranks on {} node{}: {} pairs in {} waves, {} of them again alone; {:.2g} s\n\n", measured.ranks,
      measured.nodes, measured.nodes == 1 ? "" : "s", measured.pairs, measured.waves, measured.alone, measured.seconds);
  std::vector<text::Row> rows{
      {"level", "groups", "us", "us/message", "GB/s", "GB/s all at once", "told apart by", "sure"}};
  const auto& levels = measured.inferred.levels;
  for (std::size_t i = levels.size(); i-- > 0;) {
    const InferredLevel& level = levels[i];
    const LevelDescription& described = measured.description.levels[i];
    rows.push_back({std::string(2 * (levels.size() - 1 - i), ' ') + described.name, groups_of(described),
                    number(level.latency_us), number(level.overhead_us), number(level.GBps), number(level.loaded_GBps),
                    std::string(to_string(level.by)), how_sure(level)});
  }
  text += text::table(rows, "llrrrrll");
  for (const std::string& remark : measured.inferred.remarks) text += fmt::format("  {}\n", remark);
  return text;
}

std::string document_of(const Measured& measured) {
  Json document = {{"schema", "tutti.measured/1"}, {"ranks", measured.ranks}, {"nodes", measured.nodes},
                   {"pairs", measured.pairs},      {"waves", measured.waves}, {"alone", measured.alone},
                   {"seconds", measured.seconds},  {"levels", Json::array()}, {"remarks", measured.inferred.remarks}};
  const auto& levels = measured.inferred.levels;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const InferredLevel& level = levels[i];
    document["levels"].push_back({{"name", measured.description.levels[i].name},
                                  {"groups", level.groups.members()},
                                  {"latency_us", positive(level.latency_us)},
                                  {"overhead_us", positive(level.overhead_us)},
                                  {"bandwidth_GBps", positive(level.GBps)},
                                  {"loaded_GBps", positive(level.loaded_GBps)},
                                  {"told_apart_by", to_string(level.by)},
                                  {"gap", positive(level.gap)},
                                  {"pairs", level.pairs},
                                  {"agree", level.agree},
                                  {"sure", level.sure()}});
  }
  document["probes"] = Json::array();
  for (const topology::Probe& probe : measured.probes)
    document["probes"].push_back({{"ranks", {probe.one, probe.other}},
                                  {"latency_us", probe.latency_us},
                                  {"bandwidth_GBps", probe.GBps},
                                  {"overhead_us", probe.overhead_us}});
  document["fabric"] = Json::parse(topology::write_description(measured.description));
  return document.dump(2) + "\n";
}

}  // namespace tutti::topo
