// The choices that follow from what was measured, in the words of other libraries.
#pragma once

#include <string>

#include "base/result.hpp"
#include "plan/select/tuning.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::tune {

/// A table for NCCL's example tuner plug-in (NCCL_TUNER_CONFIG_FILE): a line for each range of sizes of each
/// collective, for this number of nodes and ranks. A schedule with as many rounds as ranks is a ring there, one with
/// fewer a tree or PAT; what waits for latency takes protocol LL, the rest Simple.
Result<std::string> nccl_table(const plan::Site& site, const topology::Fabric& fabric);

/// Scores for UCC over UCX (UCC_TL_UCP_TUNE): the algorithm of UCC that moves data as the choice does.
Result<std::string> ucc_scores(const topology::Fabric& fabric);

}  // namespace tutti::tune
