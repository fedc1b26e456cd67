#include "tools/world/world.hpp"

#include <fmt/format.h>

namespace tutti::world {
namespace {

using topology::Levels;

std::string assumed_levels(std::int64_t ranks) {
  if (ranks <= kSupernode) return std::to_string(ranks);
  const std::int64_t supernodes = ranks / kSupernode;
  const std::int64_t rest = ranks % kSupernode;
  if (rest == 0) return fmt::format("{}x{}", kSupernode, supernodes);
  return fmt::format("{}*{}+{}", kSupernode, supernodes, rest);
}

std::string assumption(std::int64_t ranks) {
  if (ranks <= kSupernode) return "one level is assumed: --levels says otherwise";
  const std::int64_t rest = ranks % kSupernode;
  return fmt::format("supernodes of {} ranks are assumed{}: --levels says otherwise", kSupernode,
                     rest == 0 ? std::string() : fmt::format(", the last one with {}", rest));
}

}  // namespace

Result<World> make_world(std::int64_t ranks, const std::string& levels) {
  if (ranks == 0 && levels.empty())
    return Error{Code::invalid_argument, "say how many ranks: --ranks N or --levels 8x32"};
  World world;
  world.levels = levels.empty() ? assumed_levels(ranks) : levels;
  auto parsed = Levels::parse(world.levels);
  if (!parsed) return std::move(parsed).error().within(levels.empty() ? "--ranks" : fmt::format("--levels {}", levels));
  if (ranks != 0 && parsed->ranks() != ranks) {
    return Error{Code::invalid_argument,
                 fmt::format("--levels {} are {} ranks, but --ranks says {}", levels, parsed->ranks(), ranks)};
  }
  world.fabric = topology::assumed_fabric(std::make_shared<const Levels>(std::move(*parsed)));
  world.name = fmt::format("{}", to_string(world.fabric.provenance));
  if (levels.empty()) world.assumption = assumption(ranks);
  return world;
}

std::string describe_links(const topology::Fabric& fabric) {
  std::string text;
  const Levels& levels = *fabric.levels;
  for (int level = 0; level < levels.depth(); ++level) {
    const topology::Link& link = fabric.link(level);
    const std::string size = levels.regular(level) ? std::to_string(levels.width(level))
                                                   : fmt::format("{} to {}", levels.least(level), levels.width(level));
    text += fmt::format("  level {}  {:>6} group{} of {} {}; {:g} GB/s a rank, {:g} us, {:g} us a message ({})\n",
                        level, levels.groups(level), levels.groups(level) == 1 ? " " : "s", size,
                        level == 0 ? "ranks" : fmt::format("groups of level {}", level - 1), link.bandwidth_GBps,
                        link.latency_us, link.overhead_us, to_string(fabric.provenance));
  }
  return text;
}

}  // namespace tutti::world
