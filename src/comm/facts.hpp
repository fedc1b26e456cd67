// What a rank tells the others about itself when they meet: what the choice of plans depends on, so that all choose
// alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/result.hpp"
#include "topology/fabric/description.hpp"
#include "topology/fabric/layout.hpp"

namespace tutti::comm {

struct Facts {
  std::vector<std::byte> cores;  // a bit for each processor that this rank may run on
  std::uint64_t staging = 0;
  bool deterministic = false;
  std::string algorithm;   // TUTTI_ALGO
  std::string plans;       // TUTTI_PLAN: names and hashes of what the files hold
  std::string tuning;      // TUTTI_TUNING: the hash of what the file holds
  std::string transports;  // TUTTI_TRANSPORTS
  std::string fabric;      // TUTTI_FABRIC: name and hash of what it describes
  std::string host;        // name of the machine, for fabrics that name theirs
  std::string cpu;         // the processor's model
};

/// Of this process, now.
Facts own_facts(const Config& config);

std::vector<std::byte> encode(const Facts& facts);
Result<Facts> decode_facts(std::span<const std::byte> bytes);

/// Fails with invalid_usage when ranks were given different settings; names the setting and two ranks.
Status check_agreement(std::span<const Facts> of_ranks);

/// Processors that the ranks of `node` may use together.
std::int32_t cores_of(std::span<const Facts> of_ranks, const topology::Layout& layout, std::int32_t node);

/// The number in the description of each node of the layout, by the names of hosts; empty if the description names
/// none. Fails with invalid_usage when a node's host is not among them.
Result<std::vector<std::int32_t>> places_of(std::span<const Facts> of_ranks, const topology::Layout& layout,
                                            const topology::Description& description);
/// The processors' models of all ranks, each once, with " + " between them.
std::string cpus_of(std::span<const Facts> of_ranks);

/// The node with the most ranks; of several, the first.
std::int32_t fullest_node(const topology::Layout& layout);

}  // namespace tutti::comm
