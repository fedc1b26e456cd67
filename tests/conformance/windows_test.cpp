// Windows: messages from and into memory that peers may reach where it lies are as right as all others.
#include "base/sealed_memory.hpp"
#include "conformance/conformance.hpp"

namespace tutti::transport::conformance {
namespace {

constexpr Rank kLeft{0};
constexpr Rank kRight{1};

// Memory in a file, of which a part is a window of a transport.
class WindowOf {
 public:
  WindowOf(Transport& transport, std::size_t bytes, std::size_t before = 0)
      : transport_(transport), file_(SealedMemory::create(before + bytes).value()), before_(before) {
    id_ = transport.open_window({.bytes = this->bytes(), .file = file_.fd(), .offset = before}).value();
  }
  WindowOf(const WindowOf&) = delete;
  WindowOf& operator=(const WindowOf&) = delete;
  ~WindowOf() { transport_.close_window(id_); }

  [[nodiscard]] std::span<std::byte> bytes() const { return file_.memory().subspan(before_); }
  std::span<std::byte> part(std::size_t at, std::size_t bytes, std::uint32_t seed) {
    const Memory fill = pattern(bytes, seed);
    std::copy(fill.begin(), fill.end(), this->bytes().begin() + static_cast<std::ptrdiff_t>(at));
    return this->bytes().subspan(at, bytes);
  }

 private:
  Transport& transport_;
  SealedMemory file_;
  std::size_t before_;
  WindowId id_{};
};

TEST_P(Conformance, SendsFromWindowsAndIntoThem) {
  auto parties = all_to_all(2);
  WindowOf left(parties[0]->transport(), 9 << 20, 12288);
  WindowOf right(parties[1]->transport(), 9 << 20);
  std::size_t at = 0;
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4000}, std::size_t{8192}, std::size_t{100'003},
                                  std::size_t{1} << 20, std::size_t{5} << 20}) {
    const auto sent = left.part(at, bytes, static_cast<std::uint32_t>(bytes));
    const auto got = right.bytes().subspan(at, bytes);
    parties[0]->send(kRight, sent);
    parties[1]->recv(kLeft, got);
    ASSERT_TRUE(finish_all(parties));
    EXPECT_TRUE(same(sent, got)) << bytes;
    at += bytes + 1;
  }
}

TEST_P(Conformance, MixesMessagesOfWindowsWithOthersInTheirOrder) {
  auto parties = all_to_all(2);
  WindowOf window(parties[0]->transport(), 4 << 20);
  std::vector<Memory> own;
  std::vector<Memory> got;
  std::vector<std::span<const std::byte>> sent;
  for (std::uint32_t i = 0; i < 120; ++i) {
    const std::size_t bytes = std::size_t{1} << (i * 5 % 16);
    if (i % 3 == 0) {
      sent.push_back(window.part(std::size_t{i} << 15, bytes, i));
    } else {
      own.push_back(pattern(bytes, i));
      sent.push_back(own.back());
    }
    got.emplace_back(bytes);
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    parties[0]->send(kRight, sent[i]);
    parties[1]->recv(kLeft, got[i]);
    if (i % 7 == 0) parties[0]->poll();
    if (i % 5 == 0) parties[1]->poll();
  }
  ASSERT_TRUE(finish_all(parties));
  for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_TRUE(same(sent[i], got[i])) << i;
}

TEST_P(Conformance, KnowsTheWindowsThatAreOpenNow) {
  auto parties = all_to_all(2);
  Memory got(300'000);
  for (std::uint32_t round = 0; round < 20; ++round) {
    WindowOf first(parties[0]->transport(), 1 << 20);
    WindowOf second(parties[0]->transport(), 1 << 20, 4096);
    auto& window = round % 2 == 0 ? first : second;
    const auto sent = window.part(round * 16, got.size(), round);
    parties[0]->send(kRight, sent);
    parties[1]->recv(kLeft, got);
    ASSERT_TRUE(finish_all(parties));
    EXPECT_TRUE(same(sent, got));
  }
}

TEST_P(Conformance, SendsWhatLiesInAWindowInPart) {
  auto parties = all_to_all(2);
  SealedMemory file = SealedMemory::create(1 << 20).value();
  const auto window = file.memory().subspan(4096, 8192 * 5);
  const auto id = parties[0]->transport().open_window({.bytes = window, .file = file.fd(), .offset = 4096}).value();
  const Memory fill = pattern(file.memory().size(), 3);
  std::copy(fill.begin(), fill.end(), file.memory().begin());
  for (const std::size_t at : {std::size_t{0}, std::size_t{4095}, std::size_t{40'000}, std::size_t{500'000}}) {
    Memory got(20'000);
    parties[0]->send(kRight, file.memory().subspan(at, got.size()));
    parties[1]->recv(kLeft, got);
    ASSERT_TRUE(finish_all(parties));
    EXPECT_TRUE(same(got, std::span(fill).subspan(at, got.size()))) << at;
  }
  parties[0]->transport().close_window(id);
}

TEST_P(Conformance, NeverTakesWhatWasWrittenAfterCancelForTheMessage) {
  for (int polls = 0; polls < 40; ++polls) {
    auto parties = all_to_all(2);
    WindowOf window(parties[0]->transport(), 2 << 20);
    const auto sent = window.part(0, 2 << 20, 1);
    const Memory meant(sent.begin(), sent.end());
    Memory got(sent.size());
    parties[0]->send(kRight, sent);
    const auto token = parties[1]->recv(kLeft, got);
    for (int i = 0; i < polls; ++i) parties[static_cast<std::size_t>(i % 2)]->poll();
    parties[0]->cancel();
    std::fill(sent.begin(), sent.end(), std::byte{0});
    ASSERT_TRUE(parties[1]->finish());
    if (!parties[1]->failed(token)) {
      EXPECT_TRUE(same(got, meant)) << polls;
    }
  }
}

}  // namespace
}  // namespace tutti::transport::conformance
