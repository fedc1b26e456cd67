// What other tools wrote becomes levels; what is torn, cyclic or doubled is refused with its line.
#include "topology/import/import.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "topology/fabric/described.hpp"
#include "topology/import/hosts.hpp"

namespace tutti::topology {
namespace {

std::string file(const std::string& name) {
  std::ifstream stream(TUTTI_DATA "/import/" + name, std::ios::binary);
  EXPECT_TRUE(stream) << name;
  return {std::istreambuf_iterator<char>(stream), {}};
}

Description imported(const std::string& name, std::int32_t ranks_per_node) {
  auto description = import_fabric(file(name), ranks_per_node);
  EXPECT_TRUE(description) << name << ": " << (description ? "" : description.error().text);
  return description ? *description : Description{};
}

std::string shape_of(const Description& description) {
  return fabric_of(description)->levels->describe();
}

std::string error_of(const std::string& text) {
  const auto description = import_fabric(text, 1);
  return description ? "" : description.error().text;
}

TEST(ImportSlurm, SwitchesBecomeLevelsAndNamesBecomeHosts) {
  const auto description = imported("tree.conf", 8);
  EXPECT_EQ(shape_of(description), "8 x 4 x 2");
  EXPECT_EQ(description.hosts.size(), 8U);
  EXPECT_EQ(description.hosts.front(), "gpu001");
  EXPECT_EQ(description.hosts.back(), "gpu008");
}

TEST(ImportSlurm, UnevenTreesOfThreeTiersStayUneven) {
  const auto description = imported("deep.conf", 1);
  EXPECT_EQ(shape_of(description), "(3*4 2) x 2 x 2");
}

TEST(ImportSlurm, BlocksAreLevelsOfTheirOwn) {
  EXPECT_EQ(shape_of(imported("block.conf", 4)), "4 x 18 x 3");
}

TEST(ImportSlurm, YamlSaysTheSameAsConf) {
  const auto description = imported("topology.yaml", 2);
  EXPECT_EQ(shape_of(description), "2 x 2 x 3");
  EXPECT_EQ(description.hosts.front(), "node01");
}

TEST(ImportSlurm, RefusesWhatIsCyclicDoubledOrUnknownWithItsLine) {
  EXPECT_NE(error_of("SwitchName=a Switches=b\nSwitchName=b Switches=a\n").find("below itself"), std::string::npos);
  EXPECT_NE(error_of("SwitchName=a Nodes=x\nSwitchName=a Nodes=y\n").find("line 2: a is there twice"),
            std::string::npos);
  EXPECT_NE(error_of("SwitchName=a Nodes=x\n\nSwitchName=b Switches=c\n").find("line 3: there is no switch c"),
            std::string::npos);
  EXPECT_NE(error_of("SwitchName=a Nodes=x\nSwitchName=b Switches=a\nSwitchName=c Switches=a").find("already below b"),
            std::string::npos);
  EXPECT_NE(error_of("SwitchName=a Nodes=x,x\n").find("x is named twice"), std::string::npos);
  EXPECT_NE(error_of("SwitchName=a Noods=x\n").find("there is no key 'Noods'"), std::string::npos);
  EXPECT_NE(error_of("SwitchName=a\n").find("neither nodes nor switches"), std::string::npos);
  EXPECT_NE(error_of("SwitchName=a Nodes=x[1-\n").find("line 1"), std::string::npos);
  EXPECT_NE(
      error_of("- topology: t\n  tree:\n    switches:\n      - switch: a\n        nods: x\n").find("line 5: nods"),
      std::string::npos);
  EXPECT_NE(error_of("- topology: t\n  flat: true\n").find("no topology is a tree or a block"), std::string::npos);
}

TEST(ImportHosts, BracketsCountKeepZerosAndMultiply) {
  const auto names = expand_hosts("r[1-2]n[08-10],login");
  ASSERT_TRUE(names) << names.error().text;
  EXPECT_EQ(*names, (std::vector<std::string>{"r1n08", "r1n09", "r1n10", "r2n08", "r2n09", "r2n10", "login"}));
  for (const char* const wrong : {"", "a,", "a[", "a]", "a[1-", "a[2-1]", "a[x]", "a[[1]]", "a[1-999999999]"})
    EXPECT_FALSE(expand_hosts(wrong)) << wrong;
}

TEST(ImportIbnetdiscover, FindsRailsSpeedsLevelsAndTheTaper) {
  const auto description = imported("rails.ibnetdiscover", 2);
  EXPECT_EQ(shape_of(description), "2 x 2 x 2");
  ASSERT_EQ(description.levels.size(), 3U);
  EXPECT_EQ(description.hosts, (std::vector<std::string>{"node00", "node01", "node02", "node03"}));
  EXPECT_DOUBLE_EQ(description.levels[1].up_GBps.value, 25);  // 2 adapters of 4xHDR, 2 ranks
  EXPECT_EQ(description.levels[1].up_GBps.provenance, Provenance::measured);
  EXPECT_EQ(description.levels[1].rails.value, 2);
  EXPECT_DOUBLE_EQ(description.levels[2].oversubscription.value, 2);
  EXPECT_EQ(description.levels[2].latency_us.provenance, Provenance::assumed);
}

TEST(ImportIbnetdiscover, RefusesTornListsWithTheirLine) {
  EXPECT_NE(error_of("switchguid=0x1\n[1]\t\"H-1\"[1]\n").find("line 2: a port before"), std::string::npos);
  EXPECT_NE(
      error_of("caguid=0x1\nCa\t1 \"H-1\"\t# \"a\"\n[1](1)\t\"S-1\"[1]\t# \"s\" lid 1 4xHDR\n").find("no node S-1"),
      std::string::npos);
  EXPECT_NE(error_of("caguid=0x1\nCa\t1 \"H-1\"\nCa\t1 \"H-1\"\n").find("line 3: H-1 is there twice"),
            std::string::npos);
  EXPECT_NE(error_of("switchguid=0x1\nSwitch\t36 \"S-1\"\n").find("no adapter"), std::string::npos);
}

TEST(ImportEc2, LayersBecomeLevelsAndNeighboursStandTogether) {
  const auto description = imported("ec2.json", 8);
  EXPECT_EQ(shape_of(description), "8 x (2 2*1) x (2 1) x 2");
  EXPECT_EQ(description.hosts[1], "i-4444444444example");  // beside the first, whose leaf it shares
}

TEST(ImportEc2, RefusesWhatContradictsItself) {
  const auto instance = [](const char* id, const char* nodes) {
    return std::string(R"({"InstanceId": ")") + id + R"(", "NetworkNodes": [)" + nodes + "]}";
  };
  const auto document = [](const std::string& instances) { return "{\"Instances\": [\n" + instances + "]}"; };
  EXPECT_NE(error_of(document(instance("a", "\"x\"") + ",\n" + instance("a", "\"x\""))).find("a is named twice"),
            std::string::npos);
  EXPECT_NE(error_of(document(instance("a", "\"x\",\"y\"") + ",\n" + instance("b", "\"z\",\"y\"")))
                .find("line 3: y lies in two"),
            std::string::npos);
  EXPECT_NE(error_of(document(instance("a", "\"x\"") + ",\n" + instance("b", "\"x\",\"y\""))).find("line 3"),
            std::string::npos);
  EXPECT_NE(error_of(document(instance("a", ""))).find("names no network node"), std::string::npos);
}

TEST(ImportNccl, GpusNicsSwitchesAndNvlinksAreThere) {
  const auto machine = import_nccl(file("nccl.xml"));
  ASSERT_TRUE(machine) << machine.error().text;
  ASSERT_EQ(machine->devices.size(), 4U);
  EXPECT_EQ(machine->numa.size(), 2U);
  EXPECT_EQ(machine->numa[1].cpus.text(), "32-63");
  EXPECT_EQ(machine->devices[0].name, "mlx5_0");
  EXPECT_NEAR(machine->devices[0].link_GBps, 63, 0.1);
  EXPECT_NEAR(machine->devices[2].link_GBps, 31.5, 0.1);
  ASSERT_EQ(machine->links.size(), 1U);
  EXPECT_DOUBLE_EQ(machine->links[0].GBps, 450);
}

TEST(ImportNccl, RefusesWhatIsNotNcclsWithItsLine) {
  const auto error = [](const char* xml) {
    const auto machine = import_nccl(xml);
    return machine ? std::string() : machine.error().text;
  };
  EXPECT_NE(error("<system>\n<cpu numaid=\"0\" affinity=\"zz\"/>\n</system>").find("line 2: 'zz' is no affinity"),
            std::string::npos);
  EXPECT_NE(error("<system>\n<cpu affinity=\"1\"/></system>").find("line 2: <cpu> without its numaid"),
            std::string::npos);
  EXPECT_NE(error("<system>\n\n<gpu/></system>").find("line 3"), std::string::npos);
  EXPECT_NE(error("<system></system>").find("no <cpu>"), std::string::npos);
  EXPECT_NE(error("<topology/>").find("<system>"), std::string::npos);
  EXPECT_NE(error("<system>\n<cpu").find("no XML"), std::string::npos);
  EXPECT_NE(
      error("<system><cpu numaid=\"0\" affinity=\"1\">\n<pci><gpu/></pci></cpu></system>").find("without its busid"),
      std::string::npos);
}

TEST(Import, SaysWhatItKnowsWhenNothingFits) {
  EXPECT_NE(error_of("hello").find("ibnetdiscover"), std::string::npos);
}

}  // namespace
}  // namespace tutti::topology
