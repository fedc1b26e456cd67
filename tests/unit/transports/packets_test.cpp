// What is common to the transports that cut messages into packets: addresses, credits, and where packets go.
#include <gtest/gtest.h>

#include "transports/packets/address.hpp"
#include "transports/packets/flow.hpp"
#include "transports/packets/inbox.hpp"
#include "transports/packets/landings.hpp"
#include "transports/packets/targets.hpp"
#include "unit/transports/still_rail.hpp"

namespace tutti::transport::packets {
namespace {

TEST(PacketAddress, ComesBackAsItWasAndPassesNothingElse) {
  const Address address{.kind = "tcp/2",
                        .place = "here",
                        .door = 0x0123456789abcdef,
                        .lifeline = std::vector<std::byte>(16, std::byte{1}),
                        .rails = {{3, std::vector<std::byte>(28, std::byte{2})}, {1, {}}}};
  auto bytes = encode(address);
  EXPECT_EQ(decode(bytes), address);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode(std::span(bytes).first(size))) << size;
  for (auto& byte : bytes) {
    byte ^= std::byte{1};
    EXPECT_FALSE(decode(bytes));
    byte ^= std::byte{1};
  }
}

TEST(PacketAddress, PairsRailsOfOnePlaneAtBothEnds) {
  const auto with = [](std::vector<std::uint8_t> planes) {
    Address address;
    for (const auto plane : planes) address.rails.push_back({plane, {}});
    return address;
  };
  using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;
  EXPECT_EQ(common_rails(with({0, 1}), with({0, 1})), (Pairs{{0, 0}, {1, 1}}));
  EXPECT_EQ(common_rails(with({1, 0}), with({0, 1, 2})), (Pairs{{0, 1}, {1, 0}})) << "this rank's first one first";
  EXPECT_EQ(common_rails(with({0, 1, 2}), with({1})), (Pairs{{1, 0}}));
  EXPECT_EQ(common_rails(with({0, 1}), with({2, 3})), (Pairs{{0, 0}})) << "they must talk somehow";
}

TEST(PacketFlow, HasAllowedWhateverAPostedReceiveWaitsForWithoutNews) {
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
      EXPECT_GE(told + left, posted + std::min(left, Allowance::kUnasked - Allowance::kNews))
          << "the sender may not go on";
    }
  }
}

Header piece_of(std::uint64_t message, std::uint64_t offset, std::uint64_t bytes, std::uint32_t payload) {
  return {.kind = PacketKind::data, .message = message, .offset = offset, .bytes = bytes, .payload = payload};
}

