// Every fabric that UCX knows: InfiniBand, RoCE, TCP.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::ucx {

struct UcxOptions {
  Rank rank{};
  /// UCX's names of the devices to use, with commas ("mlx5_0:1,eth0"); empty: those that UCX chooses. The environment's
  /// UCX_NET_DEVICES goes before it.
  std::string devices;
  /// IP addresses of this machine, best first: at the first one it listens for its peers' ends. Empty: all of this
  /// machine's but loopback, unless there is nothing else.
  std::vector<std::string> addresses;
  /// Most rails: devices that are equally good are used together.
  int rails = 8;
  /// Rails through each device, where one connection does not fill it.
  int per_device = 1;
  /// Where long messages are fetched by their receivers, and long puts written by UCX into the peer's memory: over RDMA
  /// they should be. Over TCP, for tests, neither is faster; and writing there asks for peers that neither close
  /// windows nor leave while others write: UCX writes wherever it is told, and up to 1.13 ends the process of who
  /// cannot confirm it.
  enum class Where : std::uint8_t { over_rdma, always };
  Where fetching = Where::over_rdma;
  Where writing = Where::over_rdma;
  Log log;
};

/// UCX's names of `interfaces` ("eth0") and of the RDMA ports behind them, for UcxOptions::devices. A port that has no
/// interface, as InfiniBand without IP, cannot be named by one: it is always among them. `cards`: where the kernel
/// lists the RDMA cards.
std::string devices_of(std::span<const std::string> interfaces,
                       const std::filesystem::path& cards = "/sys/class/infiniband");

/// What the environment's UCX_NET_DEVICES says, which goes before all that is chosen here.
std::optional<std::string> given_devices();

/// Whether UCX can be used in this process; if not, the error says what is missing.
Status available();

/// Fails with unsupported as `available` does, transport if UCX refuses to start or has none of the devices,
/// invalid_argument on a negative rank or an address that this machine does not have.
Result<std::unique_ptr<Transport>> create(const UcxOptions& options);

}  // namespace tutti::transport::ucx
