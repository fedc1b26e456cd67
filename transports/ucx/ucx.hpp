// Every fabric that UCX knows: InfiniBand, RoCE, TCP.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::ucx {

struct UcxOptions {
  Rank rank{};
  /// UCX's names of the devices to use, with commas ("mlx5_0:1,eth0"); empty: those that UCX chooses (UCX_NET_DEVICES).
  std::string devices;
  Log log;
};

/// Whether UCX can be used in this process; if not, the error says what is missing.
Status available();

/// Fails with unsupported as `available` does, transport if UCX refuses to start, invalid_argument on a rank that does
/// not fit in a tag (2^24 and more).
Result<std::unique_ptr<Transport>> create(const UcxOptions& options);

}  // namespace tutti::transport::ucx
