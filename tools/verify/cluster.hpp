// What selection gives a cluster of many ranks, proven by fingerprints: `tutti verify --ranks 98304`.
#pragma once

#include <string>
#include <vector>

#include "tools/verify/outcome.hpp"
#include "tools/verify/proof.hpp"
#include "tools/world/world.hpp"

namespace tutti::prove {

/// One plan of a call, and what its proof took.
struct ClusterProof {
  std::string call;  // "all_reduce 1G"
  std::string way;
  std::uint32_t segments = 1;         // that the call would get
  std::uint32_t proven_segments = 1;  // that were run: what fits into memory
  std::uint32_t rounds = 0;
  std::uint64_t steps = 0;  // of all ranks
  double seconds = 0;
  std::string error;    // empty: it holds
  std::string skipped;  // why nothing was tried
};

/// Small and large calls of every collective that such a cluster can have.
std::vector<ClusterProof> prove_cluster(const world::World& world, const std::string& levels, Outcome& outcome);

/// One plan, lowered by all threads.
Status prove_at_scale(const plan::Plan& plan, const Variant& variant, std::uint64_t& steps);

std::string report(const std::vector<ClusterProof>& proofs);
nlohmann::ordered_json document_of(const std::vector<ClusterProof>& proofs);

}  // namespace tutti::prove
