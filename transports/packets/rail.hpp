// A rail: one way through one device, as a native library offers it. All rails of a rank look the same from here on,
// and what runs over them - paths, credits, ends - is written once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "transports/packets/header.hpp"

namespace tutti::transport::packets {

class Path;

/// What a rail works on for a path. It comes back when the rail is done with it.
struct Piece {
  Path* path = nullptr;
  std::uint64_t message = 0;  // or put
  std::uint32_t bytes = 0;    // of payload
  std::uint8_t lane = 0;      // of the path
  bool is_put = false;
  bool is_write = false;  // of a put, by the rail itself: it comes back when the bytes are at the peer
  bool lent = false;      // memory of a transfer is in use until it comes back
  bool is_alone = false;  // the rail holds nothing else of this path: so that nobody starves, there is room for it
};

/// What a rail says, and when: only inside its `poll`, `fetch` and `open`.
class RailUser {
 public:
  RailUser() = default;
  RailUser(const RailUser&) = delete;
  RailUser& operator=(const RailUser&) = delete;

  /// A packet has come. `payload` is valid until this returns.
  virtual void arrived(std::size_t rail, const Header& header, const std::byte* payload) = 0;
  /// A packet whose payload stays with the peer until `Rail::fetch` or `Rail::drop` is called with `parcel`.
  virtual void announced(std::size_t rail, const Header& header, void* parcel) = 0;
  /// The bytes of a write are here that bears this mark.
  virtual void written(std::size_t rail, std::uint32_t mark) = 0;

 protected:
  ~RailUser() = default;
};

/// What became of a packet that a rail was given.
enum class Sent : std::uint8_t {
  not_now,  // nothing; to be tried again
  done,     // it has left, and nothing comes back
  copied,   // its memory is free; the piece comes back when the rail has room again
  lent,     // its memory is in use until the piece comes back
};

class Rail {
 public:
  /// The rail's own number for one peer.
  struct Peer {
    std::uint64_t value = 0;
  };

  struct Limits {
    std::size_t payload = kMaxPayload;                // of a packet
    std::size_t depth = 16;                           // pieces of one path that the rail holds at a time
    std::uint64_t window = std::uint64_t{512} << 10;  // payload that may be under way on one of several lanes
    /// What is at least so long is announced in pieces of at most `announced`, and fetched by its receiver straight
    /// into its place, instead of being sent in packets.
    std::size_t announce_from = std::numeric_limits<std::size_t>::max();
    std::size_t announced = 0;
    /// Most bytes of one `write`; 0 where the rail has no such thing. `marks`: the peer's rail tells of each.
    std::size_t written = 0;
    bool marks = false;
  };

  /// The rail's own number for what a peer has exposed.
  struct Target {
    std::uint64_t value = 0;
  };

  Rail() = default;
  Rail(const Rail&) = delete;
  Rail& operator=(const Rail&) = delete;
  virtual ~Rail() = default;  // waits for nobody: all that is in flight is dropped, and no memory touched any more

  /// Who hears what comes, and which of its rails this is.
  void attach(RailUser& user, std::size_t number) {
    user_ = &user;
    number_ = number;
  }

  /// "tcp eth0".
  [[nodiscard]] virtual std::string describe() const = 0;
  [[nodiscard]] virtual const std::vector<std::byte>& address() const = 0;
  /// Whether `address` has the form of one of a rail of this kind.
  [[nodiscard]] virtual bool takes(std::span<const std::byte> address) const = 0;
  [[nodiscard]] virtual Limits limits() const = 0;

  /// Begins a way to a peer; its end is told to `path`, as of `lane`.
  virtual Result<Peer> open(std::span<const std::byte> address, Path& path, std::uint8_t lane) = 0;
  /// Ends a way; what it works on comes back. `heard`: something has come over it.
  virtual void close(Peer peer, bool heard) = 0;

  /// Sends a packet; `announces`: without its payload, which the peer fetches. Fails where that is the peer's end.
  virtual Result<Sent> send(Peer peer, const Header& header, const std::byte* payload, const Piece& piece,
                            bool announces) = 0;
  /// Gets what was announced into `out`. The piece comes back to the path as fetched.
  virtual void fetch(void* parcel, std::byte* out, const Piece& piece) = 0;
  virtual void drop(void* parcel) = 0;

  /// Lets the peers' rails write into a window of this rank by themselves. Gives what they need for that, at most 100
  /// bytes: nothing where that cannot be had. It must be concealed before the memory goes.
  virtual std::vector<std::byte> expose(std::uint32_t /*window*/, std::span<std::byte> /*memory*/) { return {}; }
  /// From its return on nobody can write there.
  virtual void conceal(std::uint32_t /*window*/) {}
  /// What the peer's rail has exposed, as a target of writes, until the way to the peer is closed. Nothing where it is
  /// of no use.
  virtual std::optional<Target> aim(Peer /*peer*/, std::span<const std::byte> /*exposure*/) { return std::nullopt; }
  /// Whether `write` can take these bytes of this rank.
  [[nodiscard]] virtual bool can_write(std::span<const std::byte> /*bytes*/) const { return false; }
  /// Writes the piece's bytes at `offset` of the target: gives lent, not_now, or done where they are there. Fails where
  /// that is the peer's end.
  virtual Result<Sent> write(Peer /*peer*/, Target /*target*/, std::uint64_t /*offset*/, const std::byte* /*data*/,
                             const Piece& /*piece*/, std::uint32_t /*mark*/) {
    return Sent::not_now;
  }

  /// Lets the library work; gives how much has happened. `rang`: the descriptor was readable.
  virtual std::size_t poll(bool rang) = 0;
  /// Readable when `poll` may have something; -1 where there is no such descriptor, or none that is of use.
  [[nodiscard]] virtual int event_fd() const = 0;
  /// Whether `event_fd` can be waited for: nothing has happened already.
  virtual bool may_sleep() = 0;

  /// Whether all that was given has left this process. For the last words of a rank.
  virtual bool has_left() = 0;
  /// Whether nothing is in flight, and every way that was closed is.
  [[nodiscard]] virtual bool is_idle() const = 0;

  /// Bytes that it holds for messages.
  [[nodiscard]] virtual std::size_t memory() const = 0;

 protected:
  [[nodiscard]] RailUser& user() const { return *user_; }
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  RailUser* user_ = nullptr;
  std::size_t number_ = 0;
};

}  // namespace tutti::transport::packets
