// Puts to and from one peer. They go through a ring of their own in each direction: messages wait for their receives,
// and a put waits for nothing. Each is a cell that says where it belongs, and then its bytes, as a message.
#pragma once

#include <optional>

#include "transports/fifo.hpp"
#include "transports/shm/connection.hpp"

namespace tutti::transport::shm {

class Puts {
 public:
  /// Why the path must fail, and what the peer is told.
  struct Trouble {
    Error error;
    Goodbye::Reason reason = Goodbye::Reason::left;
  };

  Puts(Self& self, Connection& connection, Rank peer) : self_(self), connection_(connection), peer_(peer) {}

  void add(const Put& put);
  [[nodiscard]] bool has_to_send() const { return !waiting_.empty(); }
  [[nodiscard]] bool receives() const { return consumer_.has_value(); }
  [[nodiscard]] std::size_t memory() const { return out_memory_ ? out_memory_->memory().size() : 0; }

  /// Moves what fits into the ring, and takes what has come: at most about `turn` of it.
  std::optional<Trouble> push(std::size_t turn);
  std::optional<Trouble> pull(std::size_t turn);
  /// Takes the ring in which the peer puts, if it has come. True: it has.
  bool take_ring();

  void announce_sleep();
  /// After that, and after a fence if there are fences. False: there is work.
  bool may_sleep();
  void wake_up();

  /// Completes what waits as failed.
  void fail();
  void forget() { waiting_.clear(); }
  /// Gives the rings back.
  void end();

 private:
  /// What is said of a put before its bytes.
  struct Head {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint32_t window = 0;
    std::uint32_t signal = 0;
  };
  struct Waiting {
    Put put;
    Head head;
    bool has_head = false;  // it is in the ring
    std::size_t sent = 0;
  };

  std::optional<Trouble> open_ring();
  std::optional<Trouble> take(const Consumer::Piece& piece);
  [[nodiscard]] Trouble scribbled() const;

  Self& self_;
  Connection& connection_;
  Rank peer_;
  std::optional<SealedMemory> out_memory_;
  std::optional<SealedMemory> in_memory_;
  std::optional<Producer> producer_;
  std::optional<Consumer> consumer_;
  Fifo<Waiting> waiting_;
  Head coming_;              // the put that is being taken,
  std::uint64_t taken_ = 0;  // and how much of it has been
};

}  // namespace tutti::transport::shm
