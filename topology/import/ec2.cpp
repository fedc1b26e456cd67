// EC2's DescribeInstanceTopology: each instance with its network nodes, the outermost first.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "topology/import/import.hpp"
#include "topology/import/tree.hpp"
#include "topology/reading/value.hpp"

namespace tutti::topology {
namespace {

constexpr std::size_t kMostInstances = 1000000;
constexpr std::size_t kMostLayers = 6;

}  // namespace

Result<Description> import_ec2(std::string_view text, std::int32_t ranks_per_node) {
  const reading::Value root = TUTTI_TRY(reading::parse_json(text));
  const auto& instances = *TUTTI_TRY(TUTTI_TRY(root.at("Instances"))->items(kMostInstances));
  Grouping grouping;
  grouping.tool = "EC2's instance topology";
  std::map<std::string, std::int32_t> numbers;
  std::map<std::string, std::string> above;  // a network node lies in one other
  for (const reading::Value& instance : instances) {
    const reading::Value& id = *TUTTI_TRY(instance.at("InstanceId"));
    grouping.hosts.push_back(TUTTI_TRY(id.text()));
    const reading::Value& list = *TUTTI_TRY(instance.at("NetworkNodes"));
    const auto& nodes = *TUTTI_TRY(list.items(kMostLayers));
    if (nodes.empty()) return list.wrong("names no network node");
    if (grouping.levels.empty()) grouping.levels.resize(nodes.size());
    if (nodes.size() != grouping.levels.size())
      return list.wrong(
          fmt::format("{} layers, where the instances before have {}", nodes.size(), grouping.levels.size()));
    std::string outer;
    for (std::size_t layer = 0; layer < nodes.size(); ++layer) {
      const std::string name = TUTTI_TRY(nodes[layer].text());
      if (above.try_emplace(name, outer).first->second != outer)
        return nodes[layer].wrong(fmt::format("{} lies in two network nodes, or in two layers", name.substr(0, 64)));
      const auto fresh = static_cast<std::int32_t>(numbers.size());
      auto& level = grouping.levels[nodes.size() - 1 - layer];
      level.name = fmt::format("layer-{}", layer + 1);
      level.group_of.push_back(numbers.try_emplace(name, fresh).first->second);
      outer = name;
    }
  }
  return describe(grouping, ranks_per_node);
}

}  // namespace tutti::topology
