// tutti.tuning/1: what was measured, by site.
#include <fmt/format.h>

#include <algorithm>

#include "plan/exchange/json_reader.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostSites = 4096;
constexpr std::size_t kMostChoices = 16384;  // of a site
constexpr std::int64_t kMostSegments = 256;
constexpr double kMostUs = 1e12;

Json way_json(const MeasuredWay& way) {
  return {{"way", way.way}, {"segments", way.segments}, {"us", way.us}};
}

Json choice_json(const TunedChoice& choice) {
  return {{"collective", to_string(choice.collective)},
          {"bytes", {choice.least_bytes, choice.most_bytes}},
          {"measured_bytes", choice.measured_bytes},
          {"best", way_json(choice.best)},
          {"model", way_json(choice.model)}};
}

Json site_json(const TunedSite& one) {
  const Site& site = one.site;
  Json choices = Json::array();
  for (const TunedChoice& choice : one.choices) choices.push_back(choice_json(choice));
  return {
      {"fingerprint", site.fingerprint}, {"ranks", site.ranks}, {"nodes", site.nodes}, {"levels", site.levels},
      {"transports", site.transports},   {"cores", site.cores}, {"cpu", site.cpu},     {"choices", std::move(choices)}};
}

Result<MeasuredWay> read_way(const JsonValue& value, Collective collective) {
  TUTTI_TRY(value.is_object({"way", "segments", "us"}));
  MeasuredWay way;
  const JsonValue name = TUTTI_TRY(value.at("way"));
  way.way = TUTTI_TRY(name.text(4096));
  if (const auto known = check_way(way.way, collective); !known) return name.wrong(known.error().text);
  way.segments = static_cast<std::uint32_t>(TUTTI_TRY(TUTTI_TRY(value.at("segments")).integer(1, kMostSegments)));
  way.us = TUTTI_TRY(TUTTI_TRY(value.at("us")).number(0, kMostUs));
  return way;
}

Result<TunedChoice> read_choice(const JsonValue& value) {
  TUTTI_TRY(value.is_object({"collective", "bytes", "measured_bytes", "best", "model"}));
  TunedChoice choice;
  const JsonValue name = TUTTI_TRY(value.at("collective"));
  const auto collective = parse_collective(TUTTI_TRY(name.text()));
  if (!collective) return name.wrong("there is no such collective");
  choice.collective = *collective;
  const JsonValue bytes = TUTTI_TRY(value.at("bytes"));
  const auto ends = TUTTI_TRY(bytes.items(2));
  if (ends.size() != 2) return bytes.wrong("must be the least and the most bytes");
  choice.least_bytes = static_cast<std::uint64_t>(TUTTI_TRY(ends[0].integer(0, INT64_MAX)));
  choice.most_bytes = static_cast<std::uint64_t>(TUTTI_TRY(ends[1].integer(0, INT64_MAX)));
  const JsonValue measured = TUTTI_TRY(value.at("measured_bytes"));
  choice.measured_bytes = static_cast<std::uint64_t>(TUTTI_TRY(measured.integer(0, INT64_MAX)));
  if (choice.measured_bytes < choice.least_bytes || choice.measured_bytes > choice.most_bytes)
    return measured.wrong(
        fmt::format("{} is not between {} and {}", choice.measured_bytes, choice.least_bytes, choice.most_bytes));
  choice.best = TUTTI_TRY(read_way(TUTTI_TRY(value.at("best")), choice.collective));
  choice.model = TUTTI_TRY(read_way(TUTTI_TRY(value.at("model")), choice.collective));
  return choice;
}

Result<std::string> read_fingerprint(const JsonValue& value) {
  std::string text = TUTTI_TRY(value.text());
  const bool right = text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!right) return value.wrong("must be 16 hexadecimal digits");
  return text;
}

Result<TunedSite> read_site(const JsonValue& value) {
  TUTTI_TRY(value.is_object({"fingerprint", "ranks", "nodes", "levels", "transports", "cores", "cpu", "choices"}));
  const auto number = [&](const char* name) -> Result<std::int32_t> {
    const auto found = TUTTI_TRY(TUTTI_TRY(value.at(name)).integer(1, topology::Levels::kMostRanks));
    return static_cast<std::int32_t>(found);
  };
  TunedSite one;
  one.site.fingerprint = TUTTI_TRY(read_fingerprint(TUTTI_TRY(value.at("fingerprint"))));
  one.site.ranks = TUTTI_TRY(number("ranks"));
  one.site.nodes = TUTTI_TRY(number("nodes"));
  one.site.cores = TUTTI_TRY(number("cores"));
  one.site.levels = TUTTI_TRY(TUTTI_TRY(value.at("levels")).text(4096));
  one.site.transports = TUTTI_TRY(TUTTI_TRY(value.at("transports")).text());
  one.site.cpu = TUTTI_TRY(TUTTI_TRY(value.at("cpu")).text(4096));
  const auto choices = TUTTI_TRY(TUTTI_TRY(value.at("choices")).items(kMostChoices));
  for (const JsonValue& item : choices) {
    const TunedChoice choice = TUTTI_TRY(read_choice(item));
    for (const TunedChoice& other : one.choices) {
      if (other.collective == choice.collective && other.least_bytes <= choice.most_bytes &&
          choice.least_bytes <= other.most_bytes)
        return item.wrong(fmt::format("another choice for {} has some of these sizes", to_string(choice.collective)));
    }
    one.choices.push_back(choice);
  }
  return one;
}

}  // namespace

std::string write_tuning(const TuningTable& table) {
  Json sites = Json::array();
  for (const TunedSite& one : table.sites) sites.push_back(site_json(one));
  return Json{{"schema", "tutti.tuning/1"}, {"sites", std::move(sites)}}.dump(2) + "\n";
}

Result<TuningTable> read_tuning(std::string_view text) {
  const nlohmann::json json = TUTTI_TRY(parse_json(text));
  const JsonValue root = TUTTI_TRY(document(json, "tutti.tuning/1"));
  TUTTI_TRY(root.is_object({"schema", "sites"}));
  TuningTable table;
  const auto sites = TUTTI_TRY(TUTTI_TRY(root.at("sites")).items(kMostSites));
  for (const JsonValue& value : sites) {
    TunedSite one = TUTTI_TRY(read_site(value));
    if (table.find(one.site.fingerprint) != nullptr)
      return value.wrong(fmt::format("{} is there twice", one.site.fingerprint));
    table.sites.push_back(std::move(one));
  }
  return table;
}

}  // namespace tutti::plan
