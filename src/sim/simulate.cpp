#include "sim/simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/cost/footprint.hpp"
#include "sim/agenda.hpp"
#include "sim/flights.hpp"
#include "sim/processors.hpp"

namespace tutti::sim {
namespace {

constexpr double kTogether = 1e-12;  // times that differ by less, relatively, are the same but for rounding

// A number from 0 to 1 that follows from these (splitmix64).
double chance_of(std::uint64_t seed, std::uint64_t who, std::uint64_t what) {
  std::uint64_t value = seed * 0x9e3779b97f4a7c15U + who * 0xd1b54a32d192ed03U + what * 0x8cb92ba72f3d8dd7U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return static_cast<double>((value ^ (value >> 31U)) >> 11U) * 0x1p-53;
}

class Simulation {
 public:
  Simulation(const Ensemble& ensemble, const Network& network, const SimulateOptions& options,
             const Flights::Memory& memory)
      : ensemble_(ensemble),
        network_(network),
        options_(options),
        players_(ensemble.players()),
        processors_(ensemble.players().size()),
        flights_(ensemble, network, memory),
        use_(static_cast<std::size_t>(network.levels().depth())) {
    done_at_.assign(players_.size(), 0);
    waits_.resize(ensemble.tasks());
    ready_.assign(ensemble.tasks(), 0);
    for (const Player& player : players_) {
      const TaskList& list = ensemble.list_of(player);
      for (std::uint32_t task = 0; task < list.size(); ++task)
        waits_[player.first + task] = list.tasks[task].dependencies;
    }
    if (options.spans) begun_.assign(ensemble.tasks(), 0);
  }

  Result<Outcome> run() {
    remaining_ = ensemble_.tasks();
    for (std::uint32_t i = 0; i < players_.size(); ++i) {
      const double skew =
          options_.chance.skew_us > 0 ? options_.chance.skew_us * chance_of(options_.chance.seed, i, ~0ULL) : 0;
      agenda_.add({.at_us = skew + network_.fabric().call_us, .who = i, .kind = Event::Kind::starts});
    }
    while (!agenda_.empty()) step();
    if (remaining_ != 0)
      return Error{Code::internal,
                   fmt::format("{} of {} tasks of the simulation never began", remaining_, ensemble_.tasks())};
    finish();
    return std::move(outcome_);
  }

 private:
  // Everything that happens at one time; what it sets in motion at once is part of it.
  void step() {
    if (options_.use) use_.add(now_, agenda_.next().at_us, flights_.rates());
    now_ = agenda_.next().at_us;
    const double until = now_ + now_ * kTogether;
    while (!agenda_.empty() && agenda_.next().at_us <= until) {
      ++outcome_.events;
      handle(agenda_.take());
    }
    processors_.serve(now_, agenda_);
    flights_.share(now_, agenda_);
    if (options_.progress && outcome_.events >= next_report_) {
      next_report_ = outcome_.events + 100'000;
      options_.progress(1 - static_cast<double>(remaining_) / static_cast<double>(ensemble_.tasks()));
    }
  }

  void handle(const Event& event) {
    switch (event.kind) {
      case Event::Kind::starts: {
        const TaskList& list = ensemble_.list_of(players_[event.who]);
        for (std::uint32_t task = 0; task < list.size(); ++task) {
          if (list.tasks[task].dependencies == 0) make_ready(event.who, task);
        }
        break;
      }
      case Event::Kind::computed:
        computed(event.who, event.what);
        break;
      case Event::Kind::arrives:
        flights_.begin(event.who, event.what, now_);
        break;
      case Event::Kind::ends:
        if (const auto landing = flights_.end(event.who, event.what); landing.lands) land(landing);
        break;
    }
  }

  [[nodiscard]] const Task& task_of(std::uint32_t player, std::uint32_t task) const {
    return ensemble_.list_of(players_[player]).tasks[task];
  }
  [[nodiscard]] std::size_t number(std::uint32_t player, std::uint32_t task) const {
    return players_[player].first + task;
  }
  [[nodiscard]] double overhead_of(std::uint32_t player, std::uint32_t task) const {
    return network_.overhead_us(players_[player].position, ensemble_.peer(number(player, task)));
  }

  // What a task waited for is there.
  void make_ready(std::uint32_t player, std::uint32_t task) {
    const Task& its = task_of(player, task);
    if (!begun_.empty()) begun_[number(player, task)] = now_;
    switch (its.kind) {
      case Task::Kind::send:
        compute(player, task, overhead_of(player, task));
        break;
      case Task::Kind::recv: {
        release(player, task, true);
        const Match& match = ensemble_.match(number(player, task));
        meet(match.player, match.task);
        break;
      }
      case Task::Kind::compute:
      case Task::Kind::copy:
        compute(player, task, its.work_us);
        break;
      case Task::Kind::nothing:
        release(player, task, true);
        complete(player, task);
        break;
    }
  }

