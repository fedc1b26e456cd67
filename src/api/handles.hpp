// What the C handles point to.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "comm/communicator.hpp"
#include "comm/stream.hpp"
#include "tutti/tutti.h"

/// A communicator that exists, is being made, or could not be made.
struct tuttiComm {
  static constexpr unsigned kAlive = 0x434f4d4d;

  unsigned magic = kAlive;
  std::atomic<bool> ready{false};  // `communicator` or `failure` may be read
  std::unique_ptr<tutti::comm::Communicator> communicator;
  std::optional<tutti::Error> failure;
  std::thread joining;  // a non-blocking init

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
