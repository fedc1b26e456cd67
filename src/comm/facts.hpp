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
#include "bootstrap/tree/contributions.hpp"
#include "topology/fabric/description.hpp"
#include "topology/fabric/layout.hpp"
#include "topology/node/cpu_set.hpp"

namespace tutti::comm {

struct Facts {
  std::vector<std::byte> cores;  // a bit for each processor that this rank may run on
  std::uint64_t staging = 0;
  bool deterministic = false;
  std::string algorithm;   // TUTTI_ALGO
  std::string plans;       // TUTTI_PLAN: names and hashes of what the files hold
  std::string tuning;      // TUTTI_TUNING: the hash of what the file holds
  std::string cached;      // where it is unset, the hash of what the user's cache holds
  std::string transports;  // TUTTI_TRANSPORTS
  std::string fabric;      // TUTTI_FABRIC: name and hash of what it describes
  std::string host;        // name of the machine, where the fabric names its hosts: no two nodes say that alike
  std::string cpu;         // the processor's model
  std::uint8_t nics = 0;   // from which this rank could take any; 0: there is no choice
};

/// Of this process, now.
Facts own_facts(const Config& config);

std::vector<std::byte> encode(const Facts& facts);
Result<Facts> decode_facts(std::span<const std::byte> bytes);

/// The facts of all ranks: those that are alike are kept once.
class AllFacts {
 public:
  AllFacts() = default;
  static Result<AllFacts> decode(bootstrap::Contributions said);

  [[nodiscard]] const std::vector<Facts>& kinds() const { return kinds_; }
  [[nodiscard]] const Facts& of(Rank rank) const { return kinds_[said_.place_of(rank)]; }
  /// The place in `kinds` of every rank's.
  [[nodiscard]] std::vector<std::uint32_t> places() const { return said_.places(); }
  /// The lowest rank with kinds()[place].
  [[nodiscard]] Rank first_of(std::size_t place) const { return said_.first_of(place); }

 private:
  std::vector<Facts> kinds_;
  bootstrap::Contributions said_;
};

/// Fails with invalid_usage when ranks were given different settings; names the setting and two ranks.
Status check_agreement(const AllFacts& facts);

/// The processors of Facts::cores.
topology::CpuSet cpus_in(std::span<const std::byte> cores);

/// Processors that the ranks of `node` may use together.
std::int32_t cores_of(const AllFacts& facts, const topology::Layout& layout, std::int32_t node);

/// How many times as many ranks share a core of the machine that `node` is on as of the node alone: several nodes may
/// be on one machine, in containers or in tests, and have the same processors or their own.
double neighbours_of(const AllFacts& facts, const topology::Layout& layout, const topology::Layout& machines,
                     std::int32_t node);

/// The number in the description of each node of the layout, by the names of hosts; empty if the description names
/// none. Fails with invalid_usage when a node's host is not among them.
Result<std::vector<std::int32_t>> places_of(const AllFacts& facts, const topology::Layout& layout,
                                            const topology::Description& description);
/// The processors' models of all ranks, each once, with " + " between them.
std::string cpus_of(const AllFacts& facts);

/// The node with the most ranks; of several, the first.
std::int32_t fullest_node(const topology::Layout& layout);

}  // namespace tutti::comm
