// Inferred levels as a fabric that can be planned with.
#pragma once

#include <string>
#include <vector>

#include "topology/fabric/description.hpp"
#include "topology/infer/infer.hpp"

namespace tutti::topology {

/// The levels' names, innermost first: "node", "leaf", "pod", "cluster".
std::vector<std::string> names_of(const Inferred& inferred);

/// `hosts` are the names of the nodes, in the order of their lowest ranks; left out unless each has its own. Numbers
/// that were not measured are those of a job without a description, and say so. A remark in `inferred` tells when the
/// order of nodes can be kept by hosts' names only, and there are none. `source` says who measured, and when.
Description describe(Inferred& inferred, const std::vector<std::string>& hosts, const std::string& source);

}  // namespace tutti::topology
