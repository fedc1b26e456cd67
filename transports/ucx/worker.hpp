// A UCX context with one worker: what a rank has of UCX, and gives back.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "transports/ucx/library.hpp"

namespace tutti::transport::ucx {

class Worker {
 public:
  static Result<std::unique_ptr<Worker>> create(const std::string& devices);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// Waits for nobody. All that is in flight is dropped.
  ~Worker();

  [[nodiscard]] const Library& ucx() const { return *library_; }
  [[nodiscard]] ucp_worker_h handle() const { return worker_; }
  [[nodiscard]] int event_fd() const { return event_fd_; }
  [[nodiscard]] const std::vector<std::byte>& address() const { return address_; }
  /// The network transports and devices: "tcp eth0".
  [[nodiscard]] std::string devices() const;

  /// Whether this UCX ends the process when a path is closed before it is connected: 1.13 and older do over reliable
  /// connections, whose request to connect waits for the peer (openucx/ucx pull request 8175).
  [[nodiscard]] bool aborts_on_early_close() const { return aborts_on_early_close_; }
  /// Leaves the worker to the process: it is progressed no more, so it touches nobody's memory, and is never given
  /// back.
  void abandon() { abandoned_ = true; }

 private:
  explicit Worker(std::shared_ptr<const Library> library) : library_(std::move(library)) {}
  Status start(const std::string& devices);
  Status read_address();

  std::shared_ptr<const Library> library_;
  ucp_context_h context_ = nullptr;
  ucp_worker_h worker_ = nullptr;
  int event_fd_ = -1;
  bool aborts_on_early_close_ = false;
  bool abandoned_ = false;
  std::vector<std::byte> address_;
};

}  // namespace tutti::transport::ucx
