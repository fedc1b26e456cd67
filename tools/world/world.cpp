#include "tools/world/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "base/bytes.hpp"
#include "topology/fabric/described.hpp"
#include "topology/fabric/measured.hpp"
#include "topology/fabric/presets.hpp"

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

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

World world_here(const ClusterWords& words) {
  World world;
  world.levels = std::to_string(words.ranks);
  topology::Links links;
  links.cores = words.cores;
  world.fabric = topology::fabric_of(topology::Layout::regular(1, static_cast<std::int32_t>(words.ranks)), links);
  world.name = "here";
  world.assumption = fmt::format(
      "a job on this machine, whose {} cores its ranks may use: --levels asks about a cluster", words.cores);
  return world;
}

// Nobody has seen the processors and transports of a cluster that is asked about: its levels must do.
Status take_measured(const ClusterWords& words, World& world) {
  const Levels& levels = *world.fabric.levels;
  const bool may_miss = words.tuning.sites.empty();
  std::string others;
  for (const plan::TunedSite& one : may_miss ? words.known.sites : words.tuning.sites) {
    const bool fits = one.site.ranks == levels.ranks() && one.site.levels == levels.describe();
    if (fits && (!may_miss || (one.site.cores == words.cores && one.site.nodes == 1))) {
      world.tuned = one;
      break;
    }
    others += (others.empty() ? "" : "; ") + one.site.describe();
  }
  if (!world.tuned) {
    if (may_miss) return {};
    return wrong(fmt::format("--tuning: nothing was measured on {} ranks, {}, but on: {}", levels.ranks(),
                             levels.describe(), others));
  }
  if (!world.tuned->links) return {};
  auto fabric = topology::with_measured(std::move(world.fabric), *world.tuned->links);
  if (!fabric) return std::move(fabric).error().within("--tuning");
  world.fabric = std::move(fabric).value();
  world.description.reset();  // of numbers that do not count any longer
  if (words.cores == 0) world.assumption.clear();
  return {};
}

Result<World> assumed_world(const ClusterWords& words) {
  const std::int64_t ranks = words.ranks;
  const std::string& levels = words.levels;
  World world;
  world.levels = levels.empty() ? assumed_levels(ranks) : levels;
  auto parsed = Levels::parse(world.levels);
  if (!parsed) return std::move(parsed).error().within(levels.empty() ? "--ranks" : fmt::format("--levels {}", levels));
  if (ranks != 0 && parsed->ranks() != ranks)
    return wrong(fmt::format("--levels {} are {} ranks, but --ranks says {}", levels, parsed->ranks(), ranks));
  world.fabric = topology::assumed_fabric(std::make_shared<const Levels>(std::move(*parsed)));
  world.name = fmt::format("{}", to_string(world.fabric.provenance));
  if (levels.empty()) world.assumption = assumption(ranks);
  return world;
}

// What Levels::parse makes the same levels of.
std::string words_of(const Levels& levels) {
  std::string text;
  for (int level = 0; level < levels.depth(); ++level) {
    std::string runs;
    for (const topology::GroupRun& run : levels.runs(level)) {
      runs += fmt::format("{}{}{}", runs.empty() ? "" : "+", run.size,
                          levels.regular() ? "" : fmt::format("*{}", run.groups));
    }
    text += (level > 0 ? "x" : "") + runs;
  }
  return text;
}

Result<World> described_world(topology::Description description, std::int64_t ranks) {
  World world;
  world.fabric = TUTTI_TRY(topology::fabric_of(description, static_cast<std::int32_t>(ranks)));
  world.levels = words_of(*world.fabric.levels);
  world.name = description.name;
  world.description = std::move(description);
  return world;
}

constexpr const char* kEverywhere = "each rank";  // of numbers that belong to no level
constexpr std::size_t kMostBytes = std::size_t{16} << 20;

}  // namespace

Result<std::string> text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 4096> piece{};
  while (text.size() <= kMostBytes && (file.read(piece.data(), piece.size()), file.gcount() > 0))
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostBytes) return wrong(fmt::format("{} has more than {} bytes", path, kMostBytes));
  if (!file.eof()) return Error{Code::system, fmt::format("cannot read {}", path)};
  return text;
}

