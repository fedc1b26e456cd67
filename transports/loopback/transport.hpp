// One rank at a hub.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/file_descriptor.hpp"
#include "transports/loopback/endpoint.hpp"

namespace tutti::transport::loopback {

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
  void cancel() override;
  [[nodiscard]] int wait_fd() const override;
  bool prepare_to_sleep() override;

  // For endpoints, under the hub's lock.
  [[nodiscard]] Rank rank() const { return rank_; }
  void touch(LoopbackEndpoint& endpoint);
  void complete(Completion completion);

 private:
  void wake();
  int doorbell() const;

  Hub& hub_;
  Rank rank_;
  std::map<Rank, std::unique_ptr<LoopbackEndpoint>> endpoints_;
  std::vector<LoopbackEndpoint*> touched_;  // what `progress` must look at: it costs nothing to have many idle peers
  std::vector<LoopbackEndpoint*> advancing_;
  std::vector<Completion> done_;
  bool sleeping_ = false;
  bool cancelled_ = false;
  mutable FileDescriptor doorbell_;  // made on first use: thousands of virtual ranks need none
};

}  // namespace tutti::transport::loopback
