#include "tools/sim/training_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace tutti::predict {
namespace {

// Levels `first` and further out of a setting, with other widths; each rank stands for `share` ranks of it.
Setting levels_of(const Setting& setting, int first, const std::vector<std::int32_t>& widths, double share) {
  const auto begin = static_cast<std::size_t>(first);
  Setting part;
  part.routing = setting.routing;
  part.world.name = setting.world.name;
  topology::Fabric& fabric = part.fabric;
  fabric = setting.fabric;
  fabric.levels = std::make_shared<const topology::Levels>(std::move(*topology::Levels::regular(widths)));
  fabric.links.clear();
  fabric.origins.clear();
  for (std::size_t level = begin; level < begin + widths.size(); ++level) {
    fabric.links.push_back(setting.fabric.links[level]);
    fabric.links.back().uplink_GBps /= share;
    if (!setting.fabric.origins.empty()) fabric.origins.push_back(setting.fabric.origins[level]);
    if (!setting.shape.levels.empty()) part.shape.levels.push_back(setting.shape.levels[level]);
  }
  part.shape.node_levels = std::clamp(setting.shape.node_levels - first, 0, static_cast<int>(widths.size()));
  part.world.fabric = fabric;
  return part;
}

std::vector<std::int32_t> widths_of(const Setting& setting, int first, int end) {
  std::vector<std::int32_t> widths;
  for (int level = first; level < end; ++level) widths.push_back(setting.fabric.levels->width(level));
  return widths;
}

}  // namespace

Result<Setting> group_of(const Setting& setting, std::int64_t ranks) {
  const topology::Levels& levels = *setting.fabric.levels;
  std::vector<std::int32_t> widths;
  std::int64_t rest = ranks;
  for (int level = 0; level < levels.depth() && rest > 1; ++level) {
    const std::int64_t width = levels.width(level);
    if (!levels.regular(level) || (rest % width != 0 && width % rest != 0)) break;
    widths.push_back(static_cast<std::int32_t>(std::min(width, rest)));
    rest /= widths.back();
  }
  if (rest > 1 || ranks > levels.ranks()) {
    return Error{Code::invalid_argument,
                 fmt::format("--expert-ranks {}: experts are shared by whole groups of the inner levels of {}", ranks,
                             levels.describe())};
  }
  if (widths.empty()) widths.push_back(1);
  return levels_of(setting, 0, widths, 1);
}

Result<Setting> group_with_experts(const Setting& setting, const ExpertWords& words) {
  const std::int64_t all = setting.fabric.ranks();
  const std::int64_t ranks = words.expert_ranks > 0 ? words.expert_ranks : std::min<std::int64_t>(words.experts, all);
  const auto wrong = [](std::string text) { return Error{Code::invalid_argument, std::move(text)}; };
  if (words.hidden < 1) return wrong("--experts needs --hidden: elements of a token");
  if (words.topk > words.experts)
    return wrong(fmt::format("--topk {}: there are only {} experts", words.topk, words.experts));
  if (words.experts % ranks != 0)
    return wrong(fmt::format("--experts {} do not lie evenly on {} ranks: see --expert-ranks", words.experts, ranks));
  if (all % ranks != 0)
    return wrong(fmt::format("--expert-ranks {}: {} ranks are no whole number of such groups", ranks, all));
  return group_of(setting, ranks);
}

Setting inside_node(const Setting& setting) {
  return levels_of(setting, 0, widths_of(setting, 0, setting.shape.node_levels), 1);
}

Setting along_rail(const Setting& setting) {
  return levels_of(setting, setting.shape.node_levels,
                   widths_of(setting, setting.shape.node_levels, setting.fabric.levels->depth()),
                   static_cast<double>(node_ranks(setting)));
}

std::int64_t node_ranks(const Setting& setting) {
  std::int64_t ranks = 1;
  for (int level = 0; level < setting.shape.node_levels; ++level) ranks *= setting.fabric.levels->width(level);
  return ranks;
}

}  // namespace tutti::predict
