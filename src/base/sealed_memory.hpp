// Memory that processes share without a name: a sealed memfd, mapped. It vanishes with its last user, however that one
// ends, and nobody can take it away from under another: no access ends in SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace tutti {

class SealedMemory {
 public:
  enum class Pages : std::uint8_t {
    small,
    large,  // those that the machine has set aside, if they suffice; else what it gives
  };

  /// Zeroed memory whose size nobody can change any more. All of it is allocated; fails with system
  /// where that much is not left. Large pages are whole: it
  /// may be more than `bytes`.
  static Result<SealedMemory> create(std::size_t bytes, Pages pages = Pages::small);

  /// Maps what another process, or this one, has created. Fails with transport unless it is sealed and has exactly this
  /// size.
  static Result<SealedMemory> adopt(FileDescriptor memory, std::size_t bytes);

  SealedMemory(SealedMemory&& other) noexcept;
  SealedMemory& operator=(SealedMemory&& other) = delete;
  ~SealedMemory();

  [[nodiscard]] std::span<std::byte> memory() const { return memory_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The mapping stays when the descriptor is not needed any more.
  void close_fd() { fd_.reset(); }

 private:
  static Result<SealedMemory> create_of(std::size_t bytes, unsigned flags);
  static Result<SealedMemory> map(FileDescriptor fd, std::size_t bytes);
  SealedMemory(FileDescriptor fd, std::span<std::byte> memory) : fd_(std::move(fd)), memory_(memory) {}

  FileDescriptor fd_;
  std::span<std::byte> memory_;
};

}  // namespace tutti
