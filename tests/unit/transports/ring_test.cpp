#include "transports/shm/ring.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "base/file_descriptor.hpp"

namespace tutti::transport::shm {
namespace {

struct Freed {
  void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{4096}); }
};

// A ring in one mapping: what the sanitizers see is what the processes do.
class Ring : public testing::Test {
 protected:
  void make(std::size_t ring_bytes) {
    shape_ = RingShape::of(ring_bytes);
    memory_.reset(static_cast<std::byte*>(::operator new[](shape_.segment_bytes(), std::align_val_t{4096})));
    std::memset(memory_.get(), 0, shape_.segment_bytes());
    producer_ = std::make_unique<Producer>(segment(), shape_);
    consumer_ = std::make_unique<Consumer>(segment(), shape_);
  }
  std::span<std::byte> segment() { return {memory_.get(), shape_.segment_bytes()}; }
  Control& control() { return *reinterpret_cast<Control*>(memory_.get()); }
  Cell& cell(std::size_t number) { return reinterpret_cast<Cell*>(memory_.get() + sizeof(Control))[number]; }

  RingShape shape_;
  std::unique_ptr<std::byte, Freed> memory_;
  std::unique_ptr<Producer> producer_;
  std::unique_ptr<Consumer> consumer_;
};

std::vector<std::byte> message(std::size_t bytes, std::uint32_t seed) {
  std::vector<std::byte> out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>(seed * 31 + i * 7 + (i >> 8));
  return out;
}

TEST_F(Ring, KeepsACellToALine) {
  EXPECT_EQ(sizeof(Cell), 64U);
  EXPECT_EQ(sizeof(Control) % 64, 0U);
}

TEST_F(Ring, HasAShapeForEverySize) {
  for (const std::size_t bytes : {kMinRing, std::size_t{5000}, std::size_t{256} << 10, kMaxRing}) {
    const auto shape = RingShape::of(bytes);
    EXPECT_GE(shape.data, bytes);
    EXPECT_EQ(shape.piece * 8, shape.data);
    EXPECT_EQ(shape.piece % 64, 0U);
    EXPECT_TRUE(std::has_single_bit(shape.cells));
  }
}

TEST_F(Ring, CarriesMessagesOfEveryLengthInOrder) {
  make(4096);
  std::uint32_t number = 0;
  for (std::size_t bytes = 0; bytes < 3000; bytes += 1 + bytes / 7, ++number) {
    const auto sent = message(bytes, number);
    std::vector<std::byte> got;
    std::size_t out = 0;
    bool pushed = false;
    bool ended = false;
    while (!ended) {
      while (!pushed && producer_->push(sent, number, out) == Producer::Push::done) pushed = out == bytes;
      Consumer::Piece piece;
      ASSERT_EQ(consumer_->look(piece), Consumer::Look::piece);
      ASSERT_EQ(piece.fingerprint, number);
      if (piece.kind != PieceKind::more) {
        ASSERT_EQ(piece.message_bytes, bytes);
      }
      got.insert(got.end(), piece.data, piece.data + piece.bytes);
      consumer_->release(piece);
      ended = got.size() == bytes;
      if (!ended) {
        ASSERT_EQ(piece.bytes % 64, 0U);
      }
    }
    ASSERT_EQ(got, sent);
    Consumer::Piece none;
    ASSERT_EQ(consumer_->look(none), Consumer::Look::nothing);
  }
}

