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
constexpr double kLeastGBps = 1e-9;
constexpr double kMostGBps = 1e9;
constexpr std::int64_t kMostProbes = 1'000'000;

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

// Every number of it was measured.
Json links_json(const topology::MeasuredLinks& links) {
  Json levels = Json::array();
  for (const auto& level : links.levels) {
    levels.push_back({{"latency_us", level.latency_us},
                      {"overhead_us", level.overhead_us},
                      {"bandwidth_GBps", level.bandwidth_GBps},
                      {"uplink_GBps", level.uplink_GBps},
                      {"error", level.error}});
    if (level.exchange.empty()) continue;
    levels.back()["exchange_us"] = level.exchange.us;
    if (!level.window.empty()) levels.back()["window_us"] = level.window.us;
    levels.back()["combine_GBps"] = level.combine_GBps;
  }
  return {{"provenance", to_string(topology::Provenance::measured)},
          {"levels", std::move(levels)},
          {"call_us", links.call_us},
          {"reduce_GBps", links.reduce_GBps},
          {"copy_GBps", links.copy_GBps},
          {"probes", links.probes},
          {"seconds", links.seconds}};
}

Json site_json(const TunedSite& one) {
  const Site& site = one.site;
  Json choices = Json::array();
  for (const TunedChoice& choice : one.choices) choices.push_back(choice_json(choice));
  Json json = {{"fingerprint", site.fingerprint}, {"ranks", site.ranks}, {"nodes", site.nodes}, {"levels", site.levels},
               {"transports", site.transports},   {"cores", site.cores}, {"cpu", site.cpu}};
  if (one.links) json["links"] = links_json(*one.links);
  json["choices"] = std::move(choices);
  return json;
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

Result<double> read_number(const JsonValue& value, const char* name, double low, double high) {
  return TUTTI_TRY(value.at(name)).number(low, high);
}

// What is not there was not measured.
Result<topology::MessageTimes> read_times(const JsonValue& value, const char* name) {
  topology::MessageTimes times;
  if (!value.has(name)) return times;
  const JsonValue list = TUTTI_TRY(value.at(name));
  const auto items = TUTTI_TRY(list.items(topology::MessageTimes::kSizes));
  if (items.size() != topology::MessageTimes::kSizes)
    return list.wrong(fmt::format("must be {} times, of 64 bytes to 16 MiB", topology::MessageTimes::kSizes));
  for (std::size_t i = 0; i < items.size(); ++i) times.us[i] = TUTTI_TRY(items[i].number(0, kMostUs));
  if (times.empty()) return list.wrong("must end with what 16 MiB take, which is not nothing");
  return times;
}

Result<topology::MeasuredLinks> read_links(const JsonValue& value) {
  TUTTI_TRY(value.is_object({"provenance", "levels", "call_us", "reduce_GBps", "copy_GBps", "probes", "seconds"}));
  const JsonValue provenance = TUTTI_TRY(value.at("provenance"));
  if (TUTTI_TRY(provenance.text()) != to_string(topology::Provenance::measured))
    return provenance.wrong("must be \"measured\": other numbers belong into a fabric (TUTTI_FABRIC)");
  topology::MeasuredLinks links;
  const JsonValue list = TUTTI_TRY(value.at("levels"));
  for (const JsonValue& item : TUTTI_TRY(list.items(topology::Levels::kMost))) {
    TUTTI_TRY(item.is_object({"latency_us", "overhead_us", "bandwidth_GBps", "uplink_GBps", "error", "exchange_us",
                              "window_us", "combine_GBps"}));
    topology::MeasuredLinks::Level level;
    level.latency_us = TUTTI_TRY(read_number(item, "latency_us", 0, kMostUs));
    level.overhead_us = TUTTI_TRY(read_number(item, "overhead_us", 0, kMostUs));
    level.bandwidth_GBps = TUTTI_TRY(read_number(item, "bandwidth_GBps", kLeastGBps, kMostGBps));
    level.uplink_GBps = TUTTI_TRY(read_number(item, "uplink_GBps", 0, kMostGBps));
    level.error = TUTTI_TRY(read_number(item, "error", 0, kMostUs));
    if (level.uplink_GBps > 0 && level.uplink_GBps < kLeastGBps) return item.wrong("uplink_GBps is too little");
    level.exchange = TUTTI_TRY(read_times(item, "exchange_us"));
    level.window = TUTTI_TRY(read_times(item, "window_us"));
    if (item.has("combine_GBps"))
      level.combine_GBps = TUTTI_TRY(read_number(item, "combine_GBps", kLeastGBps, kMostGBps));
    links.levels.push_back(level);
  }
  if (links.levels.empty()) return list.wrong("must have a level at least");
  if (value.has("call_us")) links.call_us = TUTTI_TRY(read_number(value, "call_us", 0, kMostUs));
  links.reduce_GBps = TUTTI_TRY(read_number(value, "reduce_GBps", kLeastGBps, kMostGBps));
  links.copy_GBps = TUTTI_TRY(read_number(value, "copy_GBps", kLeastGBps, kMostGBps));
  const JsonValue probes = TUTTI_TRY(value.at("probes"));
  links.probes = static_cast<std::int32_t>(TUTTI_TRY(probes.integer(0, kMostProbes)));
  links.seconds = TUTTI_TRY(read_number(value, "seconds", 0, kMostUs));
  return links;
}

Result<std::string> read_fingerprint(const JsonValue& value) {
  std::string text = TUTTI_TRY(value.text());
  const bool right = text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!right) return value.wrong("must be 16 hexadecimal digits");
  return text;
}

Result<TunedSite> read_site(const JsonValue& value) {
  TUTTI_TRY(
      value.is_object({"fingerprint", "ranks", "nodes", "levels", "transports", "cores", "cpu", "links", "choices"}));
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
  if (value.has("links")) one.links = TUTTI_TRY(read_links(TUTTI_TRY(value.at("links"))));
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
