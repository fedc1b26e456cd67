// One rank: its endpoints, who calls it, and how it sleeps.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "transports/shm/endpoint.hpp"
#include "transports/shm/listener.hpp"

namespace tutti::transport::shm {

class ShmTransport final : public Transport {
 public:
  ShmTransport(std::unique_ptr<Self> self, Listener listener)
      : self_(std::move(self)), listener_(std::move(listener)) {}

  [[nodiscard]] std::string_view name() const override { return "shm"; }
  [[nodiscard]] Capabilities capabilities() const override {
    return {.combines = true, .shares_memory = true, .goes_straight = true};
  }
  [[nodiscard]] std::string describe() const override { return "shm"; }
  [[nodiscard]] std::vector<std::byte> address() const override { return encode({self_->place, self_->socket}); }
  [[nodiscard]] bool can_reach(std::span<const std::byte> address) const override;
  Result<Endpoint*> connect(Rank peer, std::span<const std::byte> address) override;
  void progress(TimePoint now, std::vector<Completion>& completed) override;
  Result<WindowId> open_window(const WindowMemory& memory) override;
  void close_window(WindowId window) override;
  [[nodiscard]] std::vector<std::byte> window_key(WindowId window) const override {
    return self_->windows.key(window, owner_number(self_->socket));
  }
  [[nodiscard]] std::uint64_t arrived(WindowId window, std::uint32_t signal) const override {
    return self_->windows.arrived(window, signal);
  }
  void cancel() override;
  [[nodiscard]] std::size_t memory() const override;
  [[nodiscard]] int wait_fd() const override { return self_->epoll.get(); }
  bool prepare_to_sleep() override;

 private:
  void wake_up();
  void poll_connections(TimePoint now);

  std::unique_ptr<Self> self_;
  Listener listener_;
  std::map<Rank, std::unique_ptr<ShmEndpoint>> endpoints_;
  std::vector<ShmEndpoint*> unsettled_;  // to be checked without an event
  TimePoint next_poll_ = TimePoint::min();
  bool asleep_ = false;
  bool cancelled_ = false;
};

}  // namespace tutti::transport::shm
