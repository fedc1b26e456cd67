// The path to one peer: sends flow out through one ring, receives are served from another.
#pragma once

#include <optional>
#include <string>

#include "transports/fifo.hpp"
#include "transports/shm/connection.hpp"
#include "transports/shm/puts.hpp"

namespace tutti::transport::shm {

class ShmEndpoint final : public Endpoint {
 public:
  ShmEndpoint(Self& self, Rank peer, const SocketName& socket)
      : self_(self),
        peer_(peer),
        window_owner_(owner_number(socket)),
        connection_(self, this, peer, socket),
        puts_(self, connection_, peer) {}
  ~ShmEndpoint() override { revoke(); }

  void post(std::span<const Transfer> batch) override;
  Status put(std::span<const Put> batch) override;
  [[nodiscard]] Status admits(const Put& put) const override;
  bool send_now(std::span<const std::byte> message, std::uint32_t fingerprint) override;
  bool recv_now(std::span<std::byte> message, std::uint32_t fingerprint) override;
  bool combine_now(std::span<std::byte> out, const std::byte* operand, const Combine& combine,
                   std::uint32_t fingerprint) override;
  [[nodiscard]] const Error* failure() const override { return failure_ ? &*failure_ : nullptr; }

  /// Moves bytes. False: nothing is outstanding any more.
  bool advance();
  /// Looks after the connection.
  void check();
  Connection& connection() { return connection_; }
  /// Receives wait for a peer that has not called, or has not offered its ring.
  [[nodiscard]] bool expects_ring() const { return !consumer_ && !receives_.empty() && !failure_; }

  /// Tells the peer that this rank is about to sleep.
  void announce_sleep();
  /// After that, and after a fence if there are fences. False: there is work.
  bool may_sleep();
  void wake_up();

  /// Ends the path without completing anything.
  void cancel(Error why);

  /// The peer need not keep a window any more.
  void unshare(WindowId window) { connection_.unshare(window); }

  /// Bytes of its rings.
  [[nodiscard]] std::size_t memory() const { return (out_memory_ ? out_memory_->memory().size() : 0) + puts_.memory(); }

 private:
  bool find_now(std::size_t bytes, std::uint32_t fingerprint, Consumer::Piece& piece);
  void release_now(const Consumer::Piece& piece);
  void push_sends();
  [[nodiscard]] std::optional<Direct> place_of(const Transfer& send);
  void settle_left();
  bool open_ring();
  /// False: it stopped though there may be more.
  bool pull_receives();
  [[nodiscard]] std::optional<Error> misfit(const Transfer& receive, const Consumer::Piece& piece) const;
  void take(const Transfer& receive, const Consumer::Piece& piece);
  // The next slice of what lies in the peer's memory.
  Status take_direct(const Transfer& receive, const Direct& direct);
  Status read_direct(const Transfer& receive, std::uint64_t address, std::size_t bytes);
  [[nodiscard]] Error unreadable();
  bool pull_next(const Transfer& receive, std::size_t& spent);
  void move_puts();
  void settle(bool pulled_all);
  void fail(Error error, Goodbye::Reason reason);
  void end(Error error, Goodbye::Reason reason);
  void revoke();
  void activate();
  [[nodiscard]] bool is_idle() const {
    return sends_.empty() && receives_.empty() && left_.empty() && !puts_.has_to_send();
  }
  [[nodiscard]] Error scribbled() const;

  Self& self_;
  Rank peer_;
  std::uint64_t window_owner_;  // the peer, as windows' keys name it
  Connection connection_;
  Puts puts_;
  std::optional<SealedMemory> out_memory_;
  std::optional<SealedMemory> in_memory_;
  std::optional<Producer> producer_;
  std::optional<Consumer> consumer_;
  Fifo<Transfer> sends_;
  Fifo<Transfer> receives_;
  // Sends whose messages were left where they lie, until the peer has read them.
  struct Left {
    std::uint64_t cell = 0;
    std::uint64_t token = 0;
  };
  Fifo<Left> left_;
  std::size_t sent_ = 0;                    // of the first send
  std::size_t received_ = 0;                // of the first receive
  std::optional<Consumer::Piece> reading_;  // a direct one, checked, of which `received_` bytes have been read
  bool active_ = false;                     // listed in self_.active
  std::optional<Error> failure_;
};

}  // namespace tutti::transport::shm
