#include "sim/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/cost/footprint.hpp"

namespace tutti::sim {
namespace {

using topology::LevelKind;

constexpr double kBytesPerMicrosecond = 1e3;  // of one GB/s
constexpr std::int32_t kMostPaths = 4096;     // parallel uplinks that are told apart

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

bool groups_nothing(const std::vector<topology::GroupRun>& runs) {
  return std::ranges::all_of(runs, [](const topology::GroupRun& run) { return run.size == 1; });
}

}  // namespace

Shape shape_of(const topology::Description& description, const topology::Fabric& fabric) {
  Shape shape;
  for (std::size_t i = 0; i < description.levels.size(); ++i) {
    const auto& level = description.levels[i];
    const auto of_name = [&](const topology::Fabric::Origin& origin) { return origin.name == level.name; };
    if (groups_nothing(level.runs) || std::ranges::none_of(fabric.origins, of_name)) continue;
    shape.levels.push_back({.kind = level.kind,
                            .planes = static_cast<std::int32_t>(level.planes.value),
                            .rails = static_cast<std::int32_t>(level.rails.value)});
    if (i < description.node_levels) ++shape.node_levels;
  }
  return shape;
}

Network::Network(topology::Fabric fabric, Shape shape, Options options)
    : fabric_(std::move(fabric)), shape_(std::move(shape)), options_(std::move(options)) {
  shape_.levels.resize(static_cast<std::size_t>(levels().depth()));
}

Result<Network> Network::make(topology::Fabric fabric, Shape shape, Options options) {
  Network network(std::move(fabric), std::move(shape), std::move(options));
  TUTTI_TRY(network.lose_planes());
  TUTTI_TRY(network.check_bandwidths());
  TUTTI_TRY(network.check_wires());
  network.number_links();
  TUTTI_TRY(network.take_failures());
  return network;
}

Status Network::check_bandwidths() const {
  for (int level = 0; level < levels().depth(); ++level) {
    const topology::Link& link = fabric_.link(level);
    const bool possible = std::isfinite(link.bandwidth_GBps) && link.bandwidth_GBps > 0 &&
                          std::isfinite(link.uplink_GBps) && link.uplink_GBps >= 0 && std::isfinite(link.latency_us) &&
                          link.latency_us >= 0 && std::isfinite(link.overhead_us) && link.overhead_us >= 0;
    if (!possible) {
      return wrong(
          fmt::format("level {} has {} GB/s, {} GB/s out of a unit, {} us, {} us a message: bandwidths must be "
                      "above zero and times not below it",
                      level, link.bandwidth_GBps, link.uplink_GBps, link.latency_us, link.overhead_us));
    }
  }
  if (!(fabric_.reduce_GBps > 0) || !(fabric_.copy_GBps > 0))
    return wrong("ranks that reduce or copy nothing: reduce_GBps and copy_GBps must be above zero");
  return {};
}

Status Network::check_wires() const {
  for (int level = 1; level < levels().depth(); ++level) {
    if (is_wired(level) && !levels().regular(level - 1))
      return wrong(fmt::format("level {} is a ring or torus of units of different size: ask for whole ones ({})", level,
                               levels().describe()));
  }
  return {};
}

bool Network::is_wired(int level) const {
  const LevelKind kind = shape_.levels[static_cast<std::size_t>(level)].kind;
  return kind == LevelKind::torus || kind == LevelKind::ring;
}

std::int32_t Network::unit(int level, Position position) const {
  const LevelLinks& links = level_links_[static_cast<std::size_t>(level)];
  return links.stride > 0 ? position / links.stride : links.unit_of[static_cast<std::size_t>(position)];
}

int Network::meeting_level(Position one, Position other) const {
  const int depth = levels().depth();
  for (int level = 1; level < depth; ++level) {
    if (unit(level, one) == unit(level, other)) return level - 1;
  }
  return depth - 1;
}

// What leads out of a unit counts if its ranks can send more, or if messages must choose one of several uplinks.
void Network::number_links() {
  const int depth = levels().depth();
  const auto ranks = static_cast<LinkId>(this->ranks());
  port_GBps_.clear();
  port_is_core_.clear();
  for (const topology::Link& link : fabric_.links) {
    ports_ = std::max(ports_, link.port + 1);
    port_GBps_.resize(static_cast<std::size_t>(ports_), 0);
    auto& widest = port_GBps_[static_cast<std::size_t>(link.port)];
    widest = std::max(widest, link.bandwidth_GBps);
    port_is_core_.resize(static_cast<std::size_t>(ports_), true);
    if (!link.is_moved_by_processors()) port_is_core_[static_cast<std::size_t>(link.port)] = false;
  }
  links_ = 2 * static_cast<LinkId>(ports_) * ranks;
  level_links_.assign(static_cast<std::size_t>(depth), {});
  bool regular = true;
  std::int32_t stride = 1;
  for (int level = 0; level < depth; ++level) {
    LevelLinks& its = level_links_[static_cast<std::size_t>(level)];
    const std::int32_t units = levels().units(level);
    if (regular) {
      its.stride = stride;
    } else {
      its.unit_of.resize(ranks);
      for (std::int32_t u = 0; u < units; ++u) {
        const Position first = levels().first_position(level - 1, u);
        its.first_of.push_back(first);
        for (Position p = first; p < levels().first_position(level - 1, u + 1); ++p)
          its.unit_of[static_cast<std::size_t>(p)] = u;
      }
      its.first_of.push_back(this->ranks());
    }
    regular = regular && levels().regular(level);
    stride *= levels().width(level);
    const double together = fabric_.link(level).bandwidth_GBps * fabric_.ranks_in_unit(level);
    const bool chooses = options_.routing != Routing::ideal && level > 0 &&
                         (shape_.levels[static_cast<std::size_t>(level)].kind == LevelKind::clos ||
                          shape_.levels[static_cast<std::size_t>(level)].kind == LevelKind::dragonfly);
    its.limited = !is_wired(level) && level > 0 && (chooses || fabric_.uplink_GBps(level) < together * (1 - 1e-12));
    if (chooses) {
      const double paths = std::round(fabric_.uplink_GBps(level) / fabric_.link(level).bandwidth_GBps);
      its.paths = static_cast<std::int32_t>(std::clamp<double>(paths, 1, kMostPaths));
      fixed_levels_ = its.paths > 1 ? ~0U : fixed_levels_;
    }
    its.units_first = links_;
    if (its.limited) links_ += 2 * static_cast<LinkId>(units) * static_cast<LinkId>(its.paths);
    its.wires_first = links_;
    if (is_wired(level)) links_ += 2 * ranks;
  }
}

LinkId Network::port_link(int port, int direction, Position position) const {
  return static_cast<LinkId>(port * 2 + direction) * static_cast<LinkId>(ranks()) + static_cast<LinkId>(position);
}

LinkId Network::unit_link(int level, int direction, std::int32_t unit, std::int32_t path) const {
  const LevelLinks& its = level_links_[static_cast<std::size_t>(level)];
  const auto units = static_cast<LinkId>(levels().units(level));
  return its.units_first +
         (static_cast<LinkId>(direction) * units + static_cast<LinkId>(unit)) * static_cast<LinkId>(its.paths) +
         static_cast<LinkId>(path);
}

double Network::unit_capacity(int level) const {
  return fabric_.uplink_GBps(level) / level_links_[static_cast<std::size_t>(level)].paths * kBytesPerMicrosecond;
}

Network::Place Network::place_of(LinkId link) const {
  const auto ranks = static_cast<LinkId>(this->ranks());
  if (link < 2 * static_cast<LinkId>(ports_) * ranks) {
    return {.level = -1, .kind = static_cast<int>(link / ranks), .first = static_cast<Position>(link % ranks)};
  }
  int level = levels().depth() - 1;
  while (link < level_links_[static_cast<std::size_t>(level)].units_first) --level;
  const LevelLinks& its = level_links_[static_cast<std::size_t>(level)];
  if (is_wired(level)) {
    const LinkId wire = link - its.wires_first;
    return {.level = level, .kind = 2 + static_cast<int>(wire / ranks), .first = static_cast<Position>(wire % ranks)};
  }
  const LinkId number = link - its.units_first;
  const auto units = static_cast<LinkId>(levels().units(level));
  const auto paths = static_cast<LinkId>(its.paths);
  const auto unit = static_cast<std::int32_t>(number / paths % units);
  const Position first = its.stride > 0 ? unit * its.stride : its.first_of[static_cast<std::size_t>(unit)];
  const Position end = its.stride > 0 ? first + its.stride : its.first_of[static_cast<std::size_t>(unit) + 1];
  return {.level = level,
          .kind = static_cast<int>(number / paths / units),
          .path = static_cast<std::int32_t>(number % paths),
          .first = first,
          .span = end - first};
}

LinkId Network::link_at(const Place& place) const {
  if (place.level < 0)
    return static_cast<LinkId>(place.kind) * static_cast<LinkId>(ranks()) + static_cast<LinkId>(place.first);
  if (place.kind < 2) return unit_link(place.level, place.kind, unit(place.level, place.first), place.path);
  return level_links_[static_cast<std::size_t>(place.level)].wires_first +
         static_cast<LinkId>(place.kind - 2) * static_cast<LinkId>(ranks()) + static_cast<LinkId>(place.first);
}

double Network::capacity(LinkId link) const {
  const Place place = place_of(link);
  if (place.level < 0)
    return port_GBps_[static_cast<std::size_t>(place.kind / 2)] * (is_core(place.kind / 2) ? 2 : 1) *
           kBytesPerMicrosecond / slowness(place.first);
  if (place.kind < 2) return unit_capacity(place.level);
  // A ring of two has both wires between the same ranks, and they are used together.
  const double wires = levels().width(place.level) > 2 ? 2 : 1;
  return fabric_.link(place.level).bandwidth_GBps * kBytesPerMicrosecond / wires;
}

double Network::slowness(Position position) const {
  if (slowness_.empty()) return 1;
  const auto found = slowness_.find(position);
  return found == slowness_.end() ? 1 : found->second;
}

Position Network::nic_of(Position position) const {
  if (other_nic_.empty()) return position;
  const auto found = other_nic_.find(position);
  return found == other_nic_.end() ? position : found->second;
}

double Network::latency_us(Position from, Position to) const {
  return fabric_.link(meeting_level(from, to)).latency_us;
}
double Network::overhead_us(Position from, Position to) const {
  return fabric_.link(meeting_level(from, to)).overhead_us;
}
double Network::carried_bytes(int level, double bytes, double footprint, bool in_window) const {
  const topology::Link& link = fabric_.link(level);
  return link.is_moved_by_processors()
             ? plan::bytes_us(link, bytes, footprint, in_window) * link.bandwidth_GBps * kBytesPerMicrosecond
             : bytes;
}

double Network::least_us(LinkId link, double bytes, double carried) const {
  const Place place = place_of(link);
  if (place.level >= 0 || !is_core(place.kind / 2)) return 0;
  return plan::least_part(bytes) * carried / (capacity(link) / 2);
}

std::optional<LinkId> Network::core_of(Position position) const {
  const int port = fabric_.link(0).port;
  return is_core(port) ? std::optional(port_link(port, 0, position)) : std::nullopt;
}

double Network::combine_GBps(Position from, Position to) const {
  return fabric_.link(meeting_level(from, to)).combine_GBps;
}

}  // namespace tutti::sim
