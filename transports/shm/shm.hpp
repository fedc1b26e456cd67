// Ranks of one node, in processes or threads, through shared memory that has no name in any file system.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::shm {

struct ShmOptions {
  Rank rank{};
  /// The node's name; ranks with different names do not share memory. May be empty: then the machine decides alone.
  /// At most 255 bytes.
  std::string node_id;
  /// Bytes of the ring to one peer (TUTTI_SHM_RING), 4 KiB to 1 GiB. Small ones cost copies, large ones cache.
  std::size_t ring_bytes = 256 * 1024;
  /// What the rings may have beyond 64 KiB each, altogether: those that are made later are smaller.
  std::size_t pool_bytes = std::size_t{2} << 20;
  /// From how many bytes on a message is read out of the sender's memory where that is allowed (process_vm_readv); the
  /// sender has to wait until then. Whether that is faster than two copies through the ring depends on the machine.
  /// 0: never.
  std::size_t least_read = 0;
  /// The job's secret: who does not know it is a stranger.
  std::array<std::byte, 32> key{};
  /// The communicator's number: ranks of others are strangers too.
  std::uint64_t epoch = 0;
  Log log;
};

/// Whether this machine can share memory this way; if not, the error says what is missing.
Status available();

/// Fails with invalid_argument on options out of range, unsupported where the machine cannot be told from others,
/// system when the operating system refuses a socket.
Result<std::unique_ptr<Transport>> create(ShmOptions options);

}  // namespace tutti::transport::shm
