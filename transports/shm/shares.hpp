// Memory that is read where it lies: the windows of this rank, and those that a peer has shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "base/sealed_memory.hpp"
#include "transports/shm/handshake.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::shm {

/// What a rank may share at most, and hence what a peer maps at most.
inline constexpr std::size_t kMaxShares = 4096;

/// This rank's windows that lie in sealed memory.
class Shares {
 public:
  struct Window {
    WindowId number{};
    std::span<std::byte> bytes;
    FileDescriptor file;
    std::uint64_t offset = 0;  // of `bytes` in the file
    std::uint64_t file_bytes = 0;
  };
  struct Place {
    const Window* window = nullptr;
    std::uint64_t offset = 0;
  };

  /// Fails with system when there are no descriptors left, unsupported beyond kMaxShares.
  Status open(WindowId number, const WindowMemory& memory);
  void close(WindowId number);
  [[nodiscard]] bool empty() const { return by_address_.empty(); }

  /// The window that holds all of `bytes`.
  [[nodiscard]] std::optional<Place> find(std::span<const std::byte> bytes) const;

 private:
  std::map<const std::byte*, Window> by_address_;
};

/// A peer's windows, as this rank has mapped them.
class PeerShares {
 public:
  /// Fails with transport when the peer's memory is not sealed, not as long as it says, or one too many.
  Status add(const Share& share, FileDescriptor file);
  void remove(WindowId number) { mapped_.erase(number); }
  /// Empty if there is no such window, or not all of it lies in it.
  [[nodiscard]] std::span<const std::byte> find(WindowId number, std::uint64_t offset, std::uint64_t bytes) const;

 private:
  struct Mapped {
    SealedMemory file;
    std::span<const std::byte> window;
  };
  std::map<WindowId, Mapped> mapped_;
};

/// Copies from another process's memory, or from this one's. False: that cannot be read.
bool read_process(pid_t process, std::uint64_t address, std::span<std::byte> out);

}  // namespace tutti::transport::shm
