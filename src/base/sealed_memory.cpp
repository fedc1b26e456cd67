#include "base/sealed_memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/available_memory.hpp"

namespace tutti {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr std::size_t kLargePage = std::size_t{2} << 20;
constexpr std::size_t kWorthAsking = std::size_t{64} << 20;

Error refused(const char* what, std::size_t bytes, int error) {
  return {Code::system, fmt::format("{} of {} bytes failed: {}", what, bytes, std::strerror(error))};
}

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

Result<SealedMemory> SealedMemory::create(std::size_t bytes, Pages pages) {
  // To be told is better than to be killed for it while it is allocated.
  if (bytes >= kWorthAsking && bytes > available_memory()) return refused("shared memory", bytes, ENOMEM);
  if (pages == Pages::large && bytes >= kLargePage) {
    auto large = create_of(round_up(bytes, kLargePage), MFD_HUGETLB | MFD_HUGE_2MB);
    if (large) return large;
  }
  return create_of(bytes, 0);
}

Result<SealedMemory> SealedMemory::create_of(std::size_t bytes, unsigned flags) {
  FileDescriptor fd(::memfd_create("tutti", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags));
  if (!fd) return refused("a file for shared memory", bytes, errno);
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return refused("shared memory", bytes, errno);
  if (const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes)); error != 0) {
    return refused("shared memory", bytes, error);
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return refused("sealing shared memory", bytes, errno);
  return map(std::move(fd), bytes);
}

Result<SealedMemory> SealedMemory::adopt(FileDescriptor memory, std::size_t bytes) {
  const int seals = ::fcntl(memory.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) return Error{Code::transport, "a peer's shared memory is not sealed"};
  struct stat status {};
  if (::fstat(memory.get(), &status) != 0 || static_cast<std::size_t>(status.st_size) != bytes) {
    return Error{Code::transport, "a peer's shared memory has not the size that it says"};
  }
  return map(std::move(memory), bytes);
}

Result<SealedMemory> SealedMemory::map(FileDescriptor fd, std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return refused("mapping shared memory", bytes, errno);
  return SealedMemory(std::move(fd), {static_cast<std::byte*>(memory), bytes});
}

SealedMemory::SealedMemory(SealedMemory&& other) noexcept
    : fd_(std::move(other.fd_)), memory_(std::exchange(other.memory_, {})) {}

SealedMemory::~SealedMemory() {
  if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
}

}  // namespace tutti
