// What a simulation moves, what failures leave of a network, and what cannot be asked.
#include "sim/network.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <string>

#include "plan/way.hpp"
#include "sim/simulate.hpp"
#include "topology/fabric/described.hpp"
#include "topology/fabric/presets.hpp"

namespace tutti::sim {
namespace {

struct Cluster {
  topology::Fabric fabric;
  Shape shape;
};

Cluster preset(const char* name, std::int32_t ranks) {
  const auto description = topology::read_preset(name).value();
  auto fabric = topology::fabric_of(description, ranks).value();
  const Shape shape = shape_of(description, fabric);
  return {std::move(fabric), shape};
}

WhatIf broken(std::initializer_list<const char*> failures) {
  WhatIf what_if;
  for (const char* const failure : failures) EXPECT_TRUE(add_failure(failure, what_if)) << failure;
  return what_if;
}

double time_of(const Cluster& cluster, const WhatIf& what_if, const char* way, Chance chance = {}) {
  const auto network = Network::make(cluster.fabric, cluster.shape, {.what_if = what_if});
  EXPECT_TRUE(network) << network.error().text;
  const auto plan = plan::parse_way(way, plan::Collective::all_reduce, network->fabric().levels).value();
  const auto outcome = simulate(plan, {.bytes = 64e6, .reduce_GBps = 1e3, .copy_GBps = 1e3}, *network,
                                {.tier = chance.is_none() ? Tier::folded : Tier::unfolded, .chance = chance});
  EXPECT_TRUE(outcome) << outcome.error().text;
  return outcome->time_us;
}

std::string error_of(const Cluster& cluster, const WhatIf& what_if) {
  const auto network = Network::make(cluster.fabric, cluster.shape, {.what_if = what_if});
  return network ? "" : network.error().text;
}

TEST(Network, EveryLinkCarriesWhatTheAlgorithmSaysExactly) {
  auto fabric =
      topology::assumed_fabric(std::make_shared<const topology::Levels>(topology::Levels::parse("8x16").value()));
  const Network network = Network::make(fabric, {}, {}).value();
  const auto plan = plan::parse_way("ring>circulant", plan::Collective::all_reduce, fabric.levels).value();
  for (const Tier tier : {Tier::folded, Tier::unfolded}) {
    const auto outcome =
        simulate(plan, {.bytes = 128e6, .reduce_GBps = 1e3, .copy_GBps = 1e3}, network, {.tier = tier});
    ASSERT_TRUE(outcome);
    // Each rank sends 2 (8-1)/8 of the vector inside, and 2 (16-1)/16 of its eighth between nodes.
    EXPECT_NEAR(outcome->most_bytes[0], 2 * 7.0 / 8 * 128e6, 1);
    EXPECT_NEAR(outcome->most_bytes[1], 2 * 15.0 / 16 * 16e6, 1);
    EXPECT_NEAR(outcome->bytes_by_level[0], 128 * 2 * 7.0 / 8 * 128e6, 128);
    EXPECT_NEAR(outcome->bytes_by_level[1], 128 * 2 * 15.0 / 16 * 16e6, 128);
  }
}

TEST(Network, ALostNicIsSharedAndALostPlaneIsHalfTheBandwidth) {
  const Cluster cluster = preset("alibaba-hpn7", 256);
  const char* const way = "circulant>circulant";
  const double whole = time_of(cluster, {}, way);
  for (const char* const failure : {"nic:3", "rail:3", "leaf:3", "plane:0"}) {
    const double broken_time = time_of(cluster, broken({failure}), way);
    EXPECT_GT(broken_time, whole * 1.05) << failure;
    EXPECT_LT(broken_time, whole * 2) << failure;
  }
}

TEST(Network, StragglersAndChanceSlowEverybodyDownAndFollowFromTheSeed) {
  const Cluster cluster = preset("dgx-superpod-h100", 64);
  const char* const way = "circulant>circulant";
  const double whole = time_of(cluster, {}, way);
  WhatIf slow;
  ASSERT_TRUE(add_straggler("5:2", slow));
  EXPECT_GT(time_of(cluster, slow, way), whole * 1.2);
  EXPECT_GE(time_of(cluster, {}, way, {.skew_us = 50}), whole);
  EXPECT_GT(time_of(cluster, {}, way, {.noise = 1}), whole);
  EXPECT_EQ(time_of(cluster, {}, way, {.noise = 1, .seed = 4}), time_of(cluster, {}, way, {.noise = 1, .seed = 4}));
  EXPECT_NE(time_of(cluster, {}, way, {.noise = 1, .seed = 4}), time_of(cluster, {}, way, {.noise = 1, .seed = 5}));
}

TEST(Network, CollisionsOfEcmpCostTime) {
  const Cluster cluster = preset("dgx-superpod-h100", 1024);
  const auto time_with = [&](Routing routing) {
    const Network network = Network::make(cluster.fabric, cluster.shape, {.routing = routing}).value();
    const auto plan = plan::parse_way("circulant", plan::Collective::all_reduce, cluster.fabric.levels).value();
    return simulate(plan, {.bytes = 256e6, .reduce_GBps = 1e3, .copy_GBps = 1e3}, network, {}).value().time_us;
  };
  EXPECT_GT(time_with(Routing::ecmp), time_with(Routing::ideal) * 1.2);
  EXPECT_NEAR(time_with(Routing::adaptive), time_with(Routing::ideal), time_with(Routing::ideal) * 0.2);
}

TEST(Network, NodesThatAreGoneLeaveRaggedLevels) {
  const Cluster cluster = preset("dgx-superpod-h100", 1024);
  const auto left = without_nodes(cluster.fabric, cluster.shape.node_levels, {0, 33});
  ASSERT_TRUE(left) << left.error().text;
  EXPECT_EQ(left->ranks(), 1024 - 16);
  EXPECT_EQ(left->levels->group(1, 0).size, 31);
  EXPECT_EQ(left->levels->group(1, 2).size, 32);
  EXPECT_FALSE(without_nodes(cluster.fabric, cluster.shape.node_levels, {128}));
}

TEST(Network, RefusesWhatMakesNoSenseAndSaysWhy) {
  const Cluster cluster = preset("dgx-superpod-h100", 64);
  EXPECT_NE(error_of(cluster, broken({"rail:8"})).find("there are 0 to 7"), std::string::npos);
  EXPECT_NE(error_of(cluster, broken({"plane:0"})).find("no level has more than one plane"), std::string::npos);
  EXPECT_NE(error_of(cluster, broken({"nic:64"})).find("0 to 63"), std::string::npos);
  EXPECT_NE(error_of(cluster, broken({"nic:0", "nic:1", "nic:2", "nic:3", "nic:4", "nic:5", "nic:6", "nic:7"}))
                .find("cut the fabric"),
            std::string::npos);
  const Cluster planes = preset("alibaba-hpn7", 64);
  EXPECT_NE(error_of(planes, broken({"plane:0", "plane:1"})).find("cut the fabric"), std::string::npos);
  Cluster dead = cluster;
  dead.fabric.links[1].bandwidth_GBps = 0;
  EXPECT_NE(error_of(dead, {}).find("bandwidths must be above zero"), std::string::npos);
  WhatIf what_if;
  for (const char* const text : {"", "nic", "nic:", "nic:-1", "nic:x", "cable:3", "nic:99999999999"})
    EXPECT_FALSE(add_failure(text, what_if)) << text;
  for (const char* const text : {"", "3", "3:", "3:0.5", "3:nan", "3:1e9", "x:2", "3:2x"})
    EXPECT_FALSE(add_straggler(text, what_if)) << text;
  const Network network = Network::make(cluster.fabric, cluster.shape, {}).value();
  const auto other = plan::flat_plan(*plan::find_method(plan::Collective::all_reduce, "ring"), 8);
  EXPECT_FALSE(simulate(other, {.bytes = 8}, network, {}));
  const auto plan = plan::parse_way("ring", plan::Collective::all_reduce, cluster.fabric.levels).value();
  EXPECT_FALSE(simulate(plan, {.bytes = 0x1p61}, network, {}));
  EXPECT_FALSE(simulate(plan, {.bytes = 8}, network, {.tier = Tier::folded, .chance = {.noise = 1}}));
}

TEST(Network, AToriOfUnitsOfDifferentSizeIsRefused) {
  const auto description = topology::read_preset("tpu-v4").value();
  const auto fabric = topology::fabric_of(description, 100).value();
  EXPECT_FALSE(Network::make(fabric, shape_of(description, fabric), {}));
}

TEST(Use, AddsUpToAllBytes) {
  auto fabric =
      topology::assumed_fabric(std::make_shared<const topology::Levels>(topology::Levels::parse("4x8").value()));
  const Network network = Network::make(fabric, {}, {}).value();
  const auto plan = plan::parse_way("circulant>ring/8", plan::Collective::all_reduce, fabric.levels);
  ASSERT_FALSE(plan);  // segments are no part of a way
  auto ring = plan::parse_way("circulant>ring", plan::Collective::all_reduce, fabric.levels).value();
  ring.segments = 8;
  const auto outcome =
      simulate(ring, {.bytes = 64e6, .reduce_GBps = 1e3, .copy_GBps = 1e3}, network, {.use = true}).value();
  const auto& use = outcome.use;
  ASSERT_GT(use.at_us.size(), 100U);
  for (std::size_t level = 0; level < 2; ++level) {
    double bytes = 0;
    for (std::size_t i = 0; i < use.at_us.size(); ++i) {
      const double end = i + 1 < use.at_us.size() ? use.at_us[i + 1] : outcome.time_us;
      bytes += use.GBps[level][i] * 1e3 * (end - use.at_us[i]);
    }
    EXPECT_NEAR(bytes, outcome.bytes_by_level[level], outcome.bytes_by_level[level] * 1e-6);
  }
}

}  // namespace
}  // namespace tutti::sim
