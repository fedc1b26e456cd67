// The part of a communicator's making that finds out which NIC this rank uses.
#include <fmt/format.h>

#include <algorithm>

#include "comm/founding.hpp"
#include "transports/ucx/ucx.hpp"

namespace tutti::comm {
namespace {

std::vector<Rank> ranks_of_node(const topology::Layout& layout, std::int32_t node) {
  std::vector<Rank> ranks;
  for (const auto& run : layout.runs()) {
    for (std::int32_t i = 0; run.node == node && i < run.count; ++i) ranks.push_back(to_rank(run.first + i));
  }
  return ranks;
}

}  // namespace

// The network is of use between nodes, and everywhere if shared memory is not allowed.
bool Communicator::needs_network(const topology::Layout& layout) const {
  const auto& allowed = config().transports;
  return size() > 1 && (layout.nodes() > 1 || std::find(allowed.begin(), allowed.end(), "shm") == allowed.end());
}

NicSurvey Communicator::survey_for(const topology::Layout& layout) const {
  if (!needs_network(layout)) return {{}, "no network is needed"};
  if (const auto given = transport::ucx::given_devices()) return {{}, fmt::format("UCX_NET_DEVICES is '{}'", *given)};
  return survey_nics(config().iface);
}

NodeNics Communicator::choose_nics(const NicSurvey& survey, const std::vector<topology::CpuSet>& cpus) {
  if (membership_.machine == nullptr) {
    auto machine = topology::discover(topology::Drivers::left_alone);
    if (!machine) return {{}, {}, machine.error().text};
    membership_.machine = std::make_shared<const topology::Machine>(std::move(*machine));
  }
  return choose_for_node(*membership_.machine, survey, cpus);
}

std::vector<topology::CpuSet> Communicator::Founding::cpus_of_neighbours() const {
  std::vector<topology::CpuSet> cpus;
  for (const Rank each : neighbours_) cpus.push_back(cpus_in(agreement_.facts.of(each).cores));
  return cpus;
}

// The first rank of each node that has a choice discovers its machine, and chooses for the others: nobody else reads it
// again. Where no node has a choice, nothing is discovered and nothing exchanged.
std::vector<std::byte> Communicator::Founding::say_nics() {
  neighbours_ = ranks_of_node(layout_, layout_.node_of(communicator_->rank()));
  if (neighbours_.front() != communicator_->rank() || !has_choice()) return {};
  auto said = encode(communicator_->choose_nics(survey_, cpus_of_neighbours()));
  if (said.size() > bootstrap::kMaxContribution)
    said = encode(NodeNics{{}, {}, "there are too many to tell the ranks of the node: all stay in use"});
  return said;
}

Status Communicator::Founding::hear_nics(const bootstrap::Contributions& said) {
  if (!has_choice()) return {};
  NicUse& use = communicator_->nic_;
  const auto own = said.of(neighbours_.front());
  if (own.empty()) {
    use.reason = fmt::format("rank {}, the first of this node, chose none", index(neighbours_.front()));
    return {};
  }
  const auto number =
      static_cast<std::size_t>(std::ranges::find(neighbours_, communicator_->rank()) - neighbours_.begin());
  use = use_of(TUTTI_TRY(decode_node_nics(own)), number, cpus_of_neighbours()[number]);
  if (use.names.empty()) return {};
  const auto live = std::ranges::find(survey_.nics, use.names.front(), &topology::LiveNic::name);
  if (live != survey_.nics.end()) use.numa = live->numa;
  return {};
}

}  // namespace tutti::comm
