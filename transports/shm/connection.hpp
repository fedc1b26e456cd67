// The two sockets of a path: the one on which this rank calls its peer, and the one on which the peer calls. They carry
// the rings' memory and the news that a peer is gone, and no message.
#pragma once

#include <array>
#include <optional>
#include <set>

#include "base/sealed_memory.hpp"
#include "transports/shm/listener.hpp"
#include "transports/shm/ring.hpp"
#include "transports/shm/self.hpp"

namespace tutti::transport::shm {

class Connection {
 public:
  /// `owner` is what epoll reports for these sockets.
  Connection(const Self& self, ShmEndpoint* owner, Rank peer, const SocketName& socket)
      : self_(self), owner_(owner), peer_(peer), called_(socket) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(Goodbye::Reason::left); }

  /// Calls the peer if that has not been done, and hears what it says. The listener must have been polled just before.
  void check();
  void adopt(Caller caller);
  [[nodiscard]] bool has_caller() const { return static_cast<bool>(incoming_); }

  [[nodiscard]] bool is_open() const { return static_cast<bool>(outgoing_); }
  /// Gives the peer the ring in which this rank will send. Needs is_open(). False: the peer is gone; `check` says why.
  bool offer(const SealedMemory& ring, std::size_t ring_bytes, Offer::Purpose purpose);

  /// Makes sure that the peer knows a window of this rank. Needs is_open(). False: it cannot be told now.
  bool share(const Shares::Window& window);
  /// Takes back what was shared.
  void unshare(WindowId window);
  /// What the peer has shared. What it has said so far is heard first, if the window is not known.
  std::span<const std::byte> shared(WindowId window, std::uint64_t offset, std::uint64_t bytes);
  /// Copies from the peer's own memory. False: it cannot be read, or the peer has ended.
  bool read_memory(std::uint64_t address, std::span<std::byte> out);

  struct Ring {
    SealedMemory memory;
    RingShape shape;
    bool peer_is_readable = false;
  };
  /// The ring in which the peer will send, or put, once.
  std::optional<Ring> take_ring(Offer::Purpose purpose);

  /// Wakes up the peer, at once or as soon as it has called.
  void ring_doorbell();

  /// Why the peer will say nothing more. What it left in its ring can still be read.
  [[nodiscard]] const std::optional<Error>& departure() const { return departure_; }
  /// `check` must be called soon, though nothing will wake up for it.
  [[nodiscard]] bool is_unsettled() const { return !departure_ && !closed_ && (!outgoing_ || outgoing_ended_); }

  void close(Goodbye::Reason reason);

 private:
  void dial_peer();
  void hear();
  void understand(std::span<const std::byte> packet, std::vector<FileDescriptor>& descriptors);
  Status take(const Offer& offer, FileDescriptor memory);
  void watch(const FileDescriptor& socket);
  void unwatch(FileDescriptor& socket);

  const Self& self_;
  ShmEndpoint* owner_;
  Rank peer_;
  SocketName called_;
  FileDescriptor outgoing_;
  FileDescriptor incoming_;
  FileDescriptor process_;            // the peer's: a child that it has forked may keep its sockets open when it dies
  FileDescriptor doorbell_;           // the peer's
  pid_t caller_ = 0;                  // the peer's process, if it can be seen
  std::set<WindowId> known_windows_;  // of this rank, to the peer
  PeerShares peer_shares_;
  bool owes_a_ring_ = false;
  bool outgoing_ended_ = false;
  bool incoming_ended_ = false;
  bool closed_ = false;
  std::array<std::optional<Ring>, 2> rings_;  // by purpose
  std::optional<Error> farewell_;
  std::optional<Error> departure_;
};

}  // namespace tutti::transport::shm
