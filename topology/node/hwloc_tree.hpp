// The one place that knows hwloc.
#pragma once

#include "topology/node/machine.hpp"

namespace tutti::topology {

/// Only in a process that may crash: hwloc 2.9 does on some files.
Result<Machine> parse_hwloc_xml(std::string_view xml);

}  // namespace tutti::topology