namespace {

Result<World> world_without_measurements(const ClusterWords& words) {
  const int said = (words.levels.empty() ? 0 : 1) + (words.preset.empty() ? 0 : 1) + (words.fabric.empty() ? 0 : 1);
  if (said > 1) return wrong("--levels, --preset and --fabric each describe the cluster: give one of them");
  if (!words.preset.empty()) return described_world(TUTTI_TRY(topology::read_preset(words.preset)), words.ranks);
  if (!words.fabric.empty()) {
    auto description = topology::read_description(TUTTI_TRY(text_of(words.fabric)));
    if (!description) return std::move(description).error().within(words.fabric);
    return described_world(std::move(*description), words.ranks);
  }
  if (said == 0 && words.ranks == 0) return wrong("say how many ranks: --ranks N, --levels 8x32 or --preset NAME");
  return words.cores > 0 && said == 0 ? world_here(words) : assumed_world(words);
}

}  // namespace

Result<World> make_world(const ClusterWords& words) {
  World world = TUTTI_TRY(world_without_measurements(words));
  TUTTI_TRY(take_measured(words, world));
  return world;
}

namespace {

// What bytes cost where processors move them: a column a size.
std::string describe_messages(const topology::Link& link) {
  if (!link.is_moved_by_processors()) return {};
  std::string sizes = "           us beyond that, of messages with";
  std::string ordinary = fmt::format("{:<{}}", "             in any memory", sizes.size());
  std::string windows = fmt::format("{:<{}}", "             in windows", sizes.size());
  for (std::size_t i = 0; i < topology::MessageTimes::kSizes; i += 2) {
    const auto bytes = static_cast<std::uint64_t>(topology::MessageTimes::kBytes[i]);
    sizes += fmt::format(" {:>7}", to_string(Bytes{bytes}));
    ordinary += fmt::format(" {:>7.3g}", link.exchange.us[i]);
    windows += fmt::format(" {:>7.3g}", link.window.us[i]);
  }
  return fmt::format("{} bytes\n{}\n{}", sizes, ordinary, link.window.empty() ? std::string() : windows + "\n");
}

}  // namespace

std::string describe_links(const topology::Fabric& fabric) {
  std::string text;
  const Levels& levels = *fabric.levels;
  std::size_t widest = 0;
  for (const auto& origin : fabric.origins) widest = std::max(widest, origin.name.size());
  for (int level = 0; level < levels.depth(); ++level) {
    const topology::Link& link = fabric.link(level);
    const std::string size = levels.regular(level) ? std::to_string(levels.width(level))
                                                   : fmt::format("{} to {}", levels.least(level), levels.width(level));
    const std::string name = fabric.origins.empty()
                                 ? ""
                                 : fmt::format("{:<{}}", fabric.origins[static_cast<std::size_t>(level)].name, widest);
    text +=
        fmt::format("  level {}  {}{:>6} group{} of {} {}; {:.3g} GB/s a rank, {:.3g} us, {:.3g} us a message ({})\n",
                    level, name, levels.groups(level), levels.groups(level) == 1 ? " " : "s", size,
                    level == 0 ? "ranks" : fmt::format("groups of level {}", level - 1), link.bandwidth_GBps,
                    link.latency_us, link.overhead_us, to_string(fabric.provenance_of(level)));
    text += describe_messages(link);
    const double together = link.bandwidth_GBps * fabric.ranks_in_unit(level);
    if (fabric.uplink_GBps(level) < together) {
      text +=
          fmt::format("           {:g} GB/s out of each unit for {:g} ranks: {:.3g} times less than they can send\n",
                      fabric.uplink_GBps(level), fabric.ranks_in_unit(level), together / fabric.uplink_GBps(level));
    }
  }
  return text;
}

std::vector<topology::NamedQuantity> assumed_in(const World& world) {
  std::vector<topology::NamedQuantity> all;
  if (!world.description) return all;
  for (const topology::NamedQuantity& named : topology::quantities_of(*world.description)) {
    const bool used = named.what != "planes" && named.what != "rails";
    if (used && named.quantity->provenance == topology::Provenance::assumed) all.push_back(named);
  }
  return all;
}

std::string describe_assumed(const World& world) {
  std::string text;
  std::string level;
  std::size_t widest = std::string_view(kEverywhere).size();
  for (const topology::NamedQuantity& named : assumed_in(world)) widest = std::max(widest, named.where.size());
  for (const topology::NamedQuantity& named : assumed_in(world)) {
    if (text.empty()) text = "  this rests on numbers that are assumed:\n";
    const std::string where = named.where.empty() ? kEverywhere : named.where;
    text += fmt::format("    {:<{}}  {} {:g}: {}\n", where == level ? "" : where, widest, named.what,
                        named.quantity->value, named.quantity->source);
    level = where;
  }
  return text;
}

}  // namespace tutti::world
