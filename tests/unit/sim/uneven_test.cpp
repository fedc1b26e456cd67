// Exchanges in which some ranks get more than others.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "plan/way.hpp"
#include "sim/routing.hpp"
#include "sim/simulate.hpp"
#include "sim/uneven_exchange.hpp"

namespace tutti::sim {
namespace {

topology::Fabric fabric_of(const char* levels, double latency, double overhead) {
  topology::Fabric fabric =
      topology::assumed_fabric(std::make_shared<const topology::Levels>(*topology::Levels::parse(levels)));
  for (topology::Link& link : fabric.links) {
    link.latency_us = latency;
    link.overhead_us = overhead;
  }
  return fabric;
}

Network network_of(const char* levels, double latency, double overhead) {
  return *Network::make(fabric_of(levels, latency, overhead), {}, {});
}

TEST(UnevenExchange, OfEqualBlocksTakesAsLongAsTheSimulationOfAnAllToAll) {
  for (const char* const levels : {"4", "16", "4x4", "8x3"}) {
    const Network network = network_of(levels, 2, 0);
    const double block = 1 << 16;
    const std::vector<double> blocks(static_cast<std::size_t>(network.ranks()), block);
    for (const Uneven which : {Uneven::receivers, Uneven::senders}) {
      const auto uneven = simulate_uneven(network, blocks, which);
      ASSERT_TRUE(uneven);
      const auto plan = plan::parse_way("direct", plan::Collective::all_to_all, network.fabric().levels);
      const double all = block * network.ranks();
      const auto folded = simulate(*plan, {.bytes = all, .copy_GBps = 1e12}, network, {});
      ASSERT_TRUE(folded) << folded.error().text;
      EXPECT_NEAR(uneven->time_us / folded->time_us, 1, 1e-6) << levels;
      for (std::size_t level = 0; level < uneven->bytes_by_level.size(); ++level)
        EXPECT_NEAR(uneven->bytes_by_level[level], folded->bytes_by_level[level], 1e-6 * all * network.ranks());
    }
  }
}

TEST(UnevenExchange, IsHeldUpByTheRankThatGetsMost) {
  for (const char* const levels : {"8", "4x2"}) {
    const Network network = network_of(levels, 1, 0);
    std::vector<double> amounts(8, 1e3);
    amounts[3] = 1e6;
    const auto outcome = simulate_uneven(network, amounts, Uneven::receivers);
    ASSERT_TRUE(outcome);
    // From other nodes it comes over another port.
    const double port =
        network.fabric().link(network.levels().depth() - 1).bandwidth_GBps * 1e3;  // bytes a microsecond
    const double from_outside = network.levels().depth() > 1 ? 4e6 : 7e6;
    EXPECT_NEAR(outcome->time_us, 1 + from_outside / port, 1e-6) << levels;
    const auto back = simulate_uneven(network, amounts, Uneven::senders);
    EXPECT_NEAR(back->time_us, outcome->time_us, 1e-6) << "and the way back by the one that sends most";
    EXPECT_NEAR(back->bytes_by_level[0], outcome->bytes_by_level[0], 1);
  }
}

TEST(UnevenExchange, RanksOfANodeAreOneFlowAndTakeAsLongAsEachByItself) {
  // The same ranks and links once as nodes of four, and once as a single level in which every rank is by itself.
  std::vector<double> amounts;
  for (int i = 0; i < 16; ++i) amounts.push_back(1e5 * (1 + i % 5));
  topology::Fabric grouped = fabric_of("4x4", 1, 0);
  grouped.links[0] = grouped.links[1];  // one port, and as fast inside
  topology::Fabric flat = fabric_of("16", 1, 0);
  flat.links[0] = grouped.links[1];
  for (const Uneven which : {Uneven::receivers, Uneven::senders}) {
    const auto one = simulate_uneven(*Network::make(grouped, {}, {}), amounts, which);
    const auto other = simulate_uneven(*Network::make(flat, {}, {}), amounts, which);
    EXPECT_NEAR(one->time_us / other->time_us, 1, 0.01);
  }
}

TEST(UnevenExchange, PaysForEachMessageAtBothEnds) {
  const Network network = network_of("4", 1, 10);
  const auto outcome = simulate_uneven(network, std::vector<double>(4, 1e-9), Uneven::receivers);
  EXPECT_NEAR(outcome->time_us, 3 * 10 + 3 * 10, 1e-6) << "three go out, and then three come in";
  EXPECT_EQ(simulate_uneven(network, std::vector<double>(4, 0), Uneven::receivers)->time_us, 0);
}

TEST(UnevenExchange, OfTooManyRanksOrOtherAmountsIsRefused) {
  const Network many = network_of("1025", 1, 0);
  EXPECT_EQ(simulate_uneven(many, std::vector<double>(1025, 1), Uneven::receivers).error().code, Code::unsupported);
  const Network few = network_of("4", 1, 0);
  EXPECT_EQ(simulate_uneven(few, std::vector<double>(5, 1), Uneven::receivers).error().text,
            "amounts of 5 ranks are given, and there are 4");
}

TEST(ZipfRouting, WithExponentZeroIsUniform) {
  const ZipfRouting zipf(64, 4, 0, 7);
  const UniformRouting uniform{.experts = 64, .topk = 4};
  for (const std::int64_t units : {1, 4, 8, 64}) {
    const auto parts = zipf.parts(units);
    for (const double part : parts) EXPECT_NEAR(part, uniform.part(units), 0.02) << units;
  }
}

TEST(ZipfRouting, MakesSomeRanksBusierAndIsTheSameForTheSameSeed) {
  const ZipfRouting zipf(64, 4, 1, 7);
  const auto parts = zipf.parts(16);
  const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  EXPECT_GT(*std::max_element(parts.begin(), parts.end()), 2 * sum / 16);
  EXPECT_LE(sum, 4 + 1e-9) << "a token is at most at as many places as it has experts";
  EXPECT_EQ(parts, ZipfRouting(64, 4, 1, 7).parts(16));
  EXPECT_NE(parts, ZipfRouting(64, 4, 1, 8).parts(16));
  const auto experts = zipf.parts(64);
  EXPECT_NEAR(std::accumulate(experts.begin(), experts.end(), 0.0), 4, 1e-9);
}

}  // namespace
}  // namespace tutti::sim
