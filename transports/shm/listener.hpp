// Who calls this rank: takes connections, and lets in who proves to be a peer. A stranger is dropped and costs nobody
// anything: neither garbage nor silence holds up a rank.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "transports/shm/handshake.hpp"
#include "transports/shm/packets.hpp"

namespace tutti::transport::shm {

/// A peer's connection, after its Hello.
struct Caller {
  FileDescriptor socket;
  FileDescriptor doorbell;
};

class Listener {
 public:
  struct Options {
    Rank self{};
    std::uint64_t epoch = 0;
    Key key{};
    SocketName name{};
    int epoll = -1;  // wakes up for connections and for what newcomers say
    Log log;
  };
  static Result<Listener> create(Options options);

  /// Takes new connections and hears newcomers.
  void poll(TimePoint now);

  /// The connection of that peer, once, if it has called.
  std::optional<Caller> take(Rank peer);
  [[nodiscard]] bool has_callers() const { return !callers_.empty(); }

 private:
  struct Newcomer {
    FileDescriptor socket;
    TimePoint since;
  };

  Listener(Options options, FileDescriptor socket) : options_(std::move(options)), socket_(std::move(socket)) {}
  void accept_all(TimePoint now);
  /// True: it has turned out to be a peer or a stranger.
  bool hear(Newcomer& newcomer, TimePoint now);
  void unwatch(const FileDescriptor& socket) const;
  void drop(const char* why);

  Options options_;
  FileDescriptor socket_;
  std::deque<Newcomer> newcomers_;
  std::map<Rank, Caller> callers_;  // heard, and not taken yet
  std::size_t dropped_ = 0;
};

}  // namespace tutti::transport::shm
