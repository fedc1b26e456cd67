// Slurm's topology.conf (trees of switches, or blocks) and topology.yaml, which says the same.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "topology/import/hosts.hpp"
#include "topology/import/import.hpp"
#include "topology/import/tree.hpp"
#include "topology/reading/value.hpp"

namespace tutti::topology {
namespace {

constexpr int kMostTiers = 6;

struct Switch {
  std::string name;
  int line = 0;
  std::vector<std::string> below;  // switches
  std::vector<std::string> hosts;
};

Error at(int line, const std::string& what) {
  return {Code::invalid_argument, fmt::format("line {}: {}", line, what)};
}

class Switches {
 public:
  Status add(Switch one) {
    const auto number = static_cast<std::int32_t>(all_.size());
    if (!numbers_.try_emplace(one.name, number).second) return at(one.line, fmt::format("{} is there twice", one.name));
    if (one.below.empty() && one.hosts.empty())
      return at(one.line, fmt::format("{} has neither nodes nor switches below it", one.name));
    all_.push_back(std::move(one));
    return {};
  }

  // Groups by tier: those of hosts are the chain of switches above them.
  Result<Grouping> grouping(std::string tool) {
    TUTTI_TRY(link());
    int tiers = 0;
    for (std::size_t i = 0; i < all_.size(); ++i) tiers = std::max(tiers, TUTTI_TRY(tier_of(i)));
    Grouping grouping;
    grouping.tool = std::move(tool);
    for (int tier = 1; tier <= tiers; ++tier)
      grouping.levels.push_back(
          {tier == 1 ? "leaf" : fmt::format("tier-{}", tier), tier == 1 ? LevelKind::single : LevelKind::clos, {}, 0});
    for (std::size_t i = 0; i < all_.size(); ++i) {
      for (const std::string& host : all_[i].hosts) place(i, host, grouping);
    }
    return grouping;
  }

 private:
  Status link() {
    above_.assign(all_.size(), -1);
    for (std::size_t i = 0; i < all_.size(); ++i) {
      for (const std::string& name : all_[i].below) {
        const auto found = numbers_.find(name);
        if (found == numbers_.end()) return at(all_[i].line, fmt::format("there is no switch {}", name));
        auto& above = above_[static_cast<std::size_t>(found->second)];
        if (above >= 0) {
          return at(all_[i].line,
                    fmt::format("{} is already below {}", name, all_[static_cast<std::size_t>(above)].name));
        }
        above = static_cast<std::int32_t>(i);
      }
    }
    return {};
  }

  // 1 for switches with hosts only; a ring of switches has no end.
  Result<int> tier_of(std::size_t number) {
    int steps = 0;
    for (std::int32_t up = above_[number]; up >= 0; up = above_[static_cast<std::size_t>(up)]) {
      if (++steps >= kMostTiers)
        return at(all_[number].line,
                  fmt::format("{} is below itself, or below more than {} others", all_[number].name, kMostTiers));
    }
    heights_.resize(all_.size(), 1);
    int height = heights_[number] = std::max(heights_[number], all_[number].below.empty() ? 1 : 2);
    for (std::int32_t up = above_[number]; up >= 0; up = above_[static_cast<std::size_t>(up)]) {
      auto& above = heights_[static_cast<std::size_t>(up)];
      above = std::max(above, height + 1);
      height = above;
    }
    return height;
  }

  // The group of a tier is the highest switch above the host that is not above the tier.
  void place(std::size_t leaf, const std::string& host, Grouping& grouping) const {
    grouping.hosts.push_back(host);
    auto group = static_cast<std::int32_t>(leaf);
    for (std::size_t tier = 0; tier < grouping.levels.size(); ++tier) {
      while (above_[static_cast<std::size_t>(group)] >= 0 &&
             heights_[static_cast<std::size_t>(above_[static_cast<std::size_t>(group)])] <= static_cast<int>(tier) + 1)
        group = above_[static_cast<std::size_t>(group)];
      grouping.levels[tier].group_of.push_back(group);
    }
  }

