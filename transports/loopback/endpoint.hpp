// One end of a path. Both ends live in one process, so that the receiver copies straight from the sender's memory.
#pragma once

#include <optional>
#include <vector>

#include "transports/fifo.hpp"
#include "transports/loopback/loopback.hpp"

namespace tutti::transport::loopback {

/// All members but those of Endpoint need the hub's lock.
class LoopbackEndpoint final : public Endpoint {
 public:
  LoopbackEndpoint(Hub& hub, LoopbackTransport& owner, Rank peer) : hub_(hub), owner_(owner), peer_(peer) {}

  void post(std::span<const Transfer> batch) override;
  Status put(std::span<const Put> batch) override;
  [[nodiscard]] Status admits(const Put& put) const override;
  bool send_now(std::span<const std::byte> message, std::uint32_t fingerprint) override;
  bool recv_now(std::span<std::byte> message, std::uint32_t fingerprint) override;
  bool combine_now(std::span<std::byte> out, const std::byte* operand, const Combine& combine,
                   std::uint32_t fingerprint) override;
  [[nodiscard]] const Error* failure() const override { return shown_failure_ ? &*shown_failure_ : nullptr; }

  void join(LoopbackEndpoint& other);
  /// The other end will not come back; what it has buffered here is still delivered.
  void other_left(Error why);
  void advance();
  void fail(const Error& error);
  /// Drops all transfers without completions, and leaves the other end alone.
  void abandon(const Error& error, const Error& for_other);
  /// Makes a failure visible to the owner's thread, which alone reads it.
  void show_failure();
  /// Once a touch; then it must be advanced.
  bool touched = false;

 private:
  [[nodiscard]] bool has_arrived(std::size_t bytes, std::uint32_t fingerprint);
  void drop_arrived();
  struct Buffered {
    std::vector<std::byte> bytes;
    std::uint32_t fingerprint = 0;
  };

  struct WindowPut {
    Put put;
    std::uint32_t window = 0;
  };

  void touch_other();
  void write_puts();
  void buffer_sends();
  bool buffer(std::span<const std::byte> message, std::uint32_t fingerprint);
  void receive();
  bool take(std::span<const std::byte> message, std::uint32_t fingerprint);
  [[nodiscard]] bool idle() const { return sends_.empty() && receives_.empty() && puts_.empty(); }

  Hub& hub_;
  LoopbackTransport& owner_;
  Rank peer_;
  LoopbackEndpoint* other_ = nullptr;
  Fifo<Transfer> sends_;
  Fifo<Transfer> receives_;
  Fifo<WindowPut> puts_;
  Fifo<Buffered> arrived_;  // before anything in the other's sends_
  std::size_t arrived_bytes_ = 0;
  std::optional<Error> departure_;
  std::optional<Error> failure_;
  std::optional<Error> shown_failure_;
};

}  // namespace tutti::transport::loopback
