// Slurm's lists of names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tutti::topology {

/// "gpu[001-004,7],login" names gpu001 ... gpu004, gpu7 and login; several brackets multiply. At most a million names.
/// Fails with invalid_argument.
Result<std::vector<std::string>> expand_hosts(std::string_view list);

}  // namespace tutti::topology
