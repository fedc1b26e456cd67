// What the bytes of a message cost by its size, where the processors of two ranks move them.
#pragma once

#include <array>
#include <cstddef>

namespace tutti::topology {

/// A line or so in the cache, what fits into it, what does not: one bandwidth cannot say that. Times in microseconds of
/// an exchange - both ranks send a message and receive as much - beyond latency and overheads. A value.
class MessageTimes {
 public:
  static constexpr std::size_t kSizes = 10;
  /// 64 bytes and four times as much each.
  static constexpr std::array<double, kSizes> kBytes = {64,    256,    1024,    4096,    16384,
                                                        65536, 262144, 1048576, 4194304, 16777216};

  std::array<double, kSizes> us{};

  [[nodiscard]] bool empty() const { return us.back() <= 0; }
  /// In between by a power of the bytes; below the least and above the greatest as these are.
  [[nodiscard]] double of(double bytes) const;
  /// The most bytes a nanosecond at any size from 1 KiB on.
  [[nodiscard]] double best_GBps() const;
  /// Times `factor`, as where so many ranks share a processor.
  [[nodiscard]] MessageTimes times(double factor) const;
  bool operator==(const MessageTimes&) const = default;
};

}  // namespace tutti::topology
