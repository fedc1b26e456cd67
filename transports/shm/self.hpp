// What the endpoints of a rank share.
#pragma once

#include <unistd.h>

#include <vector>

#include "base/file_descriptor.hpp"
#include "transports/shm/handshake.hpp"
#include "transports/shm/shares.hpp"
#include "transports/transport.hpp"
#include "transports/windows.hpp"

namespace tutti::transport::shm {

class ShmEndpoint;

inline constexpr std::size_t kSmallRing = std::size_t{64} << 10;

struct Self {
  Rank rank{};
  std::uint64_t epoch = 0;
  Key key{};
  std::size_t ring_bytes = 0;
  std::size_t pool_bytes = 0;
  std::size_t least_read = 0;
  Place place;
  SocketName socket{};
  FileDescriptor epoll;
  FileDescriptor doorbell;       // peers ring it when this rank sleeps
  pid_t process = ::getpid();    // a forked child must not say goodbye in our name
  std::vector<Completion> done;  // not yet handed out
  Windows windows;
  Shares shares;
  std::uint64_t probe = 0;           // random; peers try to read it
  std::vector<std::byte> landing;    // what is read from another process, before it is combined
  std::vector<ShmEndpoint*> active;  // those with something outstanding: progress costs nothing for the others
};

}  // namespace tutti::transport::shm
