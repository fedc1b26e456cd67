#include "tools/perf/buffer.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/available_memory.hpp"
#include "base/bytes.hpp"
#include "tools/perf/seat.hpp"

namespace tutti::perf {

namespace {

Status check_available(std::size_t bytes) {
  const std::size_t available = available_memory();
  if (bytes <= available) return {};
  return Error{Code::system, fmt::format("{} of memory for one buffer; {} are available: choose a smaller -e",
                                         to_string(Bytes{bytes}), to_string(Bytes{available >> 20 << 20}))};
}

}  // namespace

Result<Buffer> Buffer::make(std::size_t bytes) {
  TUTTI_TRY(check_available(bytes));
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {  // NOLINT: POSIX's cast
    return Error{Code::system,
                 fmt::format("cannot have {} of memory: {}", to_string(Bytes{bytes}), std::strerror(errno))};
  }
  std::memset(memory, 0, bytes);
  return Buffer(static_cast<std::byte*>(memory), bytes);
}

Result<Buffer> Buffer::make_window(std::size_t bytes, tuttiComm_t comm) {
  TUTTI_TRY(check_available(bytes));
  void* memory = nullptr;
  TUTTI_TRY(checked(tuttiMemAlloc(&memory, bytes), "memory for a window"));
  Buffer buffer(static_cast<std::byte*>(memory), bytes);
  buffer.comm_ = comm;
  TUTTI_TRY(checked(tuttiWindowRegister(comm, memory, bytes, &buffer.window_), "a window"));
  std::memset(memory, 0, bytes);
  return buffer;
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      comm_(std::exchange(other.comm_, nullptr)),
      window_(std::exchange(other.window_, nullptr)) {}

Buffer::~Buffer() {
  if (comm_ != nullptr) {
    (void)tuttiWindowDeregister(comm_, window_);
    (void)tuttiMemFree(data_);
  } else if (data_ != nullptr) {
    ::munmap(data_, size_);
  }
}

}  // namespace tutti::perf
