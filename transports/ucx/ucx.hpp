// Every fabric that UCX knows: InfiniBand, RoCE, TCP.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/log.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::ucx {

struct UcxOptions {
  Rank rank{};
  /// UCX's names of the devices to use, with commas ("mlx5_0:1,eth0"); empty: those that UCX chooses. The environment's
  /// UCX_NET_DEVICES goes before it.
  std::string devices;
  Log log;
};

/// UCX's names of `interfaces` ("eth0") and of the RDMA ports behind them, for UcxOptions::devices. A port that has no
/// interface, as InfiniBand without IP, cannot be named by one: it is always among them. `cards`: where the kernel
/// lists the RDMA cards.
std::string devices_of(std::span<const std::string> interfaces,
                       const std::filesystem::path& cards = "/sys/class/infiniband");

/// Whether UCX can be used in this process; if not, the error says what is missing.
Status available();

/// Fails with unsupported as `available` does, transport if UCX refuses to start or has none of the devices,
/// invalid_argument on a rank that does not fit in a tag (2^24 and more).
Result<std::unique_ptr<Transport>> create(const UcxOptions& options);

}  // namespace tutti::transport::ucx
