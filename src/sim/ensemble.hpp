// Who is simulated: one rank of each class with its tasks, and which task of whom each message meets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sim/symmetry.hpp"
#include "sim/tasks.hpp"

namespace tutti::sim {

/// How many ranks are simulated.
enum class Tier : std::uint8_t {
  folded,    // one of each class
  unfolded,  // all
};

/// Told how far it is, from 0 to 1.
using Progress = std::function<void(double)>;

struct Player {
  Position position = 0;
  std::uint32_t list = 0;  // which task list
  std::size_t first = 0;   // of its tasks among those of all players
};

/// The other end of a message.
struct Match {
  std::uint32_t player = ~0U;
  std::uint32_t task = 0;
};

class Ensemble {
 public:
  static constexpr std::uint64_t kMostTasks = 40'000'000;

  struct Options {
    Tier tier = Tier::folded;
    Progress progress{};
  };
  /// Fails with invalid_argument if the plan is for another number of ranks, and with unsupported if there would be
  /// more than kMostTasks tasks, or if programs do not fit together.
  static Result<Ensemble> make(const plan::Plan& plan, const Call& call, const Network& network,
                               const Options& options);

  [[nodiscard]] const Symmetry& symmetry() const { return symmetry_; }
  [[nodiscard]] const std::vector<Player>& players() const { return players_; }
  [[nodiscard]] const TaskList& list_of(const Player& player) const { return lists_[player.list]; }
  [[nodiscard]] std::size_t tasks() const { return peers_.size(); }
  /// Of a task that is a message: where the other end is for this player, not for its class.
  [[nodiscard]] Position peer(std::size_t task) const { return peers_[task]; }
  [[nodiscard]] const Match& match(std::size_t task) const { return matches_[task]; }

 private:
  explicit Ensemble(const Network& network) : symmetry_(network.levels()) {}
  Status collect(const TaskMaker& maker, const Network& network, const Progress& progress,
                 std::optional<TaskMaker::RankTasks> first);
  Status match_all();
  static constexpr std::size_t kMostKnown = 64;  // task lists that others are compared with
  [[nodiscard]] std::uint32_t list_number(TaskList&& list);

  Symmetry symmetry_;
  std::vector<Player> players_;
  std::vector<TaskList> lists_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> known_lists_;  // hash and number
  std::vector<Position> peers_;
  std::vector<std::uint16_t> pieces_;  // until messages are matched
  std::vector<Match> matches_;
};

struct FoundSymmetry {
  Symmetry symmetry;
  std::optional<TaskMaker::RankTasks> first;  // of position 0, if it was looked at
};

/// The changes of places that leave plan and network as they are, as far as that can be seen: on each level all
/// rotations are tried, or all exchanges, from two places; some of them on levels of more than 64 units and where ranks
/// have very many tasks.
FoundSymmetry find_symmetry(const plan::Plan& plan, const TaskMaker& maker, const Network& network);

}  // namespace tutti::sim
