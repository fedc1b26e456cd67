// With which stores a ring is written: what both sides measure decides, while the ring runs.
//
// Ordinary stores leave a piece in its writer's caches, and the reader fetches it from there; streaming stores take it
// to memory. Cores that share a cache do better with the first, and spare the memory. Between cores that do not, each
// line's way from cache to cache is long, and the second is several times as quick. Nobody tells which cores these are:
// in a virtual machine it even changes. So some pieces are timed, and now and then the other stores are tried.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tutti::transport::shm {

enum class Stores : std::uint8_t { ordinary, streaming };

inline constexpr std::size_t kStores = 2;

/// How a piece is written, and whether both sides take the time.
struct StorePlan {
  Stores stores{};
  bool is_timed = false;

  [[nodiscard]] std::size_t place() const { return static_cast<std::size_t>(stores); }
};

/// The least of the last few times, in ps a byte: what interrupts a copy only ever makes it longer.
class RecentCost {
 public:
  void add(std::size_t bytes, std::uint64_t nanoseconds);
  /// 0: nothing was added yet.
  [[nodiscard]] std::uint32_t least() const;

 private:
  std::array<std::uint32_t, 4> last_{};
  std::size_t next_ = 0;
};

/// The writer's side. Not thread-safe, as its ring's producer.
class StoreChoice {
 public:
  /// For the piece that is written next; nothing for one that is too short to matter.
  std::optional<StorePlan> next(std::size_t bytes);
  /// What writing a piece took that was to be timed.
  void wrote(const StorePlan& plan, std::size_t bytes, std::uint64_t nanoseconds) {
    writing_[plan.place()].add(bytes, nanoseconds);
  }
  /// What reading takes, as the reader says: ps a byte for each of the stores, 0 for what it does not know. It is free
  /// to lie.
  void heard(const std::array<std::uint32_t, kStores>& reading) { reading_ = reading; }

 private:
  [[nodiscard]] Stores better() const;

  std::array<RecentCost, kStores> writing_;
  std::array<std::uint32_t, kStores> reading_{};
  unsigned pieces_ = 0;            // in all
  std::uint64_t since_tries_ = 0;  // bytes
  unsigned tries_left_ = 0;        // of the other stores
};

}  // namespace tutti::transport::shm
