// What the C handles point to.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "comm/communicator.hpp"
#include "comm/stream.hpp"
#include "tutti/tutti.h"

namespace tutti::api {
class Allocation;
}  // namespace tutti::api

/// Memory that a communicator's peers reach where it lies. Owned by the communicator's handle.
struct tuttiWindow {
  std::byte* begin = nullptr;
  std::byte* end = nullptr;
  tutti::comm::Communicator::Window opened;
  std::shared_ptr<tutti::api::Allocation> allocation;  // that it lies in; null for memory of other origin
};

/// A communicator that exists, is being made, or could not be made.
struct tuttiComm {
  static constexpr unsigned kAlive = 0x434f4d4d;

  unsigned magic = kAlive;
  std::atomic<bool> ready{false};  // `communicator` or `failure` may be read
  std::unique_ptr<tutti::comm::Communicator> communicator;
  std::optional<tutti::Error> failure;
  std::thread joining;  // a non-blocking init
  std::mutex windows_lock;
  std::list<tuttiWindow> windows;

  ~tuttiComm() {
    if (joining.joinable()) joining.join();
    magic = 0;
  }
};

struct tuttiStream {
  static constexpr unsigned kAlive = 0x5354524d;

  unsigned magic = kAlive;
  tutti::comm::Stream stream;

  ~tuttiStream() { magic = 0; }
};