  std::vector<Switch> all_;
  std::map<std::string, std::int32_t> numbers_;
  std::vector<std::int32_t> above_;
  std::vector<int> heights_;
};

std::string lower(std::string_view text) {
  std::string all(text);
  std::ranges::transform(all, all.begin(),
                         [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return all;
}

Result<std::vector<std::string>> names_of(std::string_view list, int line) {
  auto names = expand_hosts(list);
  if (!names) return at(line, names.error().text);
  return names;
}

// "SwitchName=s1 Nodes=gpu[1-4] LinkSpeed=..." in any order; Slurm reads names of keys in any case.
Result<std::optional<Switch>> switch_of(std::string_view text, int line) {
  Switch made;
  made.line = line;
  while (true) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(" \t\r"));
    text.remove_prefix(word.size());
    const auto equals = word.find('=');
    if (equals == std::string_view::npos || equals + 1 == word.size())
      return at(line, fmt::format("'{}' is no KEY=VALUE", word.substr(0, 64)));
    const std::string key = lower(word.substr(0, equals));
    const std::string_view value = word.substr(equals + 1);
    if (key == "switchname" || key == "blockname") {
      made.name = std::string(value);
    } else if (key == "nodes") {
      made.hosts = TUTTI_TRY(names_of(value, line));
    } else if (key == "switches") {
      made.below = TUTTI_TRY(names_of(value, line));
    } else if (key == "blocksizes") {
      return std::optional<Switch>();
    } else if (key != "linkspeed") {
      return at(
          line,
          fmt::format("there is no key '{}'; known are SwitchName, BlockName, Nodes, Switches, BlockSizes, LinkSpeed",
                      word.substr(0, equals)));
    }
  }
  if (made.name.empty()) return at(line, "SwitchName or BlockName is missing");
  return std::optional<Switch>(std::move(made));
}

Result<Switch> switch_of(const reading::Value& value, const char* name_key, bool has_children) {
  Switch made;
  made.line = value.line;
  if (has_children) {
    TUTTI_TRY(value.is_object({name_key, "children", "nodes"}));
  } else {
    TUTTI_TRY(value.is_object({name_key, "nodes"}));
  }
  made.name = TUTTI_TRY(TUTTI_TRY(value.at(name_key))->text());
  constexpr std::size_t kLongest = std::size_t{1} << 20;
  if (const auto* const nodes = value.find("nodes"))
    made.hosts = TUTTI_TRY(names_of(TUTTI_TRY(nodes->text(kLongest)), nodes->line));
  if (const auto* const children = value.find("children"))
    made.below = TUTTI_TRY(names_of(TUTTI_TRY(children->text(kLongest)), children->line));
  return made;
}

}  // namespace

Result<Description> import_slurm_conf(std::string_view text, std::int32_t ranks_per_node) {
  Switches switches;
  int line = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    row = row.substr(0, row.find('#'));
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto made = TUTTI_TRY(switch_of(row, line));
    if (made) TUTTI_TRY(switches.add(std::move(*made)));
  }
  return describe(TUTTI_TRY(switches.grouping("Slurm's topology.conf")), ranks_per_node);
}

Result<Description> import_slurm_yaml(std::string_view text, std::int32_t ranks_per_node) {
  const reading::Value root = TUTTI_TRY(reading::parse_yaml(text));
  const reading::Value* chosen = nullptr;
  for (const reading::Value& topology : *TUTTI_TRY(root.items(1000))) {
    TUTTI_TRY(topology.is_object({"topology", "cluster_default", "tree", "block", "flat", "torus3d", "ring"}));
    if (topology.find("tree") == nullptr && topology.find("block") == nullptr) continue;
    const auto* const is_default = topology.find("cluster_default");
    if (chosen == nullptr || (is_default != nullptr && TUTTI_TRY(is_default->truth()))) chosen = &topology;
  }
  if (chosen == nullptr) return root.wrong("no topology is a tree or a block");
  Switches switches;
  constexpr std::size_t kMostSwitches = 1000000;
  if (const auto* const tree = chosen->find("tree")) {
    for (const reading::Value& one : *TUTTI_TRY(TUTTI_TRY(tree->at("switches"))->items(kMostSwitches)))
      TUTTI_TRY(switches.add(TUTTI_TRY(switch_of(one, "switch", true))));
  } else {
    for (const reading::Value& one : *TUTTI_TRY(TUTTI_TRY(chosen->find("block")->at("blocks"))->items(kMostSwitches)))
      TUTTI_TRY(switches.add(TUTTI_TRY(switch_of(one, "block", false))));
  }
  return describe(TUTTI_TRY(switches.grouping("Slurm's topology.yaml")), ranks_per_node);
}

}  // namespace tutti::topology
