// The windows of a rank: what peers may put into, and how much has come. The same for every transport.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "transports/transport.hpp"

namespace tutti::transport {

/// What names a window to peers.
struct WindowKey {
  std::uint64_t owner = 0;  // whose it is: a number that no two ranks of a transport share
  std::uint32_t window = 0;
  std::uint64_t bytes = 0;
  std::span<const std::byte> more{};  // what the transport needs besides; not copied
};

/// Format: "twk1", checksum of what follows (8 bytes: FNV-1a), owner (8), bytes (8), window (4), `more`.
std::vector<std::byte> encode(const WindowKey& key);
/// Nothing for bytes that `encode` does not make. `more` points into them.
std::optional<WindowKey> decode_window_key(std::span<const std::byte> bytes);

/// The key of a put to `peer`, which is `owner`; `path` is the transport as errors show it. Fails with
/// invalid_argument, as Endpoint::put says.
Result<WindowKey> key_of(const Put& put, std::uint64_t owner, Rank peer, std::string_view path);

class Windows {
 public:
  /// Fails with invalid_argument where it overlaps another one, or is empty.
  Result<WindowId> open(std::span<std::byte> memory, std::string_view path);
  void close(WindowId window) { open_.erase(static_cast<std::uint32_t>(window)); }

  [[nodiscard]] std::vector<std::byte> key(WindowId window, std::uint64_t owner,
                                           std::span<const std::byte> more = {}) const;
  [[nodiscard]] std::uint64_t arrived(WindowId window, std::uint32_t signal) const;

  /// Where a put goes. Null: the window is closed, or ends before the put does.
  [[nodiscard]] std::byte* place(std::uint32_t window, std::uint64_t offset, std::uint64_t bytes) const;
  /// What has been put, once it can be read. False where there is no such window or signal.
  bool count(std::uint32_t window, std::uint32_t signal, std::uint64_t bytes);

 private:
  struct Window {
    std::span<std::byte> memory;
    std::vector<std::uint64_t> arrived;  // by signal; made with the first put
  };

  std::map<std::uint32_t, Window> open_;
  std::uint32_t next_ = 1;
};

}  // namespace tutti::transport
