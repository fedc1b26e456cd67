// How much one side of a path may send before the other has said more. Both count what they call *cost*, from the
// beginning of the path: 192 for each message, and its bytes.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tutti::transport::packets {

/// What holding a message costs besides its bytes, where it comes before its receive.
inline constexpr std::uint64_t kMessageCost = 192;

/// The receiver's books.
class Allowance {
 public:
  /// What may come before its receive is posted: held in memory of this rank, for each peer.
  static constexpr std::uint64_t kUnasked = std::uint64_t{32} << 10;
  /// What may be under way to posted receives.
  static constexpr std::uint64_t kWindow = std::uint64_t{1} << 20;

  void posted(std::uint64_t bytes) { posted_ += kMessageCost + bytes; }
  void consumed(std::uint64_t cost) { consumed_ += cost; }

  [[nodiscard]] std::uint64_t now() const { return std::min(posted_ + kUnasked, consumed_ + kWindow); }

  /// Whether the sender should hear of it without waiting for a packet that goes there anyway. Less than what is
  /// allowed unasked: so whatever a posted receive waits for has always been allowed, and nobody waits in a circle.
  [[nodiscard]] bool is_news() const { return now() >= told_ + kNews; }
  static constexpr std::uint64_t kNews = kUnasked / 4 * 3;
  void tell(std::uint64_t allowed) { told_ = allowed; }

 private:
  std::uint64_t posted_ = 0;
  std::uint64_t consumed_ = 0;
  std::uint64_t told_ = kUnasked;
};

}  // namespace tutti::transport::packets
