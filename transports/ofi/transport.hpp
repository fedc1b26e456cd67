// One rank: its rail, its endpoints, and who calls it.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "transports/ofi/endpoint.hpp"
#include "transports/ofi/ofi.hpp"

namespace tutti::transport::ofi {

class OfiTransport final : public Transport {
 public:
  OfiTransport(std::unique_ptr<Self> self, const SocketAddress& lifeline, FileDescriptor alarm);
  ~OfiTransport() override;

  [[nodiscard]] std::string_view name() const override { return "ofi"; }
  [[nodiscard]] Capabilities capabilities() const override { return {.combines = true, .shares_memory = false}; }
  [[nodiscard]] std::string describe() const override { return self_->path; }
  [[nodiscard]] std::vector<std::byte> address() const override { return encode(address_); }
  [[nodiscard]] bool can_reach(std::span<const std::byte> address) const override;
  Result<Endpoint*> connect(Rank peer, std::span<const std::byte> address) override;
  void progress(TimePoint now, std::vector<Completion>& completed) override;
  void cancel() override;
  [[nodiscard]] int wait_fd() const override { return self_->epoll.get(); }
  bool prepare_to_sleep() override;

 private:
  [[nodiscard]] bool is_peer(const Address& address) const;
  bool check_lifelines();
  void judge_descriptor(bool something_came);
  void advance();
  std::size_t poll_rail(bool rang);
  void take(Packet& packet, std::size_t bytes);
  void settle();
  void flush();

  std::unique_ptr<Self> self_;
  Address address_;
  FileDescriptor alarm_;  // wakes where the provider has no descriptor that is good for waiting
  bool needs_alarm_ = false;
  int futile_ = 0;  // how often in a row its descriptor was readable for nothing
  std::unordered_map<std::int32_t, std::unique_ptr<OfiEndpoint>> endpoints_;
  std::map<Rank, std::vector<std::vector<std::byte>>> early_birds_;  // packets of ranks that are not connected yet
  TimePoint now_{};
  TimePoint next_check_ = TimePoint::min();
  bool cancelled_ = false;
};

}  // namespace tutti::transport::ofi
