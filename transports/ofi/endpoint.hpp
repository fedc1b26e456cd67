// The path to one peer: sends leave as packets, packets that arrive go to their receives.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transports/fifo.hpp"
#include "transports/ofi/address.hpp"
#include "transports/ofi/inbox.hpp"
#include "transports/ofi/listener.hpp"
#include "transports/ofi/rail.hpp"

namespace tutti::transport::ofi {

class OfiEndpoint;

/// What the endpoints of a rank share.
struct Self {
  Rank rank{};
  std::string path;  // as errors show it: "ofi tcp;ofi_rxm eth0"
  std::uint64_t door = 0;
  FileDescriptor epoll;
  std::optional<Listener> listener;
  std::unique_ptr<Rail> rail;
  std::vector<Completion> done;      // not yet handed out
  std::vector<OfiEndpoint*> active;  // have something to do in the next progress
  std::vector<OfiEndpoint*> ending;  // have lost their peers
  std::size_t in_flight = 0;         // packets that libfabric has not given back
};

class OfiEndpoint final : public Endpoint {
 public:
  OfiEndpoint(Self& self, Rank peer) : self_(self), peer_(peer) {}

  /// Makes the path known to libfabric and calls the peer.
  void open(const Address& address, TimePoint now);

  void post(std::span<const Transfer> batch) override;
  [[nodiscard]] const Error* failure() const override { return failure_ ? &*failure_ : nullptr; }

  /// Does what can be done now. False: the provider took nothing more; to be called again.
  bool advance();
  void arrived(const Header& header, const std::byte* payload, TimePoint now);
  /// A packet of this path has come back from libfabric.
  void sent(int error);

  /// Looks after the lifeline.
  void check();
  /// Ends a path whose peer is gone, as soon as nothing of the peer can come any more. True: it is over with it.
  bool settle(TimePoint now);
  /// Whether `settle` will do nothing before something new happens.
  [[nodiscard]] bool is_settled() const { return all_is_here_; }

  /// Ends the path without completing anything.
  void cancel(Error why);

 private:
  bool push_sends();
  bool send_packet(Header header, const std::byte* payload);
  void depart(Error error, std::optional<std::uint64_t> packets);
  void refuse(const Inbox::Fault& fault);
  void fail(Error error, Farewell::Reason reason);
  void end(Error error, Farewell::Reason reason);
  void activate();

  Self& self_;
  Rank peer_;
  fi_addr_t handle_ = FI_ADDR_UNSPEC;
  std::uint64_t peer_door_ = 0;
  Lifeline lifeline_;
  Inbox inbox_;
  Fifo<Transfer> sends_;
  std::size_t sent_ = 0;      // bytes of the first send
  std::uint64_t number_ = 0;  // of the first send
  std::uint64_t spent_ = 0;   // what all packets so far cost
  std::uint64_t allowed_ = Allowance::kUnasked;
  std::size_t in_flight_ = 0;  // packets
  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_arrived_ = 0;
  TimePoint last_arrival_{};
  bool active_ = false;  // listed in self_.active
  std::optional<Error> departure_;
  std::optional<std::uint64_t> packets_to_come_;  // that the peer had sent when it left, where it said so
  bool all_is_here_ = false;
  std::optional<Error> failure_;
};

}  // namespace tutti::transport::ofi
