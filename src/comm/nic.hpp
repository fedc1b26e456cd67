// Which NIC this rank uses: one discovery a node, by its first rank, for all of its ranks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "topology/node/distance.hpp"
#include "topology/node/ports.hpp"

namespace tutti::comm {

/// What this process finds without discovery: it costs a few reads of the kernel's files.
struct NicSurvey {
  std::vector<topology::LiveNic> nics;  // from which a rank may take any; fewer than two are no choice
  std::string why_not;                  // where there is no choice
};

/// NICs that TUTTI_IFACE (`filter`) allows.
NicSurvey survey_nics(const std::string& filter);

/// What a rank uses, and why.
struct NicUse {
  std::vector<std::string> names;       // nearest first; empty: all that there are
  std::vector<std::string> ports;       // of RDMA: "mlx5_0:1"
  std::vector<std::string> interfaces;  // "eth0"
  std::string reason;
  topology::CpuSet near;   // processors near the NIC
  std::int32_t numa = -1;  // its NUMA node; -1: unknown, or there is one only
  std::string advice;      // what could be better; empty if nothing could
  bool operator==(const NicUse&) const = default;
  /// "mlx5_0,mlx5_1"; empty: all that there are.
  [[nodiscard]] std::string name() const;
};

/// Where there is no choice: of a lone NIC it still tells what is near it.
NicUse use_without_choice(const NicSurvey& survey, const topology::CpuSet& cpus);

/// The NICs of all ranks of a node, as its first rank tells the others.
struct NodeNics {
  struct Nic {
    std::string name;
    std::vector<std::string> ports;
    std::vector<std::string> interfaces;
    std::string near;
    bool operator==(const Nic&) const = default;
  };
  struct Seat {
    std::vector<std::uint8_t> nics = {};  // numbers in `nics`: of its own, but for the first, which others may have too
    topology::Distance distance = topology::Distance::unknown;  // of the first
    bool operator==(const Seat&) const = default;
  };
  std::vector<Nic> nics;
  std::vector<Seat> seats;  // by rank of the node
  std::string why_not;      // where there are none
  bool operator==(const NodeNics&) const = default;
};

/// Chooses for ranks that may run on `cpus`, in their order. Only NICs that the machine knows are chosen. What no rank
/// has chosen as its nearest is dealt out, to each rank as many as to any other, near ones first.
NodeNics choose_for_node(const topology::Machine& machine, const NicSurvey& survey,
                         const std::vector<topology::CpuSet>& cpus);

/// What the `number`th rank of the node, which may run on `cpus`, reads out of it.
NicUse use_of(const NodeNics& node, std::size_t number, const topology::CpuSet& cpus);

std::vector<std::byte> encode(const NodeNics& node);
Result<NodeNics> decode_node_nics(std::span<const std::byte> bytes);

}  // namespace tutti::comm