TEST_F(Ring, IsFullWhenNobodyReads) {
  make(4096);
  const auto large = message(100'000, 1);
  std::size_t sent = 0;
  while (producer_->push(large, 1, sent) == Producer::Push::done) {
  }
  EXPECT_EQ(sent, shape_.data);
  EXPECT_FALSE(producer_->has_room(large.size() - sent));

  make(4096);
  std::size_t messages = 0;
  for (std::size_t none = 0; producer_->push({}, 1, none) == Producer::Push::done;) ++messages;
  EXPECT_EQ(messages, shape_.cells);
}

TEST_F(Ring, SeesAScribbledCell) {
  for (const std::uint64_t stamp : {std::uint64_t{1}, std::uint64_t{4}, std::uint64_t{8}, std::uint64_t{13},
                                    std::uint64_t{17}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    make(4096);
    cell(0).stamp = stamp;
    Consumer::Piece piece;
    EXPECT_EQ(consumer_->look(piece), Consumer::Look::corrupt) << stamp;
  }
}

TEST_F(Ring, SeesAPieceThatIsTooLong) {
  for (const std::uint64_t kind : {1U, 2U, 3U}) {
    for (const std::uint32_t bytes : {49U, 513U, 4096U, ~0U}) {
      make(4096);
      cell(0).bytes = bytes;
      cell(0).stamp = 8 + kind;
      Consumer::Piece piece;
      const bool possible = kind != 1 && bytes <= shape_.piece;
      EXPECT_EQ(consumer_->look(piece), possible ? Consumer::Look::piece : Consumer::Look::corrupt) << kind << bytes;
    }
  }
}

TEST_F(Ring, FreesAtOnceWhatWasLeftWhereItLies) {
  make(4096);
  const Direct direct{.bytes = 100, .place = 5, .window = 6};
  ASSERT_EQ(producer_->push(direct, 9), Producer::Push::done);
  ASSERT_EQ(producer_->push(direct, 9), Producer::Push::done);
  Consumer::Piece piece;
  ASSERT_EQ(consumer_->look(piece), Consumer::Look::piece);
  EXPECT_EQ(piece.kind, PieceKind::direct);
  EXPECT_EQ(piece.message_bytes, 100U);
  EXPECT_EQ(piece.direct.place, 5U);
  EXPECT_EQ(piece.direct.window, 6U);
  EXPECT_EQ(producer_->freed(), 0U);
  consumer_->release(piece);
  EXPECT_EQ(producer_->freed(), 1U);
  EXPECT_TRUE(consumer_->is_valid());
  producer_->revoke();
  EXPECT_FALSE(consumer_->is_valid());
}

TEST_F(Ring, SeesScribbledCounts) {
  for (const std::uint64_t garbage : {std::uint64_t{1} << 40, ~std::uint64_t{0}, std::uint64_t{63}}) {
    make(4096);
    const auto large = message(100'000, 1);
    std::size_t sent = 0;
    while (producer_->push(large, 1, sent) == Producer::Push::done) {
    }
    control().freed_bytes = garbage;
    EXPECT_EQ(producer_->push(large, 1, sent), Producer::Push::corrupt);
    EXPECT_TRUE(producer_->has_room(1)) << "what is corrupt is work, not a reason to sleep";
  }
}

// Everything that a peer can write, at random, while the consumer reads: nothing outside the ring is ever read.
TEST_F(Ring, StaysInsideWhateverIsWritten) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    make(4096);
    for (std::size_t number = 0; number < shape_.cells; ++number) {
      cell(number).stamp = 8 * (number + 1) + random() % 5;
      cell(number).bytes = static_cast<std::uint32_t>(random() % 4 == 0 ? random() : random() % 600);
    }
    for (Consumer::Piece piece; consumer_->look(piece) == Consumer::Look::piece; consumer_->release(piece)) {
      if (piece.kind == PieceKind::direct) continue;
      ASSERT_GE(piece.data, memory_.get());
      ASSERT_LE(piece.data + piece.bytes, memory_.get() + shape_.segment_bytes());
    }
  }
}

// A sleeper and its doorbell.
struct Bed {
  FileDescriptor doorbell{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  int naps = 0;

  void ring() const { ::eventfd_write(doorbell.get(), 1); }
  // False: nobody rang for far too long.
  bool nap() {
    ++naps;
    pollfd fd{doorbell.get(), POLLIN, 0};
    if (::poll(&fd, 1, 20'000) != 1) return false;
    eventfd_t rung = 0;
    ::eventfd_read(doorbell.get(), &rung);
    return true;
  }
};

// Litmus: both sides go to sleep at every opportunity; one lost wake-up and the test fails.
TEST_F(Ring, LosesNoWakeUpBetweenTwoThreads) {
  make(4096);
  constexpr std::uint32_t kMessages = 20'000;
  const auto length = [](std::uint32_t number) -> std::size_t {
    const std::uint32_t mixed = number * 2654435761U >> 8;
    return number % 50 == 0 ? mixed % 9000 : number % 3 == 0 ? mixed % 700 : mixed % 49;
  };
  Bed producers;
  Bed consumers;
  std::thread writer([&] {
    for (std::uint32_t number = 0; number < kMessages; ++number) {
      const auto sent = message(length(number), number);
      std::size_t out = 0;
      for (bool pushed = false; !pushed || out < sent.size();) {
        if (producer_->push(sent, number, out) == Producer::Push::done) {
          pushed = true;
          if (producer_->must_wake_consumer()) consumers.ring();
          continue;
        }
        producer_->announce_sleep();
        if (!producer_->has_room(sent.size() - out) && !producers.nap()) {
          ADD_FAILURE() << "the producer overslept at message " << number;
          return;
        }
        producer_->announce_wake();
      }
    }
  });
  for (std::uint32_t number = 0; number < kMessages && !HasFailure(); ++number) {
    const auto expected = message(length(number), number);
    std::vector<std::byte> got;
    for (bool begun = false; !begun || got.size() < expected.size();) {
      Consumer::Piece piece;
      const auto look = consumer_->look(piece);
      ASSERT_NE(look, Consumer::Look::corrupt);
      if (look == Consumer::Look::piece) {
        begun = true;
        got.insert(got.end(), piece.data, piece.data + piece.bytes);
        consumer_->release(piece);
        if (consumer_->must_wake_producer()) producers.ring();
        continue;
      }
      consumer_->announce_sleep();
      if (has_fences()) fence_others();
      if (consumer_->look(piece) == Consumer::Look::nothing && !consumers.nap()) {
        ADD_FAILURE() << "the consumer overslept at message " << number;
        break;
      }
      consumer_->announce_wake();
    }
    ASSERT_EQ(got, expected) << number;
  }
  writer.join();
  EXPECT_GT(producers.naps + consumers.naps, 0);
}

}  // namespace
}  // namespace tutti::transport::shm
