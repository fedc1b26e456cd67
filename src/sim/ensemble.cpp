#include "sim/ensemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace tutti::sim {
namespace {

std::uint64_t hash_of(const TaskList& list) {
  std::uint64_t hash = list.tasks.size();
  const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 0x9e3779b97f4a7c15U + (hash >> 29U); };
  for (const Task& task : list.tasks) {
    add(static_cast<std::uint64_t>(task.kind) << 32U | task.dependencies);
    add(std::bit_cast<std::uint64_t>(task.bytes));
    add(std::bit_cast<std::uint64_t>(task.work_us));
  }
  for (const plan::Edge edge : list.edges) add(std::uint64_t{edge.step} * 2 + edge.when_posted);
  return hash;
}

// A message's end at one player, with whom, and where among the messages of that direction between the two.
struct End {
  Position peer;
  std::uint32_t task;
};

}  // namespace

std::uint32_t Ensemble::list_number(TaskList&& list) {
  const std::uint64_t hash = hash_of(list);
  for (const auto& [known, number] : known_lists_) {
    if (known == hash && lists_[number] == list) return number;
  }
  lists_.push_back(std::move(list));
  const auto number = static_cast<std::uint32_t>(lists_.size() - 1);
  if (known_lists_.size() < kMostKnown) known_lists_.emplace_back(hash, number);
  return number;
}

Status Ensemble::collect(const TaskMaker& maker, const Network& network, const Progress& progress,
                         std::optional<TaskMaker::RankTasks> first) {
  const std::int32_t count = symmetry_.classes();
  players_.reserve(static_cast<std::size_t>(count));
  for (std::int32_t number = 0; number < count; ++number) {
    const Position position = symmetry_.representative(number);
    auto made = position == 0 && first ? *std::exchange(first, {}) : maker.make(network, position);
    const std::uint64_t expected = std::uint64_t{made.peers.size()} * static_cast<std::uint64_t>(count);
    if (std::max<std::uint64_t>(peers_.size(), number == 0 ? expected : 0) > kMostTasks) {
      return Error{Code::unsupported,
                   fmt::format("about {} tasks of {} ranks that all do something else, where {} are possible: ask for "
                               "fewer ranks or another algorithm",
                               expected, count, kMostTasks)};
    }
    if (number == 0) {
      peers_.reserve(expected);
      pieces_.reserve(expected);
    }
    players_.push_back({position, list_number(std::move(made.list)), peers_.size()});
    peers_.insert(peers_.end(), made.peers.begin(), made.peers.end());
    pieces_.insert(pieces_.end(), made.pieces.begin(), made.pieces.end());
    if (progress && number % 1024 == 0) progress(static_cast<double>(number) / count);
  }
  return {};
}

// Messages between two ranks meet in the order in which both post them.
Status Ensemble::match_all() {
  matches_.assign(peers_.size(), {});
  std::vector<std::size_t> first(players_.size() + 1, 0);
  std::vector<End> recvs;
  std::vector<End> sends;
  const auto by_peer = [](const End& a, const End& b) { return a.peer != b.peer ? a.peer < b.peer : a.task < b.task; };
  const auto ends_of = [&](const Player& player, Task::Kind kind, std::vector<End>& ends) {
    const TaskList& list = list_of(player);
    const std::size_t begin = ends.size();
    for (std::uint32_t task = 0; task < list.size(); ++task) {
      if (list.tasks[task].kind == kind) ends.push_back({peers_[player.first + task], task});
    }
    std::sort(ends.begin() + static_cast<std::ptrdiff_t>(begin), ends.end(), by_peer);
  };
  for (std::size_t i = 0; i < players_.size(); ++i) {
    ends_of(players_[i], Task::Kind::recv, recvs);
    first[i + 1] = recvs.size();
  }
  std::size_t met = 0;
  for (std::size_t i = 0; i < players_.size(); ++i) {
    const Player& player = players_[i];
    sends.clear();
    ends_of(player, Task::Kind::send, sends);
    std::size_t nth = 0;
    for (std::size_t s = 0; s < sends.size(); ++s) {
      nth = s > 0 && sends[s].peer == sends[s - 1].peer ? nth + 1 : 0;
      const auto other = static_cast<std::size_t>(symmetry_.class_of(sends[s].peer));
      const Position self_there = symmetry_.moved(player.position, sends[s].peer);
      const auto begin = recvs.begin() + static_cast<std::ptrdiff_t>(first[other]);
      const auto end = recvs.begin() + static_cast<std::ptrdiff_t>(first[other + 1]);
      const auto found = std::lower_bound(begin, end, End{self_there, 0}, by_peer) + static_cast<std::ptrdiff_t>(nth);
      const bool there = found < end && found->peer == self_there;
      const Task& send = list_of(player).tasks[sends[s].task];
      const Task* const recv = there ? &list_of(players_[other]).tasks[found->task] : nullptr;
      const bool whole = there && (symmetry_.order() > 1 || pieces_[players_[other].first + found->task] ==
                                                                pieces_[player.first + sends[s].task]);
      if (!whole || std::abs(recv->bytes - send.bytes) > 1e-9 * std::max(1.0, send.bytes)) {
        return Error{Code::unsupported, fmt::format("task {} of position {} sends what position {} does not expect",
                                                    sends[s].task, player.position, sends[s].peer)};
      }
      matches_[player.first + sends[s].task] = {static_cast<std::uint32_t>(other), found->task};
      matches_[players_[other].first + found->task] = {static_cast<std::uint32_t>(i), sends[s].task};
      ++met;
    }
  }
  pieces_ = {};
  if (met != recvs.size()) return Error{Code::unsupported, "a message is expected that nobody sends"};
  return {};
}

Result<Ensemble> Ensemble::make(const plan::Plan& plan, const Call& call, const Network& network,
                                const Options& options) {
  if (plan.ranks() != network.ranks())
    return Error{Code::invalid_argument,
                 fmt::format("the plan is for {} ranks, the fabric has {}", plan.ranks(), network.ranks())};
  // Where two ends do not see the same steps as one message, every step is a message of its own; and where ranks that
  // looked alike turn out not to be, all of them are taken.
  Status last;
  for (const bool joins : {true, false}) {
    const TaskMaker maker(plan, call, joins);
    for (const Tier tier : {Tier::folded, Tier::unfolded}) {
      if (tier == Tier::folded && options.tier == Tier::unfolded) continue;
      Ensemble ensemble(network);
      std::optional<TaskMaker::RankTasks> first;
      if (tier == Tier::folded) {
        FoundSymmetry found = find_symmetry(plan, maker, network);
        ensemble.symmetry_ = found.symmetry;
        first = std::move(found.first);
      }
      if (tier == Tier::unfolded && options.tier == Tier::folded && ensemble.symmetry_.order() == 1 && !joins) continue;
      TUTTI_TRY(ensemble.collect(maker, network, options.progress, std::move(first)));
      last = ensemble.match_all();
      if (last) return ensemble;
    }
  }
  return std::move(last).error();
}

}  // namespace tutti::sim
