#include "tools/sim/question.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/bytes.hpp"
#include "plan/exchange/exchange.hpp"

namespace tutti::predict {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;
constexpr double kMostOversubscription = 1e6;

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

Result<std::uint64_t> parse_size(const std::string& text) {
  auto bytes = parse_bytes(text);
  if (!bytes) return std::move(bytes).error().within("--bytes");
  if (bytes->value == 0 || bytes->value > kMostBytes)
    return wrong(fmt::format("--bytes {}: 1 to 2^60 make sense", text));
  return bytes->value;
}

Result<std::vector<std::uint64_t>> parse_sizes(const Question& question) {
  const auto colon = question.sizes.find(':');
  const std::uint64_t first = TUTTI_TRY(parse_size(question.sizes.substr(0, colon)));
  std::vector<std::uint64_t> sizes{first};
  if (colon == std::string::npos) return sizes;
  const std::uint64_t last = TUTTI_TRY(parse_size(question.sizes.substr(colon + 1)));
  if (last < first) return wrong(fmt::format("--bytes {}: the last size is below the first", question.sizes));
  const auto factor = static_cast<std::uint64_t>(question.factor);
  while (sizes.back() <= last / factor) sizes.push_back(sizes.back() * factor);
  return sizes;
}

Result<sim::Routing> parse_routing(const std::string& text) {
  if (text == "ideal") return sim::Routing::ideal;
  if (text == "adaptive") return sim::Routing::adaptive;
  if (text == "ecmp") return sim::Routing::ecmp;
  return wrong(fmt::format("there is no routing '{}'; known are ideal, adaptive, ecmp", text.substr(0, 64)));
}

// "1:4", or "pod:4" where levels have names: the ranks of a unit can send four times what leads out of it.
Status oversubscribe(const std::string& text, topology::Fabric& fabric) {
  const auto colon = text.rfind(':');
  const std::string name = text.substr(0, colon);
  int level = -1;
  std::string known;
  for (int each = 0; each < fabric.levels->depth(); ++each) {
    const std::string its =
        fabric.origins.empty() ? std::to_string(each) : fabric.origins[static_cast<std::size_t>(each)].name;
    known += (known.empty() ? "" : ", ") + its;
    if (name == its || name == std::to_string(each)) level = each;
  }
  if (colon == std::string::npos || level < 0)
    return wrong(fmt::format("--oversubscribe '{}': LEVEL:FACTOR, where levels are {}", text.substr(0, 64), known));
  const std::string factor = text.substr(colon + 1);
  char* end = nullptr;
  const double value = std::strtod(factor.c_str(), &end);
  if (factor.empty() || *end != '\0' || !(value > 0 && value <= kMostOversubscription))
    return wrong(fmt::format("--oversubscribe '{}': the factor is a number above 0, at most {:g}", text.substr(0, 64),
                             kMostOversubscription));
  topology::Link& link = fabric.links[static_cast<std::size_t>(level)];
  link.uplink_GBps = link.bandwidth_GBps * fabric.ranks_in_unit(level) / value;
  return {};
}

}  // namespace

Result<Setting> make_setting(const Question& question) {
  Setting setting;
  world::ClusterWords cluster = question.cluster;
  if (!question.tuning_file.empty()) {
    auto table = plan::read_tuning(TUTTI_TRY(world::text_of(question.tuning_file)));
    if (!table) return std::move(table).error().within(question.tuning_file);
    cluster.tuning = std::move(*table);
  }
  setting.world = TUTTI_TRY(world::make_world(cluster));
  setting.routing = TUTTI_TRY(parse_routing(question.routing));
  for (const std::string& text : question.failures) {
    if (auto added = add_failure(text, setting.what_if); !added) return std::move(added).error().within("--fail");
  }
  for (const std::string& text : question.stragglers) {
    if (auto added = add_straggler(text, setting.what_if); !added)
      return std::move(added).error().within("--straggler");
  }
  setting.fabric = setting.world.fabric;
  for (const std::string& text : question.oversubscribed) TUTTI_TRY(oversubscribe(text, setting.fabric));
  setting.fails = !setting.what_if.changes_nothing() || !question.oversubscribed.empty();
  if (setting.world.description) setting.shape = sim::shape_of(*setting.world.description, setting.fabric);
  if (!setting.world.description) setting.shape.node_levels = setting.fabric.levels->depth() > 1 ? 1 : 0;
  if (!setting.what_if.nodes.empty()) {
    setting.fabric = TUTTI_TRY(
        sim::without_nodes(setting.fabric, setting.shape.node_levels, std::exchange(setting.what_if.nodes, {})));
  }
  if (question.call.collective != to_string(plan::Collective::barrier))
    setting.sizes = TUTTI_TRY(parse_sizes(question));
  return setting;
}

}  // namespace tutti::predict
