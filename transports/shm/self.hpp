// What the endpoints of a rank share.
#pragma once

#include <unistd.h>

#include <vector>

#include "base/file_descriptor.hpp"
#include "transports/shm/handshake.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::shm {

class ShmEndpoint;

struct Self {
  Rank rank{};
  std::uint64_t epoch = 0;
  Key key{};
  std::size_t ring_bytes = 0;
  Place place;
  SocketName socket{};
  FileDescriptor epoll;
  FileDescriptor doorbell;           // peers ring it when this rank sleeps
  pid_t process = ::getpid();        // a forked child must not say goodbye in our name
  std::vector<Completion> done;      // not yet handed out
  std::vector<ShmEndpoint*> active;  // those with something outstanding: progress costs nothing for the others
};

}  // namespace tutti::transport::shm
