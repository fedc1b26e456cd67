// The same messages in the same order of events, as flows of SimGrid's: another library's max-min sharing must come to
// the same time. SimGrid has no processors as ours are, so that only latencies and bandwidths are compared; its shares
// depend on latencies, so that all messages have the same one.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <simgrid/s4u.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "plan/way.hpp"
#include "sim/ensemble.hpp"
#include "sim/simulate.hpp"

namespace tutti::sim {
namespace {

namespace s4u = simgrid::s4u;

constexpr double kLatencyUs = 2;
constexpr double kGBps = 1e9;

// SimGrid's engine is one a process: each question gets a process of its own.
double in_a_child(const std::function<double()>& ask) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    double answer = -1;
    try {
      answer = ask();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "SimGrid: %s\n", error.what());
    }
    const bool told = ::write(ends[1], &answer, sizeof answer) == sizeof answer;
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  double answer = -1;
  EXPECT_EQ(::read(ends[0], &answer, sizeof answer), static_cast<ssize_t>(sizeof answer));
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return answer;
}

// Flows, and nothing of TCP. Not SimGrid's lazy updates: with them two flows of those that share a link may end as if
// there were no others.
void configure() {
  for (const char* const setting : {"network/model:CM02", "network/latency-factor:1", "network/bandwidth-factor:1",
                                    "network/weight-S:0", "network/TCP-gamma:0", "network/crosstraffic:0",
                                    "network/optim:Full", "surf/precision:1e-9", "maxmin/precision:1e-9"})
    s4u::Engine::set_config(setting);
}

// Which messages must be over before a message begins: what its two ends wait for, however many steps lie between.
class Causes {
 public:
  explicit Causes(const Ensemble& ensemble) : ensemble_(ensemble), causes_(ensemble.tasks()) {}

  // By the number of the sender's task.
  std::vector<std::vector<std::size_t>> of_messages() {
    for (const Player& player : ensemble_.players()) follow(player);
    std::vector<std::vector<std::size_t>> all(ensemble_.tasks());
    for (const Player& player : ensemble_.players()) {
      const TaskList& list = ensemble_.list_of(player);
      for (std::uint32_t task = 0; task < list.size(); ++task) {
        if (list.tasks[task].kind != Task::Kind::send) continue;
        auto& causes = all[player.first + task];
        causes = causes_[player.first + task];
        const Match match = ensemble_.match(player.first + task);
        const auto& others = causes_[ensemble_.players()[match.player].first + match.task];
        causes.insert(causes.end(), others.begin(), others.end());
        unite(causes);
      }
    }
    return all;
  }

 private:
  static void unite(std::vector<std::size_t>& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }

  // Tasks are in an order in which everything comes after what it waits for.
  void follow(const Player& player) {
    const TaskList& list = ensemble_.list_of(player);
    for (std::uint32_t task = 0; task < list.size(); ++task) {
      auto& own = causes_[player.first + task];
      unite(own);
      const Task::Kind kind = list.tasks[task].kind;
      const bool is_message = kind == Task::Kind::send || kind == Task::Kind::recv;
      const Match match = is_message ? ensemble_.match(player.first + task) : Match{};
      const std::size_t message =
          kind == Task::Kind::recv ? ensemble_.players()[match.player].first + match.task : player.first + task;
      for (std::uint32_t e = list.tasks[task].successors; e < list.tasks[task + 1].successors; ++e) {
        auto& next = causes_[player.first + list.edges[e].step];
        if (is_message && list.edges[e].when_posted == 0) {
          next.push_back(message);
        } else {
          next.insert(next.end(), own.begin(), own.end());
        }
      }
    }
  }

  const Ensemble& ensemble_;
  std::vector<std::vector<std::size_t>> causes_;  // messages that must be over before the task is posted
};

