// Machines as hwloc knows them: distances, the choice of NICs, and XML from elsewhere that must not hurt.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "topology/node/distance.hpp"
#include "topology/node/machine.hpp"

namespace tutti::topology {
namespace {

std::string xml_of(const std::string& name) {
  std::ifstream stream(TUTTI_DATA "/machines/" + name + ".xml", std::ios::binary);
  EXPECT_TRUE(stream) << name;
  return {std::istreambuf_iterator<char>(stream), {}};
}

Machine machine_of(const std::string& name) {
  auto machine = read_foreign(xml_of(name));
  EXPECT_TRUE(machine) << name << ": " << (machine ? "" : machine.error().text);
  return machine ? *machine : Machine{};
}

const Device& named(const Machine& machine, const std::string& name) {
  for (const Device& device : machine.devices) {
    if (device.name == name) return device;
  }
  static const Device kNone;
  ADD_FAILURE() << "no device " << name;
  return kNone;
}

std::vector<Seat> seats_of(const Machine& machine) {
  std::vector<Seat> seats;
  for (std::size_t i = 0; i < machine.devices.size(); ++i) {
    if (machine.devices[i].kind == DeviceKind::accelerator)
      seats.push_back({machine.devices[i].cpus, static_cast<std::int32_t>(i)});
  }
  return seats;
}

TEST(Distances, TellSwitchesNumaNodesAndPackagesApart) {
  const Machine dgx = machine_of("dgx-h100");
  EXPECT_EQ(distance(dgx, named(dgx, "cuda0"), named(dgx, "mlx5_1")), Distance::same_switch);
  EXPECT_EQ(distance(dgx, named(dgx, "mlx5_0"), named(dgx, "mlx5_2")), Distance::same_numa);
  EXPECT_EQ(distance(dgx, named(dgx, "cuda0"), named(dgx, "mlx5_7")), Distance::across_packages);
  EXPECT_EQ(distance(dgx, named(dgx, "cuda0"), named(dgx, "cuda7")), Distance::linked);
  EXPECT_EQ(distance(dgx, named(dgx, "cuda3"), named(dgx, "cuda3")), Distance::itself);
  const Machine nps4 = machine_of("nps4-mi300x");
  EXPECT_EQ(distance(nps4, named(nps4, "rsmi0"), named(nps4, "mlx5_0")), Distance::same_switch);
  EXPECT_EQ(distance(nps4, named(nps4, "rsmi0"), named(nps4, "mlx5_1")), Distance::same_package);
}

TEST(Distances, KnowSpeedsOfLinksAndPaths) {
  const Machine dgx = machine_of("dgx-h100");
  EXPECT_EQ(dgx.links.size(), 28U);  // each pair of 8
  EXPECT_DOUBLE_EQ(dgx.links.front().GBps, 450);
  EXPECT_DOUBLE_EQ(named(dgx, "mlx5_0").link_GBps, 63);
  EXPECT_EQ(named(dgx, "mlx5_0").also, "ib0");
  EXPECT_EQ(machine_of("vm").devices.at(0).link_GBps, 0);  // nobody says
  const Machine memory = machine_of("memory-attributes");
  EXPECT_DOUBLE_EQ(memory.numa.at(1).read_GBps, 410);
  EXPECT_DOUBLE_EQ(memory.numa.at(1).latency_ns, 90);
}

TEST(NicChoice, GivesEachRankOfADgxItsOwnNearNic) {
  const Machine dgx = machine_of("dgx-h100");
  const auto choices = choose_nics(dgx, seats_of(dgx));
  std::set<std::int32_t> used;
  for (const NicChoice& choice : choices) {
    EXPECT_EQ(choice.distance, Distance::same_switch) << choice.reason;
    used.insert(choice.device);
  }
  EXPECT_EQ(used.size(), 8U);
}

TEST(NicChoice, SharesEvenlyWhereNicsAreFewAndSaysSo) {
  const Machine kunlun = machine_of("kunlun-p800");
  std::map<std::int32_t, int> users;
  for (const NicChoice& choice : choose_nics(kunlun, seats_of(kunlun))) ++users[choice.device];
  EXPECT_EQ(users.size(), 4U);
  for (const auto& [nic, count] : users) EXPECT_EQ(count, 2) << nic;
  const Machine one = machine_of("one-nic-for-all");
  const auto choices = choose_nics(one, seats_of(one));
  EXPECT_NE(choices.back().reason.find("shared with 3 other ranks"), std::string::npos) << choices.back().reason;
}

TEST(NicChoice, HonoursCpuSetsWhereThereAreNoAccelerators) {
  const Machine machine = machine_of("two-socket");
  const auto choices = choose_nics(machine, {{*CpuSet::parse("0-3"), -1}, {*CpuSet::parse("100-103"), -1}});
  EXPECT_EQ(machine.devices.at(static_cast<std::size_t>(choices[0].device)).name, "mlx5_0");
  EXPECT_EQ(machine.devices.at(static_cast<std::size_t>(choices[1].device)).name, "mlx5_1");
}

TEST(NicChoice, SaysThatThereIsNone) {
  const auto choices = choose_nics(machine_of("no-nic"), {{*CpuSet::parse("0"), -1}});
  EXPECT_EQ(choices[0].device, -1);
  EXPECT_NE(choices[0].reason.find("no NIC"), std::string::npos);
}

TEST(Advice, FindsProcessorsFarFromTheirNicAndNamesNearOnes) {
  const Machine machine = machine_of("eight-socket");
  const auto all = advice(machine, {{*CpuSet::parse("0-3"), -1}, {*CpuSet::parse("112-115"), -1}});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_NE(all[0].find("rank 1"), std::string::npos) << all[0];
  EXPECT_NE(all[0].find("bind it to processors 0-15"), std::string::npos) << all[0];
}

TEST(Machines, StayTheSameAsData) {
  for (const char* const name : {"dgx-h100", "gh200-x4", "snc4", "vm", "arm"}) {
    const std::string once = write_machine(machine_of(name));
    const auto again = read_machine(once);
    ASSERT_TRUE(again) << name << ": " << again.error().text;
    EXPECT_EQ(write_machine(*again), once);
  }
}

TEST(ForeignXml, IsRefusedWithItsLineWhereItIsNoXml) {
  const auto error = [](const std::string& xml) {
    const auto machine = read_foreign(xml);
    return machine ? std::string() : machine.error().text;
  };
  EXPECT_NE(error("<topology>\n<object").find("line 2"), std::string::npos) << error("<topology>\n<object");
  EXPECT_NE(error("<system/>").find("root is not <topology>"), std::string::npos);
  EXPECT_NE(error("<topology version=\"2.0\"></topology>"), "");
  std::string deep = "<topology>";
  for (int i = 0; i < 100; ++i) deep += "<object>";
  for (int i = 0; i < 100; ++i) deep += "</object>";
  EXPECT_NE(error(deep + "</topology>").find("64 deep"), std::string::npos);
  std::string wide = "<topology>";
  for (int i = 0; i < 100001; ++i) wide += "<a/>";
  EXPECT_NE(error(wide + "</topology>").find("100000 elements"), std::string::npos);
  EXPECT_NE(error(std::string((std::size_t{16} << 20) + 1, ' ')).find("bytes"), std::string::npos);
}

// Each number and each tag of a good file is damaged in turn: whatever hwloc does with it, this process lives and gets
// an answer.
TEST(ForeignXml, DamageNeverHurtsThisProcess) {
  const std::string good = xml_of("vm");
  std::size_t refused = 0;
  std::size_t at = 0;
  for (int damage = 0; damage < 40; ++damage) {
    at = good.find('"', at + 1 + static_cast<std::size_t>(damage) % 7);
    if (at == std::string::npos) at = good.find('"');
    std::string bad = good;
    bad.replace(at + 1, 1, damage % 2 == 0 ? "9999999999999" : "-x");
    if (!read_foreign(bad)) ++refused;
  }
  EXPECT_GT(refused, 0U);
}

TEST(OwnMachine, IsDiscoveredAndItsXmlReadsBack) {
  const auto machine = discover();
  ASSERT_TRUE(machine) << machine.error().text;
  EXPECT_FALSE(machine->cpus.empty());
  EXPECT_FALSE(machine->bound.empty());
  EXPECT_FALSE(machine->numa.empty());
  const auto xml = export_xml();
  ASSERT_TRUE(xml);
  const auto again = read_foreign(*xml);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->cpus.text(), machine->cpus.text());
  EXPECT_EQ(again->devices.size(), machine->devices.size());
}

TEST(CpuSets, ReadWhatTheyWrite) {
  for (const char* const text : {"", "0", "0-3", "1,3,5-7,64-127", "65535"})
    EXPECT_EQ(CpuSet::parse(text)->text(), text);
  for (const char* const wrong : {"-", "3-1", "a", "65536", "1,,2", "1-"}) EXPECT_FALSE(CpuSet::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace tutti::topology
