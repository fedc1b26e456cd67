// The suite that every transport passes. A transport joins by telling how a world of its ranks is made:
//   INSTANTIATE_TEST_SUITE_P(Shm, Conformance, testing::Values(Joiner{"shm", [] { ... }}));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "conformance/party.hpp"

namespace tutti::transport::conformance {

/// What ranks of one job have in common. It may be copied by fork: each process then makes its own ranks.
class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;
  virtual std::unique_ptr<Transport> make(Rank rank) = 0;
};

struct Joiner {
  std::string name;
  std::function<std::unique_ptr<World>()> make_world;
  std::size_t largest = std::size_t{16} << 20;  // the longest message that is worth its time
  bool between_processes = false;               // also between two processes
  bool sleeps_quietly = true;                   // a timer does not wake it while nothing happens
  bool guards_windows = true;                   // nothing is written into one that is closed
  std::string variant = {};                     // of the same transport: what else it runs over
};

/// The same, with faults that nobody may notice: everything arrives, late, split and in another order.
std::vector<Joiner> under_faults(const std::vector<Joiner>& joiners);

/// How a case is named in reports.
inline void PrintTo(const Joiner& joiner, std::ostream* out) {
  *out << joiner.name;
  if (!joiner.variant.empty()) *out << " " << joiner.variant;
}

/// A case that asks for what a transport does not claim to do (processes, for one that lives in a process) records
/// `does_not_apply` with the reason and passes: there is nothing that could be missing on this machine.
class Conformance : public testing::TestWithParam<Joiner> {
 protected:
  void SetUp() override { world_ = GetParam().make_world(); }

  std::unique_ptr<Party> join(Rank rank) { return std::make_unique<Party>(rank, world_->make(rank)); }

  /// `ranks` members, each connected to all others.
  Parties all_to_all(int ranks) {
    Parties parties;
    for (int rank = 0; rank < ranks; ++rank) parties.push_back(join(to_rank(rank)));
    introduce(parties);
    return parties;
  }

  std::unique_ptr<World> world_;
};

}  // namespace tutti::transport::conformance
