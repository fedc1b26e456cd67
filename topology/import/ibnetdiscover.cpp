// ibnetdiscover's output: switches and adapters with their ports and the speed of each link. Levels are what hangs
// together without the switches further out: hosts on the same leaf switches (of all rails), those on the same spines,
// ...
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "base/bytes.hpp"
#include "topology/import/import.hpp"
#include "topology/import/tree.hpp"

namespace tutti::topology {
namespace {

constexpr std::size_t kMostNodes = 1000000;
constexpr int kMostTiers = 6;

Error at(int line, const std::string& what) {
  return {Code::invalid_argument, fmt::format("line {}: {}", line, what)};
}

struct Node {
  std::string name;  // "S-0002c902400000"
  std::string host;  // of an adapter: the first word of its description
  bool is_switch = false;
  int line = 0;
  int tier = 0;  // of a switch: hops to the nearest adapter; 0: unknown
};

struct Cable {
  std::int32_t one = 0;
  std::string other;
  double GBps = 0;
  int line = 0;
};

// Bytes that a link moves, of the words that the tool writes: "4xHDR".
double speed_of(std::string_view words) {
  static constexpr std::pair<std::string_view, double> kLanes[] = {{"SDR", 0.25},   {"DDR", 0.5},    {"QDR", 1.0},
                                                                   {"FDR10", 1.25}, {"FDR", 1.7046}, {"EDR", 3.125},
                                                                   {"HDR", 6.25},   {"NDR", 12.5},   {"XDR", 25}};
  for (const int width : {12, 8, 4, 2, 1}) {
    for (const auto& [name, speed] : kLanes) {
      const std::string word = fmt::format("{}x{}", width, name);
      const auto found = words.rfind(word);
      if (found == std::string_view::npos) continue;
      const auto end = found + word.size();
      const bool whole =
          (end == words.size() || words[end] == ' ' || words[end] == '\r') && (found == 0 || words[found - 1] == ' ');
      if (whole) return width * speed;
    }
  }
  return 0;
}

std::optional<std::string_view> quoted(std::string_view text, std::size_t from) {
  const auto open = text.find('"', from);
  if (open == std::string_view::npos) return std::nullopt;
  const auto close = text.find('"', open + 1);
  if (close == std::string_view::npos) return std::nullopt;
  return text.substr(open + 1, close - open - 1);
}

class Net {
 public:
  Status read(std::string_view text) {
    int line = 0;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      TUTTI_TRY(read_line(text.substr(0, end), ++line));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return connect();
  }

