// Through which channel of a launcher does rank 0 give the others the unique id?
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bootstrap/launchers/environment.hpp"

namespace tutti::bootstrap {

/// `mine` is what this process has to give, empty everywhere but at rank 0; returns what rank 0 gave. Collective over
/// the launcher's processes. Values are printable, without blanks and semicolons.
struct Offer {
  std::string mine;
  Deadline deadline;
};

/// PMI-1 or PMI-2 over PMI_FD: MPICH's Hydra, Intel MPI, `srun --mpi=pmi2`. Once per process: a launcher ends the
/// channel with the first client that says it is done, and MPI would be another.
Result<std::string> exchange_by_pmi(const Environment& environment, const Offer& offer);

/// PMIx, from libpmix.so.2 as it is found at run time: Open MPI, PRRTE, `srun --mpi=pmix`.
/// `rank_0`: whether rank 0 of the job is rank 0 for PMIx too.
/// Fails with unsupported if this build or this machine has no PMIx.
Result<std::string> exchange_by_pmix(bool rank_0, const Offer& offer);

}  // namespace tutti::bootstrap
