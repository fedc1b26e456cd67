// What a rank's shm transport makes of strangers at its socket, and of a peer that knows the key but not its manners.
#include <gtest/gtest.h>
#include <sodium.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>

#include "base/sealed_memory.hpp"
#include "transports/shm/handshake.hpp"
#include "transports/shm/packets.hpp"
#include "transports/shm/ring.hpp"
#include "transports/shm/shm.hpp"

namespace tutti::transport::shm {
namespace {

constexpr Rank kSelf{0};
constexpr Rank kPeer{1};
constexpr std::size_t kRingBytes = 4096;

class ShmPeer : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(::sodium_init(), 0);
    key_[0] = std::byte{42};
    LogLevels levels;
    levels.everywhere = LogLevel::warn;
    const Log log(levels, "rank 0", [this](const std::string& line) { log_ += line; });
    transport_ =
        create({.rank = kSelf, .node_id = "n", .ring_bytes = kRingBytes, .key = key_, .epoch = 5, .log = log}).value();
    address_ = decode(transport_->address()).value();
    ::randombytes_buf(name_.data(), name_.size());
    listening_ = listen_at(name_).value();
    Address mine = address_;
    mine.socket = name_;
    endpoint_ = transport_->connect(kPeer, encode(mine)).value();
  }

  FileDescriptor call() { return dial(address_.socket).socket; }

  void introduce(int socket, const Hello& hello) {
    const FileDescriptor doorbell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    ASSERT_TRUE(send_packet(socket, bytes_of(hello), doorbell.get()));
  }
  [[nodiscard]] Hello good_hello() const { return make_hello(kPeer, kSelf, 5, address_.socket, key_); }

  /// Calls as the peer, and offers a ring.
  void offer_ring() {
    peer_ = call();
    introduce(peer_.get(), good_hello());
    ring_.emplace(SealedMemory::create(shape_.segment_bytes()).value());
    const Offer offer{.ring_bytes = kRingBytes};
    ASSERT_TRUE(send_packet(peer_.get(), bytes_of(offer), ring_->fd()));
  }

  void post(Transfer::Kind kind, std::span<std::byte> data) {
    const Transfer transfer{.kind = kind, .data = data.data(), .bytes = data.size(), .fingerprint = 7, .token = 1};
    endpoint_->post({&transfer, 1});
  }
  void poll(int times = 200) {
    for (int i = 0; i < times; ++i) {
      now_ += std::chrono::milliseconds(1);  // each looks at the sockets
      transport_->progress(now_, completed_);
    }
  }
  /// The transport works for the true peer after all that happened.
  void expect_service() {
    offer_ring();
    Producer producer(ring_->memory(), shape_);
    std::array<std::byte, 8> got{};
    post(Transfer::Kind::recv, got);
    const std::array sent = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                             std::byte{5}, std::byte{6}, std::byte{7}, std::byte{8}};
    std::size_t out = 0;
    ASSERT_EQ(producer.push(sent, 7, out), Producer::Push::done);
    completed_.clear();
    poll();
    ASSERT_EQ(completed_.size(), 1U);
    EXPECT_TRUE(completed_[0].ok);
    EXPECT_EQ(got, sent);
  }

  Key key_{};
  std::string log_;
  std::unique_ptr<Transport> transport_;
  Address address_;
  SocketName name_{};
  FileDescriptor listening_;
  Endpoint* endpoint_ = nullptr;
  RingShape shape_ = RingShape::of(kRingBytes);
  FileDescriptor peer_;
  std::optional<SealedMemory> ring_;
  TimePoint now_{};
  std::vector<Completion> completed_;
};

TEST_F(ShmPeer, ServesAPeerThatProvesItself) {
  expect_service();
  EXPECT_EQ(log_, "");
}

