// Every fabric that libfabric knows: EFA, Slingshot, verbs, TCP.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::ofi {

struct OfiOptions {
  Rank rank{};
  /// IP addresses of this machine, best first: the fabric is used through a device that has one of them, or through one
  /// that has no IP address at all. Empty: all of this machine's but loopback, unless there is nothing else.
  std::vector<std::string> addresses;
  /// Names of cards and interfaces ("mlx5_0", "eth0") whose devices go before others; may be empty.
  std::vector<std::string> nearest = {};
  /// libfabric's name of a provider ("tcp;ofi_rxm"); empty: the first that can do what is needed, in libfabric's order.
  std::string provider;
  /// Most rails: devices that are as good as the first are used together.
  int rails = 8;
  /// Rails through each device, where one connection does not fill it.
  int per_device = 1;
  /// Bytes of packets that the rank may hold, over all rails.
  std::size_t memory = std::size_t{2} << 20;
  /// Where long puts are written into the peer's memory by libfabric: where the provider's devices do it, who then
  /// refuse by themselves what has been closed. Else, for tests, its software may go on writing into a window that has
  /// been closed.
  enum class Direct : std::uint8_t { by_devices, always } direct = Direct::by_devices;
  Log log;
};

/// Whether libfabric can be used in this process; if not, the error says what is missing.
Status available();

/// libfabric's names of the providers that could be used through `addresses`, best first; each once.
std::vector<std::string> providers(const std::vector<std::string>& addresses = {});

/// Fails with unsupported as `available` does, transport if no provider fits or one refuses to start, invalid_argument
/// on a negative rank.
Result<std::unique_ptr<Transport>> create(const OfiOptions& options);

}  // namespace tutti::transport::ofi
