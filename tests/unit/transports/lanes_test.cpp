// How a path chooses among its rails, and which devices of a machine are rails at all.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "transports/packets/lanes.hpp"
#include "transports/packets/nics.hpp"
#include "unit/transports/still_rail.hpp"

namespace tutti::transport::packets {
namespace {

struct TwoLanes : testing::Test {
  StillRail wire;
  Lanes lanes;
  TwoLanes() {
    for (std::size_t i = 0; i < 2; ++i) lanes.add({.rail = &wire, .number = i, .address = {}, .peer = Rail::Peer{}});
  }
};

TEST_F(TwoLanes, CarryDataOnTheSecondOnlyFromWhenThePeerWasHeardThere) {
  lanes.home().sent = 100'000;
  EXPECT_EQ(lanes.best(1 << 20, false, 0), &lanes.home());
  lanes.at(1).heard = true;
  EXPECT_EQ(lanes.best(1 << 20, false, 0), &lanes.at(1));
}

TEST_F(TwoLanes, KeepShortMessagesOnTheFirst) {
  lanes.at(1).heard = true;
  lanes.home().sent = 100'000;
  EXPECT_EQ(lanes.best(100, true, 0), &lanes.home());
  EXPECT_EQ(lanes.best(100, true, 1), nullptr) << "it takes nothing now";
}

// Messages that would fit into the window of one lane, over lanes one of which is ten times slower: the slow one gets
// so much that both are done at about the same time.
TEST_F(TwoLanes, CarryAsMuchAsTheirRailsAreFast) {
  lanes.at(1).heard = true;
  constexpr std::uint64_t kMessage = 900'000;
  constexpr std::array<std::uint64_t, 2> kRates = {100'000, 10'000};  // bytes a millisecond
  TimePoint now{};
  std::array<std::uint64_t, 2> arrived{};
  std::uint64_t left = 0;
  int messages = 0;
  for (int millisecond = 0; millisecond < 3000; ++millisecond, now += std::chrono::milliseconds(1)) {
    const bool is_over = left == 0 && lanes.at(0).sent == arrived[0] && lanes.at(1).sent == arrived[1];
    if (is_over) left = kMessage;
    messages += is_over ? 1 : 0;
    while (Lane* lane = left > 0 ? lanes.best(left, false, 0) : nullptr) {
      const std::uint64_t piece = std::min<std::uint64_t>(left, kMaxPayload);
      lanes.gave(*lane, piece, now);
      left -= piece;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      Lane& lane = lanes.all()[i];
      arrived[i] = std::min(lane.sent, arrived[i] + kRates[i]);
      if (arrived[i] - lane.confirmed >= Lanes::kConfirmEvery) lanes.confirmed(lane, arrived[i], now);
    }
  }
  EXPECT_LT(lanes.at(1).sent, lanes.at(0).sent / 5);
  EXPECT_GT(lanes.at(1).sent, lanes.at(0).sent / 40);
  EXPECT_GT(messages, 150) << "3 s have room for 330 at the rate of both, and the first ones find out";
}

TEST_F(TwoLanes, OweAWordWhereThePeerWasHeardAndWhereMuchHasArrived) {
  EXPECT_FALSE(lanes.owes_word(lanes.at(1)));
  lanes.at(1).heard = true;
  EXPECT_TRUE(lanes.owes_word(lanes.at(1))) << "the peer waits for an answer";
  lanes.at(1).greeted = true;
  EXPECT_FALSE(lanes.owes_word(lanes.at(1)));
  lanes.at(1).arrived = Lanes::kConfirmEvery;
  EXPECT_TRUE(lanes.owes_word(lanes.at(1)));
}

/// What a kernel says of devices, in a folder of its own.
class Machine {
 public:
  Machine() : folder_(testing::TempDir() + "tutti_nics_" + std::to_string(::getpid())) {}
  ~Machine() { std::filesystem::remove_all(folder_); }
  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text << "\n";
  }
  void interface(const std::string& name, int type, const std::string& speed) const {
    write("net/" + name + "/type", std::to_string(type));
    write("net/" + name + "/speed", speed);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

TEST(Nics, AreAsFastAsTheKernelSaysAndNoBridgeTunnelOrLoopback) {
  const Machine machine;
  machine.interface("eth0", 1, "25000");
  machine.interface("ib0", 32, "200000");
  machine.interface("virtio", 1, "-1");
  machine.interface("lo", 772, "-1");
  machine.interface("tun0", 65534, "10");
  machine.interface("docker0", 1, "10000");
  machine.write("net/docker0/bridge/bridge_id", "1");
  machine.write("infiniband/mlx5_0/ports/1/rate", "100 Gb/sec (4X EDR)");
  EXPECT_EQ(speed_of("eth0", machine.path()), 25'000U);
  EXPECT_EQ(speed_of("ib0", machine.path()), 200'000U);
  EXPECT_EQ(speed_of("virtio", machine.path()), 0U);
  EXPECT_EQ(speed_of("mlx5_0:1", machine.path()), 100'000U);
  EXPECT_EQ(speed_of("mlx5_0-xrc", machine.path()), 100'000U);
  EXPECT_EQ(speed_of("cxi0", machine.path()), 0U) << "a fabric of its own";
  for (const char* none : {"lo", "tun0", "docker0"}) EXPECT_FALSE(speed_of(none, machine.path())) << none;
}

TEST(Nics, AreEqualWhereTheyAreAsFastAsTheFirst) {
  const Machine machine;
  machine.interface("slow", 1, "1000");
  for (const char* name : {"a", "b", "c"}) machine.interface(name, 1, "100000");
  machine.interface("lo", 772, "0");
  using Places = std::vector<std::size_t>;
  const std::vector<std::string> devices = {"b", "slow", "a", "b", "lo", "c"};
  EXPECT_EQ(equal_nics(devices, 0, machine.path()), (Places{0, 2, 5})) << "each once";
  EXPECT_EQ(equal_nics(devices, 1, machine.path()), Places{1});
  EXPECT_EQ(equal_nics(devices, 4, machine.path()), Places{4}) << "where there is nothing else";
  EXPECT_EQ(planes_of(std::vector<std::string>{"b", "a", "c", "a"}), (std::vector<std::uint8_t>{2, 0, 3, 1}));
}

}  // namespace
}  // namespace tutti::transport::packets
