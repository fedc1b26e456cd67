#include "transports/shm/stores.hpp"

#include <algorithm>
#include <limits>

namespace tutti::transport::shm {
namespace {

// Shorter pieces are written with ordinary stores: a streaming store waits for memory once a piece.
constexpr std::size_t kLeast = std::size_t{8} << 10;

// One piece in so many is timed: looking at the clock twice takes as long as copying some hundred bytes.
constexpr unsigned kTimed = 8;
// After so many bytes the other stores are tried, with so many pieces: where they are four times as slow, that costs
// some 3 % of the time, and a change is noticed within milliseconds of traffic.
constexpr std::uint64_t kBetweenTries = std::uint64_t{16} << 20;
constexpr unsigned kTries = 4;

}  // namespace

void RecentCost::add(std::size_t bytes, std::uint64_t nanoseconds) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (bytes == 0) return;
  const std::uint64_t cost = std::clamp<std::uint64_t>(nanoseconds * 1000 / bytes, 1, kMost);
  last_[next_++ % last_.size()] = static_cast<std::uint32_t>(cost);
}

std::uint32_t RecentCost::least() const {
  const auto known = std::min(next_, last_.size());
  return known == 0 ? 0 : *std::min_element(last_.begin(), last_.begin() + static_cast<std::ptrdiff_t>(known));
}

std::optional<StorePlan> StoreChoice::next(std::size_t bytes) {
  if (bytes < kLeast) return std::nullopt;
  const Stores best = better();
  const Stores other = best == Stores::ordinary ? Stores::streaming : Stores::ordinary;
  // The first pieces are of one kind, then of the other.
  if (pieces_ == kTries || since_tries_ >= kBetweenTries) {
    since_tries_ = 0;
    tries_left_ = kTries;
  }
  const bool is_try = tries_left_ > 0;
  const bool is_timed = is_try || pieces_ < kTries || pieces_ % kTimed == 0;
  since_tries_ += bytes;
  ++pieces_;
  if (is_try) --tries_left_;
  return StorePlan{is_try ? other : best, is_timed};
}

Stores StoreChoice::better() const {
  std::array<std::uint64_t, kStores> total{};
  for (std::size_t i = 0; i < kStores; ++i) {
    if (writing_[i].least() == 0 || reading_[i] == 0) return Stores::ordinary;
    total[i] = std::uint64_t{writing_[i].least()} + reading_[i];
  }
  const auto of = [&](Stores stores) { return total[static_cast<std::size_t>(stores)]; };
  return of(Stores::streaming) < of(Stores::ordinary) ? Stores::streaming : Stores::ordinary;
}

}  // namespace tutti::transport::shm