TEST_F(ShmPeer, DropsGarbageAndLogsOnce) {
  std::mt19937 random(1);
  for (int i = 0; i < 50; ++i) {
    std::vector<std::byte> garbage(1 + random() % 300);
    for (auto& byte : garbage) byte = static_cast<std::byte>(random());
    const FileDescriptor stranger = call();
    ASSERT_TRUE(send_packet(stranger.get(), garbage));
    poll(2);
  }
  expect_service();
  EXPECT_EQ(std::count(log_.begin(), log_.end(), '\n'), 1) << log_;
}

TEST_F(ShmPeer, DropsWhoDoesNotKnowTheKey) {
  Key other = key_;
  other[31] = std::byte{1};
  const FileDescriptor stranger = call();
  introduce(stranger.get(), make_hello(kPeer, kSelf, 5, address_.socket, other));
  poll();
  std::array<std::byte, 8> buffer{};
  EXPECT_EQ(receive_packet(stranger.get(), buffer).state, Received::State::closed);
  expect_service();
}

TEST_F(ShmPeer, DropsAnotherEpochAnotherTargetAndItself) {
  for (const Hello& hello :
       {make_hello(kPeer, kSelf, 6, address_.socket, key_), make_hello(kPeer, Rank{2}, 5, address_.socket, key_),
        make_hello(kPeer, kSelf, 5, name_, key_), make_hello(kSelf, kSelf, 5, address_.socket, key_),
        make_hello(Rank{-1}, kSelf, 5, address_.socket, key_)}) {
    const FileDescriptor stranger = call();
    introduce(stranger.get(), hello);
    poll(3);
    std::array<std::byte, 8> buffer{};
    EXPECT_EQ(receive_packet(stranger.get(), buffer).state, Received::State::closed);
  }
  expect_service();
}

TEST_F(ShmPeer, DropsAHelloOfWhichAnyBitIsFlipped) {
  for (std::size_t place = 0; place < sizeof(Hello); ++place) {
    Hello hello = good_hello();
    reinterpret_cast<std::byte*>(&hello)[place] ^= std::byte{1};
    const FileDescriptor stranger = call();
    introduce(stranger.get(), hello);
    poll(3);
    std::array<std::byte, 8> buffer{};
    EXPECT_EQ(receive_packet(stranger.get(), buffer).state, Received::State::closed) << place;
  }
  expect_service();
}

TEST_F(ShmPeer, DropsTheSilentOnesInTime) {
  std::vector<FileDescriptor> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(call());
  poll(10);
  expect_service();
  poll(3000);
  for (const auto& stranger : silent) {
    std::array<std::byte, 8> buffer{};
    EXPECT_EQ(receive_packet(stranger.get(), buffer).state, Received::State::closed);
  }
}

TEST_F(ShmPeer, RefusesARingThatIsNotSealed) {
  peer_ = call();
  introduce(peer_.get(), good_hello());
  const FileDescriptor loose(::memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(loose.get(), static_cast<off_t>(shape_.segment_bytes())), 0);
  const Offer offer{.ring_bytes = kRingBytes};
  ASSERT_TRUE(send_packet(peer_.get(), bytes_of(offer), loose.get()));
  poll();
  ASSERT_NE(endpoint_->failure(), nullptr);
  EXPECT_EQ(endpoint_->failure()->code, Code::transport);
  EXPECT_EQ(endpoint_->failure()->culprit, kPeer);
}

TEST_F(ShmPeer, RefusesARingOfAnotherSize) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{8192}, ~std::uint64_t{0}}) {
    SetUp();
    peer_ = call();
    introduce(peer_.get(), good_hello());
    const auto segment = SealedMemory::create(shape_.segment_bytes()).value();
    const Offer offer{.ring_bytes = bytes};
    ASSERT_TRUE(send_packet(peer_.get(), bytes_of(offer), segment.fd()));
    poll();
    ASSERT_NE(endpoint_->failure(), nullptr) << bytes;
  }
}

