// A communicator on its way: what its rank says and hears before the first call. It waits for nothing, so that
// thousands of ranks come into being in one process.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "comm/agree.hpp"
#include "comm/communicator.hpp"

namespace tutti::comm {

/// Whoever drives it carries what it says to all ranks, and what all said to it, until it says no more.
class Communicator::Founding {
 public:
  Founding(Membership membership, Company company);

  /// What this rank says to all others next, who all say something then; nothing: it is over. `heard` is what all said
  /// before; null at first. After an error it is over, too.
  Result<std::optional<std::vector<std::byte>>> next(const bootstrap::Contributions* heard);

  /// The communicator, when it is over.
  std::unique_ptr<Communicator> take() { return std::move(communicator_); }

 private:
  enum class Stage : std::uint8_t { silent, facts, nics, transports };

  Result<std::optional<std::vector<std::byte>>> say_facts();
  Result<std::optional<std::vector<std::byte>>> hear_facts(bootstrap::Contributions said);
  std::vector<std::byte> say_nics();
  Status hear_nics(const bootstrap::Contributions& said);
  Status open_paths();
  Status settle();
  [[nodiscard]] bool has_choice() const { return survey_.nics.size() > 1; }
  [[nodiscard]] std::vector<topology::CpuSet> cpus_of_neighbours() const;

  std::unique_ptr<Communicator> communicator_;
  std::vector<std::unique_ptr<transport::Transport>> given_;
  topology::Layout layout_ = topology::Layout::regular(1, 1);
  NicSurvey survey_;
  Agreement agreement_;
  std::vector<Rank> neighbours_;  // the ranks of this node
  Stage stage_ = Stage::silent;
};

}  // namespace tutti::comm
