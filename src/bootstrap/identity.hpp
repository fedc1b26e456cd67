// Who am I, and how does my job agree on a unique id?
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "base/config.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "bootstrap/root.hpp"
#include "bootstrap/unique_id.hpp"

namespace tutti::bootstrap {

struct Identity {
  Rank rank{};
  std::int32_t world_size = 1;
  std::string source;  // "TUTTI_RANK", "torchrun", "pmix", "pmi", "slurm", "none (one rank)"
};

/// The first of: TUTTI_RANK/TUTTI_WORLD_SIZE, torchrun, Open MPI/PMIx, PMI, Slurm; without any, one rank alone.
/// Sources that contradict each other, none of them explicit, are invalid_argument: the text says how to choose.
Result<Identity> identify(const Config& config, std::span<const char* const> environment);

/// What the ranks of this job agreed on. Rank 0 serves the root where no launcher does.
struct Agreement {
  UniqueId id;
  std::unique_ptr<Root> root;  // where this process serves it; else null
};

/// Agrees on a unique id through TUTTI_UNIQUE_ID_FILE, TUTTI_ADDRESS, PMIx, PMI-1/2, or torchrun's MASTER_ADDR and the
/// port after MASTER_PORT; one rank alone needs none of them. Once per job: further communicators pass ids among
/// themselves. A file that holds the id of a launcher's root (ServedBy::launcher) that answers is used by rank 0 as it
/// is. Blocks until `deadline` at most. Fails with timeout, system, invalid_argument, unsupported.
Result<Agreement> agree(const Identity& identity, const Config& config, std::span<const char* const> environment,
                        const Log& log, Deadline deadline);

}  // namespace tutti::bootstrap
