#include "transports/shm/segment.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace tutti::transport::shm {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

Error refused(const char* what, std::size_t bytes, int error) {
  return {Code::system, fmt::format("shm: {} of {} bytes failed: {}", what, bytes, std::strerror(error))};
}

}  // namespace

Result<Segment> Segment::create(std::size_t bytes) {
  FileDescriptor fd(::memfd_create("tutti", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return refused("a shared segment", bytes, errno);
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0)
    return refused("the size of a shared segment", bytes, errno);
  if (const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes)); error != 0) {
    return refused("memory for a shared segment", bytes, error);
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return refused("sealing a shared segment", bytes, errno);
  return map(std::move(fd), bytes);
}

Result<Segment> Segment::adopt(FileDescriptor memory, std::size_t bytes) {
  const int seals = ::fcntl(memory.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) return Error{Code::transport, "shm: a peer's segment is not sealed"};
  struct stat status {};
  if (::fstat(memory.get(), &status) != 0 || static_cast<std::size_t>(status.st_size) != bytes) {
    return Error{Code::transport, "shm: a peer's segment has not the size that it says"};
  }
  return map(std::move(memory), bytes);
}

Result<Segment> Segment::map(FileDescriptor fd, std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return refused("mapping a shared segment", bytes, errno);
  return Segment(std::move(fd), {static_cast<std::byte*>(memory), bytes});
}

Segment::Segment(Segment&& other) noexcept : fd_(std::move(other.fd_)), memory_(std::exchange(other.memory_, {})) {}

Segment::~Segment() {
  if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
}

}  // namespace tutti::transport::shm
