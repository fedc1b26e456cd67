// Which links a message crosses.
#include "sim/network.hpp"

namespace tutti::sim {
namespace {

// The same number for the same words, and no pattern in it (splitmix64).
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace

// By chance; or, where switches look for a free one, as places are dealt out: two of a unit share one only when there
// are fewer than places.
std::int32_t Network::path_of(int level, Position from, Position to, std::int32_t unit_number, int direction) const {
  const LevelLinks& its = level_links_[static_cast<std::size_t>(level)];
  if (its.paths == 1) return 0;
  if (options_.routing == Routing::adaptive) {
    const Position end = direction == 0 ? from : to;
    const Position first =
        its.stride > 0 ? unit_number * its.stride : its.first_of[static_cast<std::size_t>(unit_number)];
    return (end - first) % its.paths;
  }
  const std::uint64_t seed =
      mixed(options_.seed * 64 + static_cast<std::uint64_t>(level) * 2 + static_cast<std::uint64_t>(direction));
  const std::uint64_t ends = static_cast<std::uint64_t>(from) << 32U | static_cast<std::uint64_t>(to);
  return static_cast<std::int32_t>(mixed(seed ^ ends) % static_cast<std::uint64_t>(its.paths));
}

// The shorter way round; the way up in numbers if both are as long.
void Network::ring_hops(int level, int at, Position from, Position to, std::vector<Hop>& hops) const {
  const LevelLinks& its = level_links_[static_cast<std::size_t>(at)];
  const std::int32_t stride = its.stride;
  const std::int32_t here = unit(at, from);
  const auto group = levels().group_of_unit(at, here);
  const std::int32_t size = group.size;
  const std::int32_t target = (to / stride) % size;
  std::int32_t digit = here - group.first;
  const std::int32_t up = (target - digit + size) % size;
  const bool upwards = 2 * up <= size;
  Position position = from;
  for (std::int32_t steps = upwards ? up : size - up; steps > 0; --steps) {
    hops.push_back(
        {its.wires_first + (upwards ? 0U : static_cast<LinkId>(ranks())) + static_cast<LinkId>(position), level});
    const std::int32_t next = (digit + (upwards ? 1 : size - 1)) % size;
    position += (next - digit) * stride;
    digit = next;
  }
}

void Network::route(Position from, Position to, std::vector<Hop>& hops) const {
  hops.clear();
  const int level = meeting_level(from, to);
  const topology::Link& link = fabric_.link(level);
  if (is_wired(level)) {  // one dimension after the other, innermost first
    Position at = from;
    for (int dimension = 0; dimension <= level; ++dimension) {
      if (!is_wired(dimension)) continue;
      const std::int32_t stride = level_links_[static_cast<std::size_t>(dimension)].stride;
      ring_hops(level, dimension, at, to, hops);
      const std::int32_t size = levels().width(dimension);
      at += ((to / stride) % size - (at / stride) % size) * stride;
    }
    return;
  }
  const bool outside = is_outside_node(link.port);
  const Position sender = outside ? nic_of(from) : from;
  const Position receiver = outside ? nic_of(to) : to;
  hops.push_back({port_link(link.port, 0, sender), level});
  for (int at = 1; at <= level; ++at) {
    if (!level_links_[static_cast<std::size_t>(at)].limited || fabric_.link(at).port != link.port) continue;
    const std::int32_t source = unit(at, from);
    const std::int32_t target = unit(at, to);
    if (source == target) continue;
    hops.push_back({unit_link(at, 0, source, path_of(at, sender, receiver, source, 0)), level});
    hops.push_back({unit_link(at, 1, target, path_of(at, sender, receiver, target, 1)), level});
  }
  hops.push_back({port_link(link.port, is_core(link.port) ? 0 : 1, receiver), level});
}

}  // namespace tutti::sim
