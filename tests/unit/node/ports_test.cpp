// NICs that can carry something now, from the files that a kernel keeps, and whether a rank may take any of them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "topology/node/ports.hpp"

namespace tutti::topology {
namespace {

/// What a kernel says of its NICs, in a folder of its own.
class System {
 public:
  System() : folder_(testing::TempDir() + "tutti_system_" + std::to_string(::getpid())) {}
  ~System() { std::filesystem::remove_all(folder_); }
  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text << "\n";
  }
  void add_infiniband(const std::string& card, const std::string& prefix, const std::string& rate = "400 Gb/sec") {
    const std::string port = "class/infiniband/" + card + "/ports/1/";
    write(port + "state", "4: ACTIVE");
    write(port + "link_layer", "InfiniBand");
    write(port + "gids/0", prefix + ":0011:2233:4455:6677");
    write(port + "sm_lid", "0x1");
    write(port + "rate", rate);
  }
  [[nodiscard]] std::vector<LiveNic> nics(std::vector<LiveInterface> interfaces) const {
    return live_nics(interfaces, folder_);
  }

 private:
  std::filesystem::path folder_;
};

constexpr const char* kSubnet = "fe80:0000:0000:0000";

TEST(LiveNics, AreCardsWithTheirInterfacesAndInterfacesWithoutCards) {
  System system;
  system.add_infiniband("mlx5_0", kSubnet);
  system.write("class/infiniband/mlx5_0/device/net/ib0/dev_port", "0");
  system.write("class/infiniband/roce_0/ports/1/state", "4: ACTIVE");
  system.write("class/infiniband/roce_0/ports/1/link_layer", "Ethernet");
  system.write("class/infiniband/roce_0/ports/1/gid_attrs/ndevs/0", "eth1");
  system.write("class/infiniband/down_0/ports/1/state", "1: DOWN");
  system.write("class/net/eth0/speed", "10000");
  system.write("class/net/eth0/device/local_cpulist", "0-7");
  system.write("class/infiniband/mlx5_0/device/local_cpulist", "8-15");
  system.write("class/infiniband/mlx5_0/device/numa_node", "1");
  system.write("devices/system/node/online", "0-1");
  const auto nics = system.nics({{"eth0", "10.0.0.0/16"}, {"eth1", "10.1.0.0/16"}, {"ib0", "10.2.0.0/16"}});
  ASSERT_EQ(nics.size(), 3U);
  EXPECT_EQ(nics[0], (LiveNic{"eth0", {}, {"eth0"}, {"10.0.0.0/16"}, 1.25, "0-7", -1}));
  EXPECT_EQ(
      nics[1],
      (LiveNic{
          "mlx5_0", {"mlx5_0:1"}, {"ib0"}, {"10.2.0.0/16", "InfiniBand fe80:0000:0000:0000 sm 0x1"}, 50, "8-15", 1}));
  EXPECT_EQ(nics[2], (LiveNic{"roce_0", {"roce_0:1"}, {"eth1"}, {"10.1.0.0/16"}, 0, {}, -1}));
}

TEST(LiveNics, AreThoseOfThisMachineToo) {
  const auto none = live_nics({});
  for (const LiveNic& nic : none) EXPECT_FALSE(nic.ports.empty()) << nic.name;
  const std::vector<LiveInterface> one{{"lo", "127.0.0.0/8"}};
  EXPECT_EQ(live_nics(one).size(), none.size() + 1);
}

TEST(Interchangeable, AreTheFastestOfOneNetwork) {
  System system;
  for (const char* const card : {"mlx5_0", "mlx5_1", "mlx5_2"}) system.add_infiniband(card, kSubnet);
  system.add_infiniband("slow_0", kSubnet, "100 Gb/sec");
  const auto choice = interchangeable(system.nics({{"eth0", "10.0.0.0/16"}}));
  ASSERT_EQ(choice.nics.size(), 3U) << choice.why_not;
  EXPECT_EQ(choice.nics.back().name, "mlx5_2");
}

TEST(Interchangeable, AreNoneWhereNetworksDiffer) {
  System system;
  system.add_infiniband("mlx5_0", kSubnet);
  system.add_infiniband("mlx5_1", "fe80:0000:0000:0001");
  const auto rails = interchangeable(system.nics({}));
  EXPECT_TRUE(rails.nics.empty());
  EXPECT_NE(rails.why_not.find("different networks"), std::string::npos) << rails.why_not;
  const auto wires =
      interchangeable({{"eth0", {}, {"eth0"}, {"10.0.0.0/16"}, 0, {}, -1}, {"eth1", {}, {"eth1"}, {}, 0, {}, -1}});
  EXPECT_TRUE(wires.nics.empty());
  EXPECT_NE(wires.why_not.find("unknown"), std::string::npos) << wires.why_not;
}

TEST(Interchangeable, SayWhenThereIsOneOrNone) {
  EXPECT_EQ(interchangeable({}).why_not, "no NIC is up");
  EXPECT_EQ(interchangeable({{"eth0", {}, {"eth0"}, {"10.0.0.0/16"}, 0, {}, -1}}).why_not, "eth0 is the only NIC");
  System system;
  system.add_infiniband("mlx5_0", kSubnet);
  EXPECT_EQ(interchangeable(system.nics({{"eth0", "10.0.0.0/16"}})).why_not, "mlx5_0 is the only fast NIC");
}

}  // namespace
}  // namespace tutti::topology
