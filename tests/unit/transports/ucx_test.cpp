// What is particular to ucx.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "transports/ucx/ucx.hpp"

#if __has_include(<ucp/api/ucp.h>)
#include "transports/ucx/address.hpp"
#include "transports/ucx/tag.hpp"
#endif

namespace tutti::transport::ucx {
namespace {

TEST(Ucx, SaysWhyItIsNotThere) {
  if (const auto usable = available(); !usable) {
    EXPECT_EQ(usable.error().code, Code::unsupported);
    EXPECT_TRUE(usable.error().text.starts_with("ucx: ")) << usable.error().text;
    const auto transport = create({.rank = {}, .devices = {}, .log = {}});
    ASSERT_FALSE(transport);
    EXPECT_EQ(transport.error().code, Code::unsupported);
  }
}

TEST(Ucx, RefusesRanksAndDevicesThatDoNotExist) {
  EXPECT_FALSE(create({.rank = Rank{-1}, .devices = {}, .log = {}}));
  EXPECT_FALSE(create({.rank = Rank{1 << 24}, .devices = {}, .log = {}}));
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
  EXPECT_EQ(create({.rank = Rank{0}, .devices = "lo", .log = {}}).value()->describe(), "ucx tcp lo");
  const auto none = create({.rank = Rank{0}, .devices = "nosuch0", .log = {}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().text, "ucx: it can use none of the devices nosuch0");
}

#if __has_include(<ucp/api/ucp.h>)

TEST(UcxAddress, PassesNothingButWhatWasFramed) {
  const std::vector<std::byte> inner = {std::byte{1}, std::byte{2}, std::byte{3}};
  auto framed = frame(inner);
  const auto again = unframe(framed);
  ASSERT_TRUE(again);
  EXPECT_TRUE(std::equal(inner.begin(), inner.end(), again->begin(), again->end()));
  for (std::size_t size = 0; size < framed.size(); ++size) EXPECT_FALSE(unframe(std::span(framed).first(size)));
  for (auto& byte : framed) {
    byte ^= std::byte{1};
    EXPECT_FALSE(unframe(framed));
    byte ^= std::byte{1};
  }
}

TEST(UcxTag, SeparatesSenderNumberAndFingerprint) {
  const auto tag = make_tag(Rank{kMaxRanks - 1}, 65535, 0xffffffff);
  EXPECT_EQ(tag & kSenderBits, std::uint64_t{0xffffff} << 40);
  EXPECT_EQ(make_tag(Rank{3}, 65536, 5), make_tag(Rank{3}, 0, 5)) << "numbers wrap";
  EXPECT_NE(make_tag(Rank{3}, 1, 5) & kMatchBits, make_tag(Rank{3}, 2, 5) & kMatchBits);
  EXPECT_EQ(make_tag(Rank{3}, 1, 5) & kMatchBits, make_tag(Rank{3}, 1, 6) & kMatchBits);
  EXPECT_NE(folded_fingerprint(make_tag(Rank{3}, 1, 0x01000000)), folded_fingerprint(make_tag(Rank{3}, 1, 0)));
}

// More messages in flight than there are numbers.
TEST(Ucx, CountsOnWhenItsNumbersWrap) {
  if (!available()) GTEST_SKIP() << available().error().text;
  const auto left = create({.rank = Rank{0}, .devices = {}, .log = {}}).value();
  const auto right = create({.rank = Rank{1}, .devices = {}, .log = {}}).value();
  Endpoint* to_right = left->connect(Rank{1}, right->address()).value();
  Endpoint* to_left = right->connect(Rank{0}, left->address()).value();
  constexpr std::size_t kMessages = 70'000;
  std::vector<std::uint32_t> sent(kMessages);
  std::vector<std::uint32_t> got(kMessages);
  std::vector<Completion> completed;
  const auto post = [](Endpoint& endpoint, Transfer::Kind kind, std::uint32_t& value) {
    const Transfer transfer{
        .kind = kind, .data = reinterpret_cast<std::byte*>(&value), .bytes = sizeof(value), .fingerprint = 7};
    endpoint.post({&transfer, 1});
  };
  const auto poll = [&] {
    left->progress(SteadyClock().now(), completed);
    right->progress(SteadyClock().now(), completed);
  };
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    sent[i] = i * 7 + 1;
    post(*to_right, Transfer::Kind::send, sent[i]);
    if (i % 64 == 0) poll();
  }
  for (auto& value : got) post(*to_left, Transfer::Kind::recv, value);
  const auto limit = SteadyClock().now() + std::chrono::seconds(60);
  while (completed.size() < 2 * kMessages && SteadyClock().now() < limit) poll();
  EXPECT_EQ(completed.size(), 2 * kMessages);
  EXPECT_EQ(got, sent);
}

#endif

}  // namespace
}  // namespace tutti::transport::ucx