  // Both ends of a message call this for the sender's task.
  void meet(std::uint32_t player, std::uint32_t task) {
    if (++ready_[number(player, task)] < 2) return;
    const Position from = players_[player].position;
    const Position to = ensemble_.peer(number(player, task));
    if (!begun_.empty()) begun_[number(player, task)] = now_;
    agenda_.add({now_ + network_.latency_us(from, to), player, task, Event::Kind::arrives});
  }

  void computed(std::uint32_t player, std::uint32_t task) {
    const Task& its = task_of(player, task);
    switch (its.kind) {
      case Task::Kind::send:
        release(player, task, true);
        meet(player, task);
        break;
      case Task::Kind::recv:
        complete(player, task);
        break;
      default:
        release(player, task, true);
        complete(player, task);
        break;
    }
  }

  void release(std::uint32_t player, std::uint32_t task, bool when_posted) {
    const TaskList& list = ensemble_.list_of(players_[player]);
    for (std::uint32_t e = list.tasks[task].successors; e < list.tasks[task + 1].successors; ++e) {
      const plan::Edge edge = list.edges[e];
      if ((edge.when_posted != 0) == when_posted && --waits_[number(player, edge.step)] == 0)
        make_ready(player, edge.step);
    }
  }

  void complete(std::uint32_t player, std::uint32_t task) {
    --remaining_;
    outcome_.time_us = std::max(outcome_.time_us, now_);
    done_at_[player] = now_;
    if (options_.spans) {
      const Task& its = task_of(player, task);
      const Position peer = ensemble_.peer(number(player, task));
      if (its.kind != Task::Kind::nothing) {
        outcome_.spans.push_back({network_.levels().rank_at(players_[player].position), its.kind,
                                  peer < 0 ? Rank{-1} : network_.levels().rank_at(peer), its.bytes,
                                  begun_[number(player, task)], now_});
      }
    }
    release(player, task, false);
  }

  void compute(std::uint32_t player, std::uint32_t task, double us) {
    if (options_.chance.noise > 0) {
      const double chance = chance_of(options_.chance.seed, player, task);
      us *= 1 - options_.chance.noise * std::log1p(-chance);
    }
    const Position position = players_[player].position;
    const bool is_copy = task_of(player, task).kind == Task::Kind::copy;
    if (const auto core = network_.core_of(position); is_copy && core) {
      flights_.begin_copy(player, task, *core, us, now_);
    } else {
      processors_.ask(player, task, us * network_.slowness(position), is_copy);
    }
  }

  void land(const Flights::Landing& landing) {
    if (task_of(landing.player, landing.task).kind == Task::Kind::copy) return computed(landing.player, landing.task);
    const Match match = ensemble_.match(number(landing.player, landing.task));
    const Task& received = task_of(match.player, match.task);
    compute(match.player, match.task, overhead_of(match.player, match.task) + received.work_us);
    complete(landing.player, landing.task);
  }

  void finish() {
    outcome_.classes = ensemble_.symmetry().classes();
    outcome_.tasks = ensemble_.tasks();
    if (options_.use) outcome_.use = use_.take(outcome_.time_us);
    outcome_.first_us = players_.empty() ? 0 : *std::min_element(done_at_.begin(), done_at_.end());
    const auto order = static_cast<std::uint64_t>(ensemble_.symmetry().order());
    for (std::uint32_t i = 0; i < players_.size(); ++i) {
      for (const Task& task : ensemble_.list_of(players_[i]).tasks)
        outcome_.messages += task.kind == Task::Kind::send ? order : 0;
    }
    outcome_.bytes_by_level = flights_.bytes_by_level();
    outcome_.most_bytes = flights_.most_bytes();
  }

  const Ensemble& ensemble_;
  const Network& network_;
  const SimulateOptions& options_;
  const std::vector<Player>& players_;
  Agenda agenda_;
  Processors processors_;
  Flights flights_;
  UseRecorder use_;
  double now_ = 0;
  std::uint64_t remaining_ = 0;
  std::uint64_t next_report_ = 100'000;
  std::vector<double> done_at_;  // by player: when its last task so far was over
  std::vector<std::uint32_t> waits_;
  std::vector<std::uint8_t> ready_;  // ends of a message that have posted it, at the sender's task
  std::vector<double> begun_;
  Outcome outcome_;
};

}  // namespace

Result<Outcome> simulate(const plan::Plan& plan, const Call& call, const Network& network,
                         const SimulateOptions& options) {
  if (!(call.bytes >= 0) || call.bytes > 0x1p60)
    return Error{Code::invalid_argument, fmt::format("{} bytes: 0 to 2^60 make sense", call.bytes)};
  if (!options.chance.is_none() && options.tier == Tier::folded)
    return Error{Code::invalid_usage, "ranks that differ by chance cannot be folded"};
  const Ensemble ensemble =
      TUTTI_TRY(Ensemble::make(plan, call, network, {.tier = options.tier, .progress = options.progress}));
  const double footprint = plan::footprint_of(plan.collective, call.bytes, network.ranks(), network.levels().width(0),
                                              call.situation.in_place);
  return Simulation(
             ensemble, network, options,
             {.footprint = footprint, .of_results = footprint / plan.segments, .in_windows = call.situation.in_windows})
      .run();
}

}  // namespace tutti::sim
