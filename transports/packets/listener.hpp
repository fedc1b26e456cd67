// Where the peers' lifelines come in. Whoever does not show this rank's door is a stranger, and is dropped.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "transports/packets/lifeline.hpp"

namespace tutti::transport::packets {

class Listener {
 public:
  struct Options {
    std::uint64_t door = 0;
    int epoll = -1;
    Log log;
    std::string room = {};  // under which it logs
  };

  /// Listens at `address`, and gives it the port.
  static Result<Listener> create(SocketAddress& address, Options options);

  /// Takes who has called, and hears who they are.
  void poll(TimePoint now);

  /// Says farewell to a peer, at once or when it calls. Later ones to the same peer are not said.
  void say(Rank peer, const Farewell& farewell);

  /// Hears and takes nobody any more: who calls from now on finds nobody.
  void close();

 private:
  struct Newcomer {
    FileDescriptor socket;
    TimePoint since;
  };

  Listener(Options options, FileDescriptor socket) : options_(std::move(options)), socket_(std::move(socket)) {}
  void accept_all(TimePoint now);
  bool hear(Newcomer& newcomer, TimePoint now);
  void drop(const char* why);
  void unwatch(const FileDescriptor& socket) const;

  Options options_;
  FileDescriptor socket_;
  std::deque<Newcomer> newcomers_;
  std::map<Rank, FileDescriptor> callers_;
  std::map<Rank, Farewell> said_;  // an empty socket in callers_ is one that has heard it
  std::uint64_t dropped_ = 0;
};

}  // namespace tutti::transport::packets