  Result<Grouping> grouping() {
    Grouping grouping;
    grouping.tool = "ibnetdiscover";
    std::map<std::string_view, std::int32_t> hosts;
    std::vector<std::int32_t> adapters;  // of each host
    std::vector<double> speeds;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].is_switch) continue;
      const auto fresh = static_cast<std::int32_t>(grouping.hosts.size());
      const auto [found, is_new] = hosts.try_emplace(nodes_[i].host, fresh);
      if (is_new) {
        grouping.hosts.push_back(nodes_[i].host);
        adapters.push_back(0);
        speeds.push_back(0);
      }
      host_of_[static_cast<std::int32_t>(i)] = found->second;
      ++adapters[static_cast<std::size_t>(found->second)];
    }
    if (grouping.hosts.empty()) return Error{Code::invalid_argument, "line 1: no adapter (Ca) is listed"};
    for (const auto& [one, other, speed] : links_) {
      for (const std::int32_t end : {one, other}) {
        if (!nodes_[static_cast<std::size_t>(end)].is_switch)
          speeds[static_cast<std::size_t>(host_of_[end])] += speed / 2;  // each cable is listed at both ends
      }
    }
    grouping.rails = *std::ranges::max_element(adapters);
    grouping.host_GBps = *std::ranges::min_element(speeds);
    const int tiers = find_tiers();
    for (int tier = 1; tier <= tiers; ++tier) add_level(tier, grouping);
    return grouping;
  }

 private:
  struct Link {
    std::int32_t one;
    std::int32_t other;
    double GBps;
  };

  Status read_line(std::string_view row, int line) {
    if (row.starts_with("Switch") || row.starts_with("Ca") || row.starts_with("Rt")) {
      const auto name = quoted(row, 0);
      if (!name || name->empty() || name->size() > 64) return at(line, "a node without its name in quotes");
      if (nodes_.size() >= kMostNodes) return at(line, "more than a million nodes");
      Node node;
      node.name = std::string(*name);
      node.is_switch = !row.starts_with("Ca");
      node.line = line;
      const auto comment = row.find('#');
      const auto text = comment == std::string_view::npos ? std::nullopt : quoted(row, comment);
      if (!node.is_switch) {
        node.host = std::string(text.value_or(*name).substr(0, 128));
        if (const auto space = node.host.find_first_of(" \t"); space != std::string::npos) node.host.resize(space);
        if (node.host.empty()) node.host = node.name;
      }
      const auto number = static_cast<std::int32_t>(nodes_.size());
      if (!numbers_.try_emplace(node.name, number).second) return at(line, fmt::format("{} is there twice", node.name));
      nodes_.push_back(std::move(node));
      return {};
    }
    if (!row.starts_with("[")) return {};
    if (nodes_.empty()) return at(line, "a port before the first Switch or Ca");
    const auto name = quoted(row, 0);
    if (!name) return at(line, "a port without the name of its other end in quotes");
    const auto comment = row.find('#');
    const auto words = comment == std::string_view::npos ? std::string_view() : row.substr(comment);
    cables_.push_back({static_cast<std::int32_t>(nodes_.size()) - 1, std::string(*name), speed_of(words), line});
    return {};
  }

  Status connect() {
    for (const Cable& cable : cables_) {
      const auto found = numbers_.find(cable.other);
      if (found == numbers_.end()) return at(cable.line, fmt::format("there is no node {}", cable.other.substr(0, 64)));
      links_.push_back({cable.one, found->second, cable.GBps});
    }
    return {};
  }

  int find_tiers() {
    int tiers = 0;
    for (int tier = 1; tier <= kMostTiers; ++tier) {
      for (const Link& link : links_) {
        Node& one = nodes_[static_cast<std::size_t>(link.one)];
        Node& other = nodes_[static_cast<std::size_t>(link.other)];
        const auto reach = [&](const Node& from, Node& to) {
          const bool from_here = from.is_switch ? from.tier == tier - 1 && tier > 1 : tier == 1;
          if (!to.is_switch || to.tier != 0 || !from_here) return;
          to.tier = tier;
          tiers = tier;
        };
        reach(one, other);
        reach(other, one);
      }
      if (tiers < tier) break;
    }
    return tiers;
  }

  // Union-find over hosts and the switches of this tier and those below it.
  std::vector<std::int32_t> components(int tier) const {
    std::vector<std::int32_t> parent(nodes_.size());
    std::iota(parent.begin(), parent.end(), 0);
    const auto root = [&](std::int32_t node) {
      while (parent[static_cast<std::size_t>(node)] != node) {
        auto& up = parent[static_cast<std::size_t>(node)];
        up = parent[static_cast<std::size_t>(up)];
        node = up;
      }
      return node;
    };
    const auto join = [&](std::int32_t one, std::int32_t other) {
      parent[static_cast<std::size_t>(root(one))] = root(other);
    };
    std::map<std::int32_t, std::int32_t> first;  // all adapters of a host hang together
    for (const auto& [node, host] : host_of_) join(node, first.try_emplace(host, node).first->second);
    for (const Link& link : links_) {
      if (nodes_[static_cast<std::size_t>(link.one)].tier <= tier &&
          nodes_[static_cast<std::size_t>(link.other)].tier <= tier)
        join(link.one, link.other);
    }
    std::vector<std::int32_t> groups(nodes_.size());
    for (std::size_t node = 0; node < groups.size(); ++node) groups[node] = root(static_cast<std::int32_t>(node));
    return groups;
  }

  void add_level(int tier, Grouping& grouping) const {
    Grouping::Level level;
    level.name = tier == 1 ? "leaf" : fmt::format("tier-{}", tier);
    level.kind = tier == 1 ? LevelKind::single : LevelKind::clos;
    const auto groups = components(tier);
    level.group_of.resize(grouping.hosts.size());
    for (const auto& [node, host] : host_of_)
      level.group_of[static_cast<std::size_t>(host)] = groups[static_cast<std::size_t>(node)];
    if (tier > 1) level.oversubscription = oversubscription(tier);
    grouping.levels.push_back(std::move(level));
  }

  // What hosts can send into the tier below, over what leads out of it.
  [[nodiscard]] double oversubscription(int tier) const {
    double in = 0;
    double out = 0;
    for (const Link& link : links_) {
      const Node& one = nodes_[static_cast<std::size_t>(link.one)];
      const Node& other = nodes_[static_cast<std::size_t>(link.other)];
      if (one.is_switch != other.is_switch) in += link.GBps;
      if (one.is_switch && other.is_switch && one.tier + other.tier == 2 * tier - 1 &&
          std::max(one.tier, other.tier) == tier)
        out += link.GBps;
    }
    return in > 0 && out > 0 ? std::clamp(in / out, 1e-3, 1e6) : 0;
  }

  std::vector<Node> nodes_;
  std::map<std::string, std::int32_t> numbers_;
  std::map<std::int32_t, std::int32_t> host_of_;  // of an adapter
  std::vector<Cable> cables_;
  std::vector<Link> links_;
};

}  // namespace

Result<Description> import_ibnetdiscover(std::string_view text, std::int32_t ranks_per_node) {
  Net net;
  TUTTI_TRY(net.read(text));
  return describe(TUTTI_TRY(net.grouping()), ranks_per_node);
}

}  // namespace tutti::topology