TEST_F(ShmPeer, FailsThePathOfAScribblerAndNeverCrashes) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    SetUp();
    offer_ring();
    std::vector<std::byte> got(2000);
    post(Transfer::Kind::recv, got);
    const auto memory = ring_->memory();
    auto* cells = reinterpret_cast<Cell*>(memory.data() + sizeof(Control));
    for (std::size_t number = 0; number < 8; ++number) {
      const std::uint64_t kind = number == 0 ? 2 : 3;
      cells[number].fingerprint = random() % 4 == 0 ? 6 : 7;
      cells[number].bytes = random() % 2 == 0 ? 512 : static_cast<std::uint32_t>(random() % 3000);
      const std::uint64_t length = random() % 4 == 0 ? random() : 2000;
      std::memcpy(cells[number].payload.data(), &length, sizeof(length));
      cells[number].stamp = 8 * (number + 1) + (random() % 5 == 0 ? random() % 16 : kind);
    }
    completed_.clear();
    poll(20);
    // Either the garbage happened to be a message of 2000 bytes, or the path has failed, or it waits for more.
    if (endpoint_->failure() != nullptr) {
      ASSERT_EQ(completed_.size(), 1U);
      EXPECT_FALSE(completed_[0].ok);
    }
  }
}

TEST_F(ShmPeer, ReadsAMessageWhereItLiesInASharedWindow) {
  offer_ring();
  const auto file = SealedMemory::create(40'000).value();
  const Share share{.window = WindowId{3}, .file_bytes = 40'000, .offset = 10'000, .bytes = 20'000};
  ASSERT_TRUE(send_packet(peer_.get(), bytes_of(share), file.fd()));
  for (std::size_t i = 0; i < file.memory().size(); ++i) file.memory()[i] = static_cast<std::byte>(i * 7 + i / 256);
  Producer producer(ring_->memory(), shape_);
  ASSERT_EQ(producer.push(Direct{.bytes = 9000, .place = 11'000, .window = 3}, 7), Producer::Push::done);
  std::vector<std::byte> got(9000);
  post(Transfer::Kind::recv, got);
  EXPECT_EQ(producer.freed(), 0U) << "it has not been read";
  poll(10);
  ASSERT_EQ(completed_.size(), 1U);
  EXPECT_TRUE(completed_[0].ok);
  EXPECT_EQ(producer.freed(), 1U);
  EXPECT_TRUE(std::equal(got.begin(), got.end(), file.memory().begin() + 21'000));
}

TEST_F(ShmPeer, FailsThePathOfAPeerThatPointsWhereNothingIs) {
  const auto file = SealedMemory::create(40'000).value();
  const Share share{.window = WindowId{1}, .file_bytes = 40'000, .offset = 10'000, .bytes = 20'000};
  for (const Direct& direct :
       {Direct{.bytes = 9000, .place = 0, .window = 2}, Direct{.bytes = 9000, .place = 11'001, .window = 1},
        Direct{.bytes = 9000, .place = ~std::uint64_t{0}, .window = 1},
        Direct{.bytes = 9000, .place = 16, .window = 0}}) {
    SetUp();
    offer_ring();
    ASSERT_TRUE(send_packet(peer_.get(), bytes_of(share), file.fd()));
    Producer producer(ring_->memory(), shape_);
    ASSERT_EQ(producer.push(direct, 7), Producer::Push::done);
    std::vector<std::byte> got(9000);
    completed_.clear();
    post(Transfer::Kind::recv, got);
    poll(10);
    ASSERT_EQ(completed_.size(), 1U);
    EXPECT_FALSE(completed_[0].ok);
    ASSERT_NE(endpoint_->failure(), nullptr);
    EXPECT_EQ(endpoint_->failure()->culprit, kPeer);
  }
}

TEST_F(ShmPeer, RefusesWindowsThatDoNotLieInTheirFile) {
  for (const Share& share :
       {Share{.window = WindowId{1}, .file_bytes = 40'000, .offset = 40'001, .bytes = 0},
        Share{.window = WindowId{1}, .file_bytes = 40'000, .offset = 8, .bytes = 39'993},
        Share{.window = WindowId{1}, .file_bytes = 40'000, .offset = 8, .bytes = ~std::uint64_t{0}},
        Share{.window = WindowId{1}, .file_bytes = 50'000, .offset = 0, .bytes = 8}}) {
    SetUp();
    offer_ring();
    const auto file = SealedMemory::create(40'000).value();
    ASSERT_TRUE(send_packet(peer_.get(), bytes_of(share), file.fd()));
    poll();
    ASSERT_NE(endpoint_->failure(), nullptr);
    EXPECT_EQ(endpoint_->failure()->culprit, kPeer);
  }
}

TEST_F(ShmPeer, DoesNotBelieveWhatItHasReadFromAPeerThatTookItBack) {
  offer_ring();
  const auto file = SealedMemory::create(40'000).value();
  const Share share{.window = WindowId{1}, .file_bytes = 40'000, .offset = 0, .bytes = 40'000};
  ASSERT_TRUE(send_packet(peer_.get(), bytes_of(share), file.fd()));
  Producer producer(ring_->memory(), shape_);
  ASSERT_EQ(producer.push(Direct{.bytes = 9000, .place = 0, .window = 1}, 7), Producer::Push::done);
  producer.revoke();
  std::vector<std::byte> got(9000);
  post(Transfer::Kind::recv, got);
  poll(10);
  ASSERT_EQ(completed_.size(), 1U);
  EXPECT_FALSE(completed_[0].ok);
}

TEST_F(ShmPeer, MakesSmallerRingsWhenThePoolIsUsedUp) {
  auto options = ShmOptions{.rank = kSelf, .node_id = "n", .ring_bytes = 256 << 10, .key = key_, .epoch = 5, .log = {}};
  options.pool_bytes = 400 << 10;  // two rings of 256 KiB have 192 KiB beyond 64
  transport_ = create(options).value();
  std::vector<std::size_t> held;
  std::vector<std::byte> data(8);
  for (int peer = 1; peer <= 4; ++peer) {
    Address there = address_;
    there.socket = name_;
    endpoint_ = transport_->connect(to_rank(peer), encode(there)).value();
    post(Transfer::Kind::send, data);
    poll(5);
    held.push_back(transport_->memory());
  }
  EXPECT_GT(held[1] - held[0], std::size_t{256} << 10);
  EXPECT_LT(held[2] - held[1], std::size_t{80} << 10);
  EXPECT_EQ(held[3] - held[2], held[2] - held[1]);
}

TEST_F(ShmPeer, FailsThePathOfAPeerThatScribblesOnTheCounts) {
  peer_ = call();
  introduce(peer_.get(), good_hello());
  std::vector<std::byte> large(100'000);
  post(Transfer::Kind::send, large);
  poll(5);
  const FileDescriptor called(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  std::array<std::byte, 256> buffer{};
  ASSERT_EQ(receive_packet(called.get(), buffer).bytes, sizeof(Hello));
  auto offered = receive_packet(called.get(), buffer);
  ASSERT_EQ(offered.bytes, sizeof(Offer));
  ASSERT_EQ(offered.descriptors.size(), 1U);
  const auto ring = SealedMemory::adopt(std::move(offered.descriptors[0]), shape_.segment_bytes()).value();
  reinterpret_cast<Control*>(ring.memory().data())->freed_bytes = std::uint64_t{1} << 50;
  poll(5);
  ASSERT_NE(endpoint_->failure(), nullptr);
  EXPECT_EQ(endpoint_->failure()->code, Code::transport);
  EXPECT_NE(endpoint_->failure()->text.find("rank 1"), std::string::npos);
}

}  // namespace
}  // namespace tutti::transport::shm
