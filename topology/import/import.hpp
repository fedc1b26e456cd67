// What other tools know of a cluster.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "topology/fabric/description.hpp"
#include "topology/node/machine.hpp"

namespace tutti::topology {

/// From the text of a file that one of the tools below wrote; which one shows in the text. Formats that know hosts only
/// take the number of ranks on each from `ranks_per_node`. Fails with invalid_argument and the line.
Result<Description> import_fabric(std::string_view text, std::int32_t ranks_per_node);

Result<Description> import_slurm_conf(std::string_view text, std::int32_t ranks_per_node);
Result<Description> import_slurm_yaml(std::string_view text, std::int32_t ranks_per_node);
Result<Description> import_ibnetdiscover(std::string_view text, std::int32_t ranks_per_node);
Result<Description> import_ec2(std::string_view text, std::int32_t ranks_per_node);

/// NCCL's topology of one machine.
Result<Machine> import_nccl(std::string_view xml);

}  // namespace tutti::topology
