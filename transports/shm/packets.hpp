// Packets with file descriptors between ranks, over unix sockets that keep packet boundaries. Nothing here blocks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "transports/shm/address.hpp"

namespace tutti::transport::shm {

/// A listening socket at an abstract name, which vanishes with it.
Result<FileDescriptor> listen_at(const SocketName& name);

enum class Dial : std::uint8_t { open, busy, refused };
struct Dialed {
  Dial state = Dial::refused;
  FileDescriptor socket;  // if open
};
/// A connection to the socket of that name, if a process of this user listens there. Busy: try again later.
Dialed dial(const SocketName& name);

/// The user at the other end. Negative if unknown.
std::int64_t peer_user(int socket);

/// The process that listens, or called, at the other end. A descriptor that is readable when that process has ended;
/// none if it is this process, or cannot be seen from here.
struct PeerProcess {
  FileDescriptor handle;
  bool has_ended = false;
};
PeerProcess peer_process(int socket);
/// Its id as this process knows it; 0 if it cannot be seen from here.
pid_t peer_id(int socket);
bool has_ended(const FileDescriptor& process);

/// False: the peer is gone.
bool send_packet(int socket, std::span<const std::byte> bytes, int descriptor = -1);

struct Received {
  enum class State : std::uint8_t { packet, nothing, closed } state = State::nothing;
  std::size_t bytes = 0;  // of the packet; more than fit in the buffer: it was cut
  std::vector<FileDescriptor> descriptors;
};
Received receive_packet(int socket, std::span<std::byte> buffer);

}  // namespace tutti::transport::shm