double run_in_simgrid(const Ensemble& ensemble, const std::vector<s4u::Host*>& hosts) {
  const auto causes = Causes(ensemble).of_messages();
  std::vector<s4u::CommPtr> comms(ensemble.tasks());
  for (const Player& player : ensemble.players()) {
    const TaskList& list = ensemble.list_of(player);
    for (std::uint32_t task = 0; task < list.size(); ++task) {
      if (list.tasks[task].kind != Task::Kind::send) continue;
      auto comm = s4u::Comm::sendto_init(hosts[static_cast<std::size_t>(player.position)],
                                         hosts[static_cast<std::size_t>(ensemble.peer(player.first + task))]);
      comm->set_payload_size(static_cast<std::uint64_t>(list.tasks[task].bytes));
      comms[player.first + task] = comm;
    }
  }
  for (std::size_t message = 0; message < comms.size(); ++message) {
    if (comms[message] == nullptr) continue;
    for (const std::size_t cause : causes[message]) comms[cause]->add_successor(comms[message]);
  }
  for (const auto& comm : comms) {
    if (comm != nullptr) comm->vetoable_start();
  }
  s4u::Engine::get_instance()->run();
  return s4u::Engine::get_clock() * 1e6;
}

// Hosts with the links and routes of the network, for those that talk: how links are shared, and when, is SimGrid's.
// Ports carry the latency, half at each end.
std::vector<s4u::Host*> make_routed(const Network& network, const Ensemble& ensemble) {
  s4u::NetZone* const zone = s4u::create_full_zone("world");
  std::vector<s4u::Host*> hosts;
  for (Position p = 0; p < network.ranks(); ++p)
    hosts.push_back(zone->create_host("host " + std::to_string(p), 1e9)->seal());
  std::map<LinkId, s4u::Link*> links;
  std::set<std::pair<Position, Position>> known;
  std::vector<Network::Hop> hops;
  for (const Player& player : ensemble.players()) {
    const TaskList& list = ensemble.list_of(player);
    for (std::uint32_t task = 0; task < list.size(); ++task) {
      const Position peer = ensemble.peer(player.first + task);
      if (list.tasks[task].kind != Task::Kind::send || !known.emplace(player.position, peer).second) continue;
      network.route(player.position, peer, hops);
      std::vector<s4u::LinkInRoute> route;
      for (const Network::Hop& hop : hops) {
        auto& link = links[hop.link];
        if (link == nullptr) {
          const bool port = network.place_of(hop.link).level < 0;
          link = zone->create_link("link " + std::to_string(hop.link), network.capacity(hop.link) * 1e6);
          link->set_latency(port ? kLatencyUs / 2 * 1e-6 : 0)->seal();
        }
        route.emplace_back(link);
      }
      zone->add_route(hosts[static_cast<std::size_t>(player.position)]->get_netpoint(),
                      hosts[static_cast<std::size_t>(peer)]->get_netpoint(), nullptr, nullptr, route, false);
    }
  }
  zone->seal();
  return hosts;
}

// SimGrid's own torus, with its own routes.
std::vector<s4u::Host*> make_torus(const Network& network, const Ensemble&) {
  const topology::Fabric& fabric = network.fabric();
  std::vector<unsigned long> dimensions;
  for (int level = 0; level < fabric.levels->depth(); ++level)
    dimensions.push_back(static_cast<unsigned long>(fabric.levels->width(level)));
  std::vector<s4u::Host*> hosts(static_cast<std::size_t>(fabric.ranks()));
  const s4u::ClusterCallbacks callbacks(
      [&](s4u::NetZone* zone, const std::vector<unsigned long>&,
          unsigned long id) -> std::pair<simgrid::kernel::routing::NetPoint*, simgrid::kernel::routing::NetPoint*> {
        hosts[id] = zone->create_host("host " + std::to_string(id), 1e9)->seal();
        return {hosts[id]->get_netpoint(), nullptr};
      });
  s4u::create_torus_zone("torus", nullptr, dimensions, callbacks, fabric.link(0).bandwidth_GBps / 2 * kGBps, 0,
                         s4u::Link::SharingPolicy::SPLITDUPLEX)
      ->seal();
  return hosts;
}

using Platform = std::vector<s4u::Host*> (*)(const Network&, const Ensemble&);

