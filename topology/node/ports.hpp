// The NICs that can carry something now, and the networks that they lead into: from the files that the kernel keeps.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tutti::topology {

/// A network interface that is up, and one of its networks.
struct LiveInterface {
  std::string name;     // "eth0"
  std::string network;  // "10.0.0.0/16"; an interface of several networks comes several times
};

/// One NIC: an RDMA card with its ports and interfaces, or an interface that has no such card.
struct LiveNic {
  std::string name;                     // "mlx5_0", "eth0": as Device::name
  std::vector<std::string> ports;       // of RDMA, that are active, as UCX names them: "mlx5_0:1"
  std::vector<std::string> interfaces;  // that are up
  std::vector<std::string> networks;    // IP networks and InfiniBand subnets, sorted
  double GBps = 0;                      // of its fastest port; 0: nobody says
  std::string near;                     // processors near it, as CpuSet reads them; empty: nobody says
  std::int32_t numa = -1;               // its NUMA node; -1: nobody says, or there is one only
  bool operator==(const LiveNic&) const = default;
};

/// NICs with an active RDMA port or with one of `interfaces`, by name. `system` is where the kernel's files are.
std::vector<LiveNic> live_nics(std::span<const LiveInterface> interfaces, const std::filesystem::path& system = "/sys");

/// Those of which a rank may take any: NICs with RDMA before those without, the fastest, and only if all of them lead
/// into one network, so that every one reaches what the others reach. Else one or none, and `why_not` says why.
struct Interchangeable {
  std::vector<LiveNic> nics;
  std::string why_not;
};
Interchangeable interchangeable(std::vector<LiveNic> nics);

}  // namespace tutti::topology
