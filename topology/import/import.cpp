#include "topology/import/import.hpp"

namespace tutti::topology {
namespace {

bool holds(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

}  // namespace

Result<Description> import_fabric(std::string_view text, std::int32_t ranks_per_node) {
  if (holds(text, "switchguid=") || holds(text, "caguid=")) return import_ibnetdiscover(text, ranks_per_node);
  if (holds(text, "\"NetworkNodes\"")) return import_ec2(text, ranks_per_node);
  if (holds(text, "SwitchName=") || holds(text, "BlockName=")) return import_slurm_conf(text, ranks_per_node);
  if (holds(text, "topology:")) return import_slurm_yaml(text, ranks_per_node);
  return Error{
      Code::invalid_argument,
      "this is neither hwloc's nor NCCL's XML, nor Slurm's topology.conf (SwitchName=, BlockName=) or topology.yaml "
      "(topology:), nor ibnetdiscover's output (switchguid=), nor EC2's instance topology (\"NetworkNodes\")"};
}

}  // namespace tutti::topology
