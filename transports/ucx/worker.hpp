// A UCX context with one worker: what a rank has of UCX, and gives back.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "transports/ucx/library.hpp"

namespace tutti::transport::ucx {

/// Of TCP, in bytes: what UCX sends and receives at once.
inline constexpr std::size_t kSegment = std::size_t{32} << 10;

class Worker {
 public:
  /// `devices`: UCX's names, with commas; empty: those that UCX chooses. `writes`: it can write into peers' memory.
  static Result<std::unique_ptr<Worker>> create(const std::string& devices, bool writes);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// Waits for nobody. All that is in flight is dropped.
  ~Worker();

  [[nodiscard]] const Library& ucx() const { return *library_; }
  [[nodiscard]] ucp_context_h context() const { return context_; }
  [[nodiscard]] ucp_worker_h handle() const { return worker_; }
  [[nodiscard]] int event_fd() const { return event_fd_; }
  [[nodiscard]] const std::vector<std::byte>& address() const { return address_; }

  /// One of UCX's network transports over one device.
  struct Resource {
    std::string transport;  // "tcp", "rc_verbs"
    std::string device;     // "eth0", "mlx5_0:1"
    bool operator==(const Resource&) const = default;
  };
  [[nodiscard]] std::vector<Resource> resources() const;
  /// The first of them: "tcp eth0".
  [[nodiscard]] std::string describe() const;

  /// Whether this UCX ends the process when a path is closed before it is connected: 1.13 and older do over reliable
  /// connections, whose request to connect waits for the peer (openucx/ucx pull request 8175).
  [[nodiscard]] bool aborts_on_early_close() const { return aborts_on_early_close_; }
  /// Whether this UCX ends the process when a worker is ended whose answer to a peer's first packet still waits to be
  /// connected, or never will be because the peer is gone: seen with 1.13 over TCP.
  [[nodiscard]] bool aborts_on_unfinished_end() const { return aborts_on_unfinished_end_; }
  /// Leaves the worker to the process: it is progressed no more, so it touches nobody's memory, and is never given
  /// back.
  void abandon() { abandoned_ = true; }
  [[nodiscard]] bool is_abandoned() const { return abandoned_; }

 private:
  explicit Worker(std::shared_ptr<const Library> library) : library_(std::move(library)) {}
  Status start(const std::string& devices, bool writes);
  Status read_address();

  std::shared_ptr<const Library> library_;
  ucp_context_h context_ = nullptr;
  ucp_worker_h worker_ = nullptr;
  int event_fd_ = -1;
  bool aborts_on_early_close_ = false;
  bool aborts_on_unfinished_end_ = false;
  bool abandoned_ = false;
  std::vector<std::byte> address_;
};

}  // namespace tutti::transport::ucx
