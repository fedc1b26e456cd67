// The path to one peer: sends flow out through one ring, receives are served from another.
#pragma once

#include <optional>
#include <string>

#include "transports/fifo.hpp"
#include "transports/shm/connection.hpp"

namespace tutti::transport::shm {

class ShmEndpoint final : public Endpoint {
 public:
  ShmEndpoint(Self& self, Rank peer, const SocketName& socket)
      : self_(self), peer_(peer), connection_(self, this, peer, socket) {}

  void post(std::span<const Transfer> batch) override;
  [[nodiscard]] const Error* failure() const override { return failure_ ? &*failure_ : nullptr; }

  /// Moves bytes. False: nothing is outstanding any more.
  bool advance();
  /// Looks after the connection.
  void check();
  Connection& connection() { return connection_; }
  /// Receives wait for a peer that has not called, or has not offered its ring.
  [[nodiscard]] bool expects_ring() const { return !consumer_ && !receives_.empty() && !failure_; }

  /// Tells the peer that this rank is about to sleep. False: there is work.
  bool prepare_to_sleep();
  void wake_up();

  /// Ends the path without completing anything.
  void cancel(Error why);

 private:
  void push_sends();
  bool open_ring();
  /// False: it stopped though there may be more.
  bool pull_receives();
  [[nodiscard]] std::optional<Error> misfit(const Transfer& receive, const Consumer::Piece& piece) const;
  void take(const Transfer& receive, const Consumer::Piece& piece);
  void settle(bool pulled_all);
  void fail(Error error, Goodbye::Reason reason);
  void end(Error error, Goodbye::Reason reason);
  void activate();
  [[nodiscard]] bool is_idle() const { return sends_.empty() && receives_.empty(); }
  [[nodiscard]] Error scribbled() const;

  Self& self_;
  Rank peer_;
  Connection connection_;
  std::optional<Segment> out_memory_;
  std::optional<Segment> in_memory_;
  std::optional<Producer> producer_;
  std::optional<Consumer> consumer_;
  Fifo<Transfer> sends_;
  Fifo<Transfer> receives_;
  std::size_t sent_ = 0;      // of the first send
  std::size_t received_ = 0;  // of the first receive
  bool active_ = false;       // listed in self_.active
  std::optional<Error> failure_;
};

}  // namespace tutti::transport::shm