TEST(PacketInbox, PutsPiecesInTheirPlacesInWhateverOrderTheyCome) {
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

TEST(PacketInbox, RefusesPiecesThatWouldWriteElsewhere) {
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

struct InboxOfParcels : testing::Test {
  StillRail rail;
  Inbox inbox;
  std::vector<Completion> done;
  std::vector<std::byte> memory = std::vector<std::byte>(256);
  int first = 0;
  int second = 0;

  void post() {
    inbox.post({.kind = Transfer::Kind::recv, .data = memory.data(), .bytes = memory.size(), .token = 5});
    EXPECT_FALSE(inbox.serve(done));
  }
};

TEST_F(InboxOfParcels, FetchesEachIntoItsPlaceWhetherItsReceiveIsPostedBeforeOrAfter) {
  EXPECT_FALSE(inbox.take(piece_of(0, 128, 256, 128), {&rail, &second, 0}));
  EXPECT_FALSE(inbox.has_fetches());
  EXPECT_EQ(inbox.memory(), 0U) << "it stays with the peer";
  post();
  EXPECT_FALSE(inbox.take(piece_of(0, 0, 256, 128), {&rail, &first, 0}));
  const auto fetches = inbox.fetches();
  ASSERT_EQ(fetches.size(), 2U);
  EXPECT_EQ(fetches[0].from.parcel, &second);
  EXPECT_EQ(fetches[0].out, memory.data() + 128);
  EXPECT_EQ(fetches[1].from.parcel, &first);
  EXPECT_EQ(fetches[1].out, memory.data());
  inbox.fetched(0, done);
  EXPECT_TRUE(done.empty()) << "half of it is missing";
  inbox.fetched(0, done);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_TRUE(done[0].ok);
  EXPECT_TRUE(rail.dropped.empty());
}

TEST_F(InboxOfParcels, CompletesAFailedReceiveWhenNothingIsBeingFetchedIntoItAnyMore) {
  post();
  EXPECT_FALSE(inbox.take(piece_of(0, 0, 256, 128), {&rail, &first, 0}));
  ASSERT_EQ(inbox.fetches().size(), 1U);
  EXPECT_FALSE(inbox.take(piece_of(0, 128, 256, 128), {&rail, &second, 0}));
  EXPECT_FALSE(inbox.take(piece_of(1, 0, 256, 128), {&rail, &memory, 0}));
  inbox.fail(done);
  EXPECT_EQ(rail.dropped, (std::vector<void*>{&second, &memory})) << "what was not begun, and what came early";
  EXPECT_TRUE(done.empty()) << "the rail still writes";
  inbox.fetched(0, done);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_FALSE(done[0].ok);
}

TEST_F(InboxOfParcels, DropsWhatDoesNotFit) {
  post();
  const auto fault = inbox.take(piece_of(0, 0, 200, 128), {&rail, &first, 0});
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, Inbox::Fault::Kind::length);
  EXPECT_EQ(rail.dropped, std::vector<void*>{&first});
}

TEST(PacketNotes, TellWhoWritesWhatAndComeBackFromTheirPackets) {
  const Mark mark{to_rank(Mark::kRanks - 1), Mark::kPuts - 1};
  EXPECT_EQ(mark.value(), 0xffffffffU);
  EXPECT_EQ(Mark::of(mark.value()).from, mark.from);
  EXPECT_EQ(Mark::of(mark.value()).put, mark.put);
  const Note note{.window = 7, .signal = 4095, .bytes = 1ULL << 40, .put = 4095, .writes = 0xffffffff};
  const Note back = note_of(header_of(note));
  EXPECT_EQ(back.window, note.window);
  EXPECT_EQ(back.signal, note.signal);
  EXPECT_EQ(back.bytes, note.bytes);
  EXPECT_EQ(back.put, note.put);
  EXPECT_EQ(back.writes, note.writes);
}

TEST(PacketNotes, CountAPutWhenAllItsMarksAndItsNoteAreThereInWhateverOrder) {
  const Note three{.window = 1, .signal = 2, .bytes = 300, .put = 5, .writes = 3};
  for (int before = 0; before <= 3; ++before) {
    Landings landings;
    for (int i = 0; i < before; ++i) EXPECT_FALSE(landings.marked(5));
    EXPECT_FALSE(landings.marked(6)) << "of another put";
    auto here = landings.noted(three);
    for (int i = before; i < 3; ++i) {
      EXPECT_FALSE(here) << before << " " << i;
      here = landings.marked(5);
    }
    ASSERT_TRUE(here) << before;
    EXPECT_EQ(here->bytes, 300U);
    EXPECT_FALSE(landings.marked(5)) << "its number is free again: this is of the next";
    EXPECT_TRUE(landings.noted({.window = 1, .signal = 2, .bytes = 1, .put = 5, .writes = 1}));
  }
  Landings landings;
  EXPECT_TRUE(landings.noted({.window = 1, .signal = 2, .bytes = 300, .put = 5, .writes = 0})) << "all was there";
}

TEST(PacketTargets, AreOfTheirRailsAndNoneInGarbage) {
  const std::vector<std::byte> one(9, std::byte{1});
  const std::vector<std::byte> two(90, std::byte{2});
  const auto bytes = encode_exposures({one, {}, two});
  EXPECT_TRUE(std::ranges::equal(exposure_of(bytes, 0), one));
  EXPECT_TRUE(exposure_of(bytes, 1).empty());
  EXPECT_TRUE(std::ranges::equal(exposure_of(bytes, 2), two));
  EXPECT_TRUE(exposure_of(bytes, 3).empty());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_TRUE(exposure_of(std::span(bytes).first(size), 2).empty()) << size;
}

}  // namespace
}  // namespace tutti::transport::packets
