// What is particular to ofi.
#include <gtest/gtest.h>

#include "transports/ofi/ofi.hpp"

#if __has_include(<rdma/fabric.h>)
#include "transports/ofi/address.hpp"
#include "transports/ofi/flow.hpp"
#include "transports/ofi/inbox.hpp"
#endif

namespace tutti::transport::ofi {
namespace {

TEST(Ofi, SaysWhyItIsNotThere) {
  if (const auto usable = available(); !usable) {
    EXPECT_EQ(usable.error().code, Code::unsupported);
    EXPECT_TRUE(usable.error().text.starts_with("ofi: ")) << usable.error().text;
    EXPECT_FALSE(create({.rank = {}, .addresses = {}, .provider = {}, .log = {}}));
    EXPECT_TRUE(providers().empty());
  }
}

TEST(Ofi, RefusesWhatDoesNotExist) {
  if (!available()) GTEST_SKIP() << available().error().text;
  EXPECT_FALSE(create({.rank = Rank{-1}, .addresses = {}, .provider = {}, .log = {}}));
  const auto nowhere = create({.rank = {}, .addresses = {"203.0.113.77"}, .provider = {}, .log = {}});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Code::invalid_argument);
  EXPECT_NE(nowhere.error().text.find("203.0.113.77"), std::string::npos) << nowhere.error().text;
  const auto nobody = create({.rank = {}, .addresses = {}, .provider = "smoke", .log = {}});
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().text.find("smoke"), std::string::npos) << nobody.error().text;
}

TEST(Ofi, UsesTheAddressThatItIsGiven) {
  if (!available()) GTEST_SKIP() << available().error().text;
  const auto made = create({.rank = {}, .addresses = {"127.0.0.1"}, .provider = {}, .log = {}}).value();
  EXPECT_TRUE(made->describe().ends_with(" lo")) << made->describe();
}

#if __has_include(<rdma/fabric.h>)

TEST(OfiAddress, ComesBackAsItWasAndPassesNothingElse) {
  const Address address{.kind = "tcp/2",
                        .place = "here",
                        .door = 0x0123456789abcdef,
                        .lifeline = std::vector<std::byte>(16, std::byte{1}),
                        .fabric = std::vector<std::byte>(28, std::byte{2})};
  auto bytes = encode(address);
  EXPECT_EQ(decode(bytes), address);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode(std::span(bytes).first(size))) << size;
  for (auto& byte : bytes) {
    byte ^= std::byte{1};
    EXPECT_FALSE(decode(bytes));
    byte ^= std::byte{1};
  }
}

TEST(OfiFlow, HasAllowedWhateverAPostedReceiveWaitsForWithoutNews) {
  Allowance allowance;
  std::uint64_t told = Allowance::kUnasked;
  std::uint64_t posted = 0;
  for (const std::uint64_t bytes : {0U, 100U, 30'000U, 60'000U, 5'000'000U, 1U, 16'000U, 16'000U}) {
    allowance.posted(bytes);
    posted += kMessageCost + bytes;
    if (allowance.is_news()) allowance.tell(told = allowance.now());
    EXPECT_GT(told, std::min(posted, allowance.now() - Allowance::kUnasked)) << "the sender may not begin it";
    for (std::uint64_t left = kMessageCost + bytes; left > 0;) {
      const std::uint64_t piece = std::min<std::uint64_t>(left, 10'000);
      allowance.consumed(piece);
      left -= piece;
      if (allowance.is_news()) allowance.tell(told = allowance.now());
      EXPECT_GE(told + left, posted + std::min(left, Allowance::kUnasked / 2)) << "the sender may not go on";
    }
  }
}

Header piece_of(std::uint64_t message, std::uint64_t offset, std::uint64_t bytes, std::uint32_t payload) {
  return {.kind = PacketKind::data, .message = message, .offset = offset, .bytes = bytes, .payload = payload};
}

TEST(OfiInbox, PutsPiecesInTheirPlacesInWhateverOrderTheyCome) {
  Inbox inbox;
  std::vector<Completion> done;
  std::vector<std::byte> first(200);
  std::vector<std::byte> second(100);
  const std::vector<std::byte> ones(128, std::byte{1});
  const std::vector<std::byte> twos(128, std::byte{2});
  EXPECT_FALSE(inbox.take(piece_of(1, 64, 100, 36), twos.data(), done)) << "before any receive is posted";
  inbox.post({.kind = Transfer::Kind::recv, .data = first.data(), .bytes = first.size(), .token = 10});
  inbox.post({.kind = Transfer::Kind::recv, .data = second.data(), .bytes = second.size(), .token = 11});
  EXPECT_FALSE(inbox.serve(done));
  EXPECT_FALSE(inbox.take(piece_of(1, 0, 100, 64), ones.data(), done));
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].token, 11U);
  EXPECT_EQ(second[63], std::byte{1});
  EXPECT_EQ(second[64], std::byte{2});
  EXPECT_FALSE(inbox.take(piece_of(0, 128, 200, 72), twos.data(), done));
  EXPECT_FALSE(inbox.take(piece_of(0, 0, 200, 128), ones.data(), done));
  ASSERT_EQ(done.size(), 2U);
  EXPECT_EQ(done[1].token, 10U);
  EXPECT_FALSE(inbox.is_waiting());
}

TEST(OfiInbox, RefusesPiecesThatWouldWriteElsewhere) {
  for (const Header& header : {piece_of(0, 64, 100, 64), piece_of(0, 128, 100, 1), piece_of(0, 32, 100, 8),
                               piece_of(0, ~std::uint64_t{63}, 100, 36), piece_of(0, 0, 100, 0)}) {
    Inbox inbox;
    std::vector<Completion> done;
    std::vector<std::byte> memory(100);
    const std::vector<std::byte> payload(128);
    inbox.post({.kind = Transfer::Kind::recv, .data = memory.data(), .bytes = memory.size()});
    EXPECT_FALSE(inbox.serve(done));
    const auto fault = inbox.take(header, payload.data(), done);
    ASSERT_TRUE(fault) << header.offset;
    EXPECT_EQ(fault->kind, Inbox::Fault::Kind::nonsense);
    EXPECT_TRUE(done.empty());
  }
}

#endif

}  // namespace
}  // namespace tutti::transport::ofi
