// A NIC for each rank of a node: chosen once, by the first of them, and told to the others.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "comm/nic.hpp"

namespace tutti::comm {
namespace {

using topology::CpuSet;
using topology::Distance;

topology::Machine machine_of(const std::string& name) {
  std::ifstream stream(TUTTI_DATA "/machines/" + name + ".json", std::ios::binary);
  auto machine = topology::read_machine(std::string(std::istreambuf_iterator<char>(stream), {}));
  EXPECT_TRUE(machine) << name;
  return machine ? *machine : topology::Machine{};
}

CpuSet cpus(const char* text) {
  return *CpuSet::parse(text);
}

NicSurvey cards(int count) {
  NicSurvey survey;
  for (int i = 0; i < count; ++i) {
    const std::string name = "mlx5_" + std::to_string(i);
    survey.nics.push_back({name, {name + ":1"}, {"ib" + std::to_string(i)}, {"InfiniBand"}, 50, {}, -1});
  }
  return survey;
}

TEST(NodeNics, GiveEachRankTheNicNearItsProcessors) {
  const auto node = choose_for_node(machine_of("two-socket"), cards(2), {cpus("0-3"), cpus("100-103")});
  const NicUse near = use_of(node, 0, cpus("0-3"));
  const NicUse far = use_of(node, 1, cpus("100-103"));
  EXPECT_EQ(near.name(), "mlx5_0");
  EXPECT_EQ(near.ports, std::vector<std::string>{"mlx5_0:1"});
  EXPECT_EQ(far.name(), "mlx5_1");
  EXPECT_TRUE(cpus("0-3").is_inside(near.near)) << near.near.text();
  EXPECT_TRUE(cpus("100-103").is_inside(far.near)) << far.near.text();
  EXPECT_EQ(near.reason, "in one NUMA node with processors 0-3");
  EXPECT_EQ(near.advice, "");
}

TEST(NodeNics, ShareEvenlyAmongRanksThatMayRunEverywhere) {
  const auto machine = machine_of("two-socket");
  const std::vector<CpuSet> everywhere(4, machine.cpus);
  const auto node = choose_for_node(machine, cards(2), everywhere);
  EXPECT_EQ(std::ranges::count_if(node.seats, [](const auto& seat) { return seat.nics.front() == 0; }), 2);
  EXPECT_NE(use_of(node, 3, machine.cpus).reason.find("shared with 1 other rank"), std::string::npos);
}

TEST(NodeNics, AreDividedWhereThereAreMoreThanRanksNearOnesFirst) {
  const auto machine = machine_of("two-socket");
  const auto alone = use_of(choose_for_node(machine, cards(2), {cpus("100-103")}), 0, cpus("100-103"));
  EXPECT_EQ(alone.name(), "mlx5_1,mlx5_0");
  EXPECT_EQ(alone.ports, (std::vector<std::string>{"mlx5_1:1", "mlx5_0:1"}));
  EXPECT_NE(alone.reason.find("the node has 2 for each of its ranks"), std::string::npos) << alone.reason;
  const auto both = choose_for_node(machine, cards(2), {cpus("0-3"), cpus("100-103")});
  EXPECT_EQ(use_of(both, 0, cpus("0-3")).name(), "mlx5_0");
  EXPECT_EQ(use_of(both, 1, cpus("100-103")).name(), "mlx5_1");
  const auto three = choose_for_node(machine, cards(2), {cpus("0-3"), cpus("4-7"), cpus("100-103")});
  for (const auto& seat : three.seats) EXPECT_EQ(seat.nics.size(), 1U);
}

TEST(NodeNics, AdviseRanksWhoseProcessorsAreFar) {
  auto machine = machine_of("two-socket");
  for (auto& device : machine.devices) device.cpus = machine.package_cpus.front();  // both NICs on one socket
  const auto node = choose_for_node(machine, cards(2), {cpus("100-103")});
  const auto use = use_of(node, 0, cpus("100-103"));
  EXPECT_NE(use.advice.find("are far from mlx5_"), std::string::npos) << use.advice;
  EXPECT_NE(use.advice.find("bind it to processors 0-"), std::string::npos) << use.advice;
}

TEST(NodeNics, AreNoneWhereTheMachineDoesNotKnowThem) {
  const auto node = choose_for_node(machine_of("vm"), cards(2), {cpus("0")});
  EXPECT_TRUE(node.seats.empty());
  const auto use = use_of(node, 0, cpus("0"));
  EXPECT_EQ(use.name(), "");
  EXPECT_NE(use.reason.find("2 of 2 NICs are no devices"), std::string::npos) << use.reason;
}

TEST(NodeNics, ReachTheOtherRanksAsTheyWereSent) {
  const auto node = choose_for_node(machine_of("two-socket"), cards(2), {cpus("0-3"), cpus("100-103"), cpus("4")});
  const auto bytes = encode(node);
  EXPECT_EQ(decode_node_nics(bytes).value(), node);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto part = decode_node_nics(std::span(bytes).first(length));
    if (part) {
      EXPECT_LT(part->seats.size(), node.seats.size()) << length;
    }
  }
  auto wrong = bytes;
  wrong[wrong.size() - 2] = std::byte{200};  // a NIC that is not there
  EXPECT_FALSE(decode_node_nics(wrong));
}

TEST(LoneNic, IsUsedByAllAndStillHasProcessorsNearIt) {
  NicSurvey survey{{{"eth0", {}, {"eth0"}, {"10.0.0.0/16"}, 0, "0-3", 1}}, "eth0 is the only NIC"};
  const NicUse near = use_without_choice(survey, cpus("2-5"));
  EXPECT_EQ(near.name(), "");
  EXPECT_EQ(near.reason, "eth0 is the only NIC");
  EXPECT_EQ(near.near.text(), "0-3");
  EXPECT_EQ(near.numa, 1);
  EXPECT_EQ(near.advice, "");
  const NicUse far = use_without_choice(survey, cpus("4-7"));
  EXPECT_EQ(far.advice, "its processors 4-7 are far from eth0: bind it to processors 0-3");
  survey.nics.clear();
  EXPECT_EQ(use_without_choice(survey, cpus("4-7")).near.text(), "");
}

TEST(NicSurvey, OfThisMachineIsAChoiceOrSaysWhyThereIsNone) {
  const NicSurvey survey = survey_nics("");
  EXPECT_EQ(survey.nics.size() > 1, survey.why_not.empty()) << survey.why_not;
  EXPECT_EQ(survey_nics("=no_such_interface").nics.size(), 0U);
}

}  // namespace
}  // namespace tutti::comm
