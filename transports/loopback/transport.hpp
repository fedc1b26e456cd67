// One rank at a hub.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/file_descriptor.hpp"
#include "transports/loopback/endpoint.hpp"
#include "transports/windows.hpp"

namespace tutti::transport::loopback {

/// Whose a window is.
std::uint64_t owner_number(const Hub& hub, Rank rank);

class LoopbackTransport final : public Transport {
 public:
  LoopbackTransport(Hub& hub, Rank rank) : hub_(hub), rank_(rank) {}
  ~LoopbackTransport() override;

  [[nodiscard]] std::string_view name() const override { return "loopback"; }
  [[nodiscard]] Capabilities capabilities() const override;
  [[nodiscard]] std::string describe() const override { return "loopback"; }
  [[nodiscard]] std::vector<std::byte> address() const override;
  [[nodiscard]] bool can_reach(std::span<const std::byte> address) const override;
  Result<Endpoint*> connect(Rank peer, std::span<const std::byte> address) override;
  void progress(TimePoint now, std::vector<Completion>& completed) override;
  Result<WindowId> open_window(const WindowMemory& memory) override;
  void close_window(WindowId window) override;
  [[nodiscard]] std::vector<std::byte> window_key(WindowId window) const override;
  [[nodiscard]] std::uint64_t arrived(WindowId window, std::uint32_t signal) const override;
  void cancel() override;
  [[nodiscard]] std::size_t memory() const override { return 0; }
  [[nodiscard]] int wait_fd() const override;
  bool prepare_to_sleep() override;

  // For endpoints, under the hub's lock.
  [[nodiscard]] Rank rank() const { return rank_; }
  void touch(LoopbackEndpoint& endpoint);
  void complete(Completion completion);
  void wake();
  [[nodiscard]] Windows& windows() { return windows_; }
  /// Null: it has left.
  [[nodiscard]] LoopbackTransport* member(Rank rank) const;

 private:
  int doorbell() const;

  Hub& hub_;
  Rank rank_;
  std::map<Rank, std::unique_ptr<LoopbackEndpoint>> endpoints_;
  std::vector<LoopbackEndpoint*> touched_;  // what `progress` must look at: it costs nothing to have many idle peers
  std::vector<LoopbackEndpoint*> advancing_;
  std::vector<Completion> done_;
  Windows windows_;
  bool sleeping_ = false;
  bool cancelled_ = false;
  mutable FileDescriptor doorbell_;  // made on first use: thousands of virtual ranks need none
};

}  // namespace tutti::transport::loopback