void expect_agreement(const topology::Fabric& fabric, const Shape& shape, Platform platform,
                      plan::Collective collective, const std::string& way) {
  plan::Plan plan = plan::parse_way(way, collective, fabric.levels).value();
  const Network network = Network::make(fabric, shape, {}).value();
  const Call call{.bytes = 1e6 * fabric.ranks(), .reduce_GBps = 1e12, .copy_GBps = 1e12};
  const auto ours = simulate(plan, call, network, {.tier = Tier::unfolded});
  ASSERT_TRUE(ours) << ours.error().text;
  const auto ensemble = Ensemble::make(plan, call, network, {.tier = Tier::unfolded});
  ASSERT_TRUE(ensemble) << ensemble.error().text;
  const double theirs = in_a_child([&] {
    int argc = 1;
    std::string name = "oracle";
    std::array<char*, 2> argv{name.data(), nullptr};
    const s4u::Engine engine(&argc, argv.data());
    configure();
    return run_in_simgrid(*ensemble, platform(network, *ensemble));
  });
  EXPECT_NEAR(ours->time_us / theirs, 1, 1e-3)
      << describe(plan) << ": ours " << ours->time_us << " us, SimGrid's " << theirs << " us";
}

topology::Fabric fabric_with(const char* levels, double latency_us, const std::vector<double>& oversubscription) {
  auto fabric =
      topology::assumed_fabric(std::make_shared<const topology::Levels>(topology::Levels::parse(levels).value()));
  for (std::size_t level = 0; level < fabric.links.size(); ++level) {
    fabric.links[level] = {.latency_us = latency_us, .overhead_us = 0, .bandwidth_GBps = 50, .port = 0};
    if (level > 0 && oversubscription[level - 1] > 1) {
      fabric.links[level].uplink_GBps =
          50 * fabric.ranks_in_unit(static_cast<int>(level)) / oversubscription[level - 1];
    }
  }
  return fabric;
}

constexpr auto kAllReduce = plan::Collective::all_reduce;
constexpr auto kAllToAll = plan::Collective::all_to_all;

TEST(SimGrid, AgreesOnFatTrees) {
  for (const char* const way : {"circulant", "circulant>circulant>circulant", "two_shot>ring>tree"})
    expect_agreement(fabric_with("8x4x4", kLatencyUs, {1, 2}), {}, make_routed, kAllReduce, way);
  expect_agreement(fabric_with("8x8x4", kLatencyUs, {1.067, 7}), {}, make_routed, kAllReduce, "rabenseifner");
  expect_agreement(fabric_with("4x8", kLatencyUs, {4}), {}, make_routed, kAllToAll, "direct");
}

TEST(SimGrid, AgreesOnFatTreesOf1024Ranks) {
  expect_agreement(fabric_with("8x16x8", kLatencyUs, {1, 7}), {}, make_routed, kAllReduce, "circulant");
  expect_agreement(fabric_with("8x16x8", kLatencyUs, {1, 7}), {}, make_routed, kAllReduce,
                   "two_shot>circulant>recursive_doubling");
}

TEST(SimGrid, AgreesOnRaggedTrees) {
  expect_agreement(fabric_with("8*3+5x3+1", kLatencyUs, {1, 3}), {}, make_routed, kAllReduce, "circulant");
}

TEST(SimGrid, AgreesOnTaperedDragonflies) {
  expect_agreement(fabric_with("4x8x9", kLatencyUs, {1, 2}), {}, make_routed, kAllReduce, "circulant");
  expect_agreement(fabric_with("4x16x16", kLatencyUs, {1.5, 4}), {}, make_routed, kAllReduce, "bruck");
}

TEST(SimGrid, AgreesOnToriWithItsOwnRoutes) {
  const LevelShape line{.kind = topology::LevelKind::torus};
  const Shape torus{.levels = {line, line, line}};
  expect_agreement(fabric_with("5x5x5", 0, {1, 1}), torus, make_torus, kAllReduce, "circulant");
  expect_agreement(fabric_with("5x3x7", 0, {1, 1}), torus, make_torus, kAllReduce, "bucket");
  expect_agreement(fabric_with("5x3x3", 0, {1, 1}), torus, make_torus, kAllToAll, "direct");
  expect_agreement(fabric_with("9x9x11", 0, {1, 1}), torus, make_torus, kAllReduce, "circulant>circulant>circulant");
}

}  // namespace
}  // namespace tutti::sim
