// Memory that ranks share, and the windows in it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "api/edge.hpp"
#include "base/sealed_memory.hpp"

namespace tutti::api {

/// What tuttiMemAlloc gave. Its windows hold it, so it is known how many there are.
class Allocation {
 public:
  explicit Allocation(SealedMemory memory) : memory_(std::move(memory)) {}
  [[nodiscard]] std::span<std::byte> bytes() const { return memory_.memory(); }
  [[nodiscard]] int file() const { return memory_.fd(); }

 private:
  SealedMemory memory_;
};

namespace {

// Of this process: memory belongs to no communicator.
class Allocations {
 public:
  void* add(SealedMemory memory) {
    auto allocation = std::make_shared<Allocation>(std::move(memory));
    void* const begin = allocation->bytes().data();
    const std::lock_guard guard(lock_);
    by_address_.emplace(static_cast<std::byte*>(begin), std::move(allocation));
    return begin;
  }

  Status remove(void* begin) {
    const std::lock_guard guard(lock_);
    const auto found = by_address_.find(static_cast<std::byte*>(begin));
    if (found == by_address_.end())
      return Error{Code::invalid_argument, "ptr is not what tuttiMemAlloc gave, or has been freed"};
    const auto windows = found->second.use_count() - 1;
    if (windows > 0) {
      return Error{Code::invalid_usage, fmt::format("{} window{} in this memory: deregister {} first", windows,
                                                    windows == 1 ? " lies" : "s lie", windows == 1 ? "it" : "them")};
    }
    by_address_.erase(found);
    return {};
  }

  // The one that holds all of `bytes`; null if there is none. An error if it holds a part.
  Result<std::shared_ptr<Allocation>> find(std::span<std::byte> bytes) {
    const std::lock_guard guard(lock_);
    auto next = by_address_.upper_bound(bytes.data());
    if (next != by_address_.end() && next->first < bytes.data() + bytes.size()) return half();
    if (next == by_address_.begin()) return std::shared_ptr<Allocation>();
    const auto& before = std::prev(next)->second;
    const std::byte* const end = before->bytes().data() + before->bytes().size();
    if (end <= bytes.data()) return std::shared_ptr<Allocation>();
    if (bytes.data() + bytes.size() > end) return half();
    return before;
  }

 private:
  static Error half() {
    return {Code::invalid_argument, "the window lies in memory of tuttiMemAlloc in part: buff or size is wrong"};
  }

  std::mutex lock_;
  std::map<const std::byte*, std::shared_ptr<Allocation>> by_address_;
};

Allocations& allocations() {
  static Allocations all;
  return all;
}

// Runs `body` between the calls of the communicator.
template <typename Body>
auto in_turn(comm::Communicator& communicator, Body&& body) {
  const std::uint64_t ticket = communicator.take_ticket();
  while (!communicator.is_turn(ticket))
    std::this_thread::sleep_for(std::chrono::microseconds(50));  // calls before it have deadlines
  auto result = body();
  communicator.end_turn();
  return result;
}

Result<tuttiWindow*> open(tuttiComm& handle, comm::Communicator& communicator, std::span<std::byte> bytes) {
  const std::lock_guard guard(handle.windows_lock);
  std::byte* const end = bytes.data() + bytes.size();
  for (const tuttiWindow& other : handle.windows) {
    if (bytes.data() < other.end && other.begin < end)
      return Error{Code::invalid_usage, "the window overlaps another one of this communicator"};
  }
  auto allocation = TUTTI_TRY(allocations().find(bytes));
  transport::WindowMemory memory{.bytes = bytes};
  if (allocation) {
    memory.file = allocation->file();
    memory.offset = static_cast<std::uint64_t>(bytes.data() - allocation->bytes().data());
  }
  auto opened = TUTTI_TRY(in_turn(communicator, [&] { return communicator.open_window(memory); }));
  return &handle.windows.emplace_back(tuttiWindow{bytes.data(), end, std::move(opened), std::move(allocation)});
}

}  // namespace
}  // namespace tutti::api

using namespace tutti;
using namespace tutti::api;

tuttiResult_t tuttiMemAlloc(void** ptr, size_t size) {
  return guarded([&]() -> Status {
    if (ptr == nullptr) return null_argument("ptr");
    *ptr = nullptr;
    if (size == 0 || size > PTRDIFF_MAX)
      return Error{Code::invalid_argument, fmt::format("size is {}: it must be 1 to {}", size, PTRDIFF_MAX)};
    *ptr = allocations().add(TUTTI_TRY(SealedMemory::create(size, SealedMemory::Pages::large)));
    return {};
  });
}

tuttiResult_t tuttiMemFree(void* ptr) {
  return guarded([&]() -> Status { return ptr == nullptr ? Status{} : allocations().remove(ptr); });
}

tuttiResult_t tuttiWindowRegister(tuttiComm_t comm, void* buff, size_t size, tuttiWindow_t* win) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    if (win == nullptr) return null_argument("win");
    *win = nullptr;
    if (buff == nullptr) return null_argument("buff");
    const auto begin = reinterpret_cast<std::uintptr_t>(buff);
    if (size == 0 || size > PTRDIFF_MAX || begin + size < begin)
      return Error{Code::invalid_argument, fmt::format("size is {}: no memory at buff is that long", size)};
    *win = TUTTI_TRY(open(*comm, *communicator, {static_cast<std::byte*>(buff), size}));
    return {};
  });
}

tuttiResult_t tuttiWindowDeregister(tuttiComm_t comm, tuttiWindow_t win) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    if (win == nullptr) return {};
    const std::lock_guard guard(comm->windows_lock);
    const auto found = std::ranges::find_if(comm->windows, [&](const tuttiWindow& each) { return &each == win; });
    if (found == comm->windows.end())
      return Error{Code::invalid_argument, "win is not a window of this communicator, or is deregistered already"};
    in_turn(*communicator, [&] {
      communicator->close_window(found->opened);
      return true;
    });
    comm->windows.erase(found);
    return {};
  });
}
