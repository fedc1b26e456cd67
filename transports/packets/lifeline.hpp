// How ranks learn of each other's ends. Providers differ in that: some never say that a peer is gone, and try for ever.
// So each rank also holds a TCP connection to each of its peers, its *lifeline*, which carries nothing while both live.
// When it breaks, the peer is gone; before a rank leaves in order it says its *farewell*.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "transports/packets/socket.hpp"

namespace tutti::transport::packets {

/// What the one who calls says first.
struct Hello {
  std::uint32_t magic = 0x746f6631;
  Rank from{};
  std::uint64_t door = 0;  // of the one who is called
};

/// The last word of the one who was called.
struct Farewell {
  enum class Reason : std::uint32_t { left = 1, refused = 2, refused_put = 3, was_refused_put = 4 };
  std::uint32_t magic = 0x746f6632;
  Reason reason{};
  std::uint64_t packets = 0;  // that it has sent on this path: they may still be under way
};

/// The end of the one who calls.
class Lifeline {
 public:
  struct End {
    std::optional<Farewell> farewell;  // none: the peer is gone
    int error = 0;                     // errno, where there is one
  };

  /// Begins to connect; `epoll` reports events with `tag`.
  Status open(const SocketAddress& peer, const Hello& hello, int epoll, void* tag);
  /// What has become of it; nothing while it holds.
  std::optional<End> check();
  void close();
  ~Lifeline() { close(); }
  Lifeline() = default;
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

 private:
  FileDescriptor socket_;
  Hello hello_;
  bool has_said_hello_ = false;
  int epoll_ = -1;
  void* tag_ = nullptr;
};

}  // namespace tutti::transport::packets
