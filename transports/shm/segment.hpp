// Shared memory without a name: a sealed memfd, mapped. It vanishes with its last user, however that one ends.
#pragma once

#include <cstddef>
#include <span>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace tutti::transport::shm {

class Segment {
 public:
  /// Zeroed memory whose size nobody can change any more. All of it is allocated: no access can end in SIGBUS.
  static Result<Segment> create(std::size_t bytes);

  /// Maps a peer's. Fails with transport unless it is sealed and has exactly this size.
  static Result<Segment> adopt(FileDescriptor memory, std::size_t bytes);

  Segment(Segment&& other) noexcept;
  Segment& operator=(Segment&& other) = delete;
  ~Segment();

  [[nodiscard]] std::span<std::byte> memory() const { return memory_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The mapping stays when the descriptor is not needed any more.
  void close_fd() { fd_.reset(); }

 private:
  static Result<Segment> map(FileDescriptor fd, std::size_t bytes);
  Segment(FileDescriptor fd, std::span<std::byte> memory) : fd_(std::move(fd)), memory_(memory) {}

  FileDescriptor fd_;
  std::span<std::byte> memory_;
};

}  // namespace tutti::transport::shm
