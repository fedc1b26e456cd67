#include "tools/perf/buffer.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "base/bytes.hpp"

namespace tutti::perf {

std::size_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  for (std::size_t kibibytes = 0; file >> name >> kibibytes; file.ignore(64, '\n')) {
    if (name == "MemAvailable:") return kibibytes * 1024;
  }
  return SIZE_MAX;
}

Result<Buffer> Buffer::make(std::size_t bytes) {
  if (const std::size_t available = available_memory(); bytes > available) {
    return Error{Code::system, fmt::format("{} of memory for one buffer; {} are available: choose a smaller -e",
                                           to_string(Bytes{bytes}), to_string(Bytes{available >> 20 << 20}))};
  }
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {  // NOLINT: POSIX's cast
    return Error{Code::system,
                 fmt::format("cannot have {} of memory: {}", to_string(Bytes{bytes}), std::strerror(errno))};
  }
  std::memset(memory, 0, bytes);
  return Buffer(static_cast<std::byte*>(memory), bytes);
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Buffer::~Buffer() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace tutti::perf
