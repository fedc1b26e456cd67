#include "perf/limits/memory.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tutti::limits {

Result<Pages> Pages::make(std::size_t bytes) {
  void* const data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return Error{Code::system, fmt::format("cannot map {} bytes of shared memory: {}", bytes, std::strerror(errno))};
  std::fill_n(static_cast<float*>(data), bytes / sizeof(float), 1.0F);
  return Pages(static_cast<std::byte*>(data), bytes);
}

Pages::Pages(Pages&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}

Pages::~Pages() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace tutti::limits
