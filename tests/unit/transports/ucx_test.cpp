// What is particular to ucx.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "transports/ucx/ucx.hpp"

namespace tutti::transport::ucx {
namespace {

TEST(Ucx, SaysWhyItIsNotThere) {
  if (const auto usable = available(); !usable) {
    EXPECT_EQ(usable.error().code, Code::unsupported);
    EXPECT_TRUE(usable.error().text.starts_with("ucx: ")) << usable.error().text;
    const auto transport = create({.rank = {}, .devices = {}, .addresses = {}, .log = {}});
    ASSERT_FALSE(transport);
    EXPECT_EQ(transport.error().code, Code::unsupported);
  }
}

TEST(Ucx, RefusesRanksAndDevicesThatDoNotExist) {
  EXPECT_FALSE(create({.rank = Rank{-1}, .devices = {}, .addresses = {}, .log = {}}));
}

/// What a kernel says of RDMA cards, in a folder of its own.
class Cards {
 public:
  Cards() : folder_(testing::TempDir() + "tutti_cards_" + std::to_string(::getpid())) {}
  ~Cards() { std::filesystem::remove_all(folder_); }
  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text << "\n";
  }
  [[nodiscard]] std::string behind(const std::vector<std::string>& interfaces) const {
    return devices_of(interfaces, folder_);
  }

 private:
  std::filesystem::path folder_;
};

TEST(UcxDevices, AreTheInterfacesAndTheActivePortsBehindThem) {
  Cards cards;
  EXPECT_EQ(cards.behind({"eth0", "eth1"}), "eth0,eth1") << "a machine without such cards";
  cards.write("roce_0/ports/1/state", "4: ACTIVE");
  cards.write("roce_0/ports/1/gid_attrs/ndevs/0", "eth0");
  cards.write("roce_0/ports/1/gid_attrs/ndevs/1", "eth0.100");
  cards.write("roce_1/ports/1/state", "1: DOWN");
  cards.write("roce_1/ports/1/gid_attrs/ndevs/0", "eth0");
  cards.write("two_ports/ports/1/state", "4: ACTIVE");
  cards.write("two_ports/ports/2/state", "4: ACTIVE");
  cards.write("two_ports/device/net/ib0/dev_port", "0");
  cards.write("two_ports/device/net/ib1/dev_port", "1");
  EXPECT_EQ(cards.behind({"eth0"}), "roce_0:1,eth0");
  EXPECT_EQ(cards.behind({"eth0.100", "ib1"}), "roce_0:1,two_ports:2,eth0.100,ib1");
  EXPECT_EQ(cards.behind({"ib0"}), "two_ports:1,ib0");
  cards.write("without_ip/ports/1/state", "4: ACTIVE");
  EXPECT_EQ(cards.behind({"eth1"}), "without_ip:1,eth1") << "no interface can name it";
}

TEST(Ucx, UsesTheDevicesThatItIsGiven) {
  if (!available()) GTEST_SKIP() << available().error().text;
  EXPECT_EQ(create({.rank = Rank{0}, .devices = "lo", .addresses = {}, .log = {}}).value()->describe(), "ucx tcp lo");
  const auto none = create({.rank = Rank{0}, .devices = "nosuch0", .addresses = {}, .log = {}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().text, "ucx: it can use none of the devices nosuch0");
}

TEST(Ucx, ShowsEveryRailAndNoMoreThanAreAllowed) {
  if (!available()) GTEST_SKIP() << available().error().text;
  const auto path = [](int rails) {
    return create({.rank = Rank{0}, .devices = "lo", .addresses = {}, .rails = rails, .per_device = 3, .log = {}})
        .value()
        ->describe();
  };
  EXPECT_EQ(path(8), "ucx tcp lo, tcp lo, tcp lo");
  EXPECT_EQ(path(2), "ucx tcp lo, tcp lo");
  EXPECT_EQ(path(1), "ucx tcp lo");
}

// Over TCP, whose peers neither close windows nor leave here; over RDMA the whole conformance suite does it.
TEST(Ucx, WritesLongPutsIntoWindowsAndCountsThemWhenTheyAreThere) {
  if (!available()) GTEST_SKIP() << available().error().text;
  constexpr std::size_t kBytes = 3'333'333;
  constexpr std::size_t kOffset = 77;
  struct Member {
    std::unique_ptr<Transport> transport;
    Endpoint* peer = nullptr;
    std::vector<std::byte> memory = std::vector<std::byte>(kBytes + 2 * kOffset);
    std::vector<std::byte> sent = std::vector<std::byte>(kBytes);
    WindowId window{};
    std::vector<Completion> done;
  };
  std::array<Member, 2> members;
  for (std::size_t i = 0; i < 2; ++i) {
    Member& me = members[i];
    me.transport = create({.rank = to_rank(static_cast<int>(i)),
                           .devices = "lo",
                           .addresses = {},
                           .per_device = 2,
                           .writing = UcxOptions::Where::always,
                           .log = {}})
                       .value();
    me.window = me.transport->open_window({.bytes = me.memory}).value();
    for (std::size_t at = 0; at < kBytes; ++at) me.sent[at] = static_cast<std::byte>((at * 7 + at / 251 + i) & 0xff);
  }
  const auto key_of = [&](std::size_t i) { return members[i].transport->window_key(members[i].window); };
  EXPECT_GT(key_of(0).size(), 40U) << "it says nothing to rails";
  EXPECT_LE(key_of(0).size(), 1024U);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto address = members[1 - i].transport->address();
    members[i].peer = members[i].transport->connect(to_rank(static_cast<int>(1 - i)), address).value();
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto put_all = [&](std::uint64_t round) {
    for (std::size_t i = 0; i < 2; ++i) {
      const auto key = key_of(1 - i);
      const Put put{.data = members[i].sent.data(), .bytes = kBytes, .key = key, .offset = kOffset, .signal = 9};
      ASSERT_TRUE(members[i].peer->put({&put, 1}));
    }
    const auto is_over = [&](Member& me) {
      return me.done.size() == round && me.transport->arrived(me.window, 9) == round * kBytes;
    };
    while (!(is_over(members[0]) && is_over(members[1])) && std::chrono::steady_clock::now() < deadline) {
      for (Member& me : members) me.transport->progress(std::chrono::steady_clock::now(), me.done);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      Member& me = members[i];
      ASSERT_TRUE(is_over(me)) << "round " << round << ": " << me.transport->arrived(me.window, 9);
      EXPECT_TRUE(std::ranges::all_of(me.done, [](const Completion& each) { return each.ok; }));
      EXPECT_TRUE(std::ranges::equal(std::span(me.memory).subspan(kOffset, kBytes), members[1 - i].sent));
      EXPECT_EQ(me.memory[kOffset - 1], std::byte{0});
      EXPECT_EQ(me.memory[kOffset + kBytes], std::byte{0});
    }
  };
  put_all(1);  // begins in packets: the peers have not heard each other
  for (Member& me : members) std::ranges::fill(me.memory, std::byte{0});
  put_all(2);
}

}  // namespace
}  // namespace tutti::transport::ucx
