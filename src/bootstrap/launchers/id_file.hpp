// The unique id in a file that all ranks see.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "bootstrap/identity.hpp"

namespace tutti::bootstrap {

/// Rank 0 starts a root and writes its id, unless the file holds the id of a launcher that serves it now (`tutti run`
/// gives /proc/PID/fd/N, which can only be read). The others wait for an id whose root answers: what an earlier job
/// left behind does not, and is read again. The file of rank 0 goes with its root. Fails with timeout, system (cannot
/// be written), invalid_argument (a file that others could have written).
Result<Agreement> agree_by_file(const std::string& path, const Identity& identity, const Config& config, const Log& log,
                                Deadline deadline);

/// 128 bytes, mode 0600: written under another name, then renamed, so that nobody sees half of it.
Status write_id_file(const std::string& path, const UniqueId& id);

/// Fails with system (not there, too short), invalid_argument (not an id; not this user's alone).
Result<UniqueId> read_id_file(const std::string& path);

}  // namespace tutti::bootstrap
