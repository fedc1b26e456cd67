#include "plan/verify/verify.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "plan/verify/symbolic_memory.hpp"

namespace tutti::plan {
namespace {

// One rank: its program, what each step still waits for, and its memory.
struct Actor {
  Program program;
  std::vector<std::uint32_t> waits;
  std::size_t finished = 0;
  SymbolicMemory memory;
};

struct Posted {
  std::int32_t rank;
  std::uint32_t step;
};

class Execution {
 public:
  Execution(const Plan& plan, std::vector<Program> programs, const VerifyOptions& options)
      : plan_(plan), random_(options.seed) {
    for (auto& program : programs) {
      const Rank self = program.self;
      Actor actor{std::move(program), {}, 0, SymbolicMemory(plan, self, options.in_place)};
      actors_.push_back(std::move(actor));
    }
  }

  Status run() {
    for (std::int32_t rank = 0; rank < plan_.ranks; ++rank) {
      Actor& actor = actors_[static_cast<std::size_t>(rank)];
      for (std::uint32_t i = 0; i < actor.program.size(); ++i) {
        actor.waits.push_back(actor.program.steps[i].dependencies);
        if (actor.waits.back() == 0) ready_.push_back({rank, i});
      }
    }
    while (!ready_.empty() || !matched_.empty()) TUTTI_TRY(advance());
    TUTTI_TRY(check_finished());
    for (const Actor& actor : actors_) TUTTI_TRY(actor.memory.check_result(actor.program));
    return {};
  }

 private:
  using Channel = std::pair<std::int32_t, std::int32_t>;  // from, to

  // Takes one event at random: a step that may start, or a message whose two ends have met.
  Status advance() {
    const auto pick = std::uniform_int_distribution<std::size_t>(0, ready_.size() + matched_.size() - 1)(random_);
    if (pick < ready_.size()) {
      std::swap(ready_[pick], ready_.back());
      const Posted step = ready_.back();
      ready_.pop_back();
      return start(step);
    }
    std::swap(matched_[pick - ready_.size()], matched_.back());
    const auto [send, recv] = matched_.back();
    matched_.pop_back();
    return deliver(send, recv);
  }

  Status start(Posted posted) {
    Actor& actor = actor_of(posted);
    const Step& step = step_of(posted);
    if (auto begun = actor.memory.begin(step, actor.program); !begun) return begun.error().within(place(posted));
    release(posted, true);
    if (step.verb == Verb::copy || step.verb == Verb::reduce) {
      if (auto done = actor.memory.compute(step, actor.program); !done) return done.error().within(place(posted));
      return finish(posted);
    }
    const bool sends = step.verb == Verb::send;
    if (index(step.peer) < 0 || index(step.peer) >= plan_.ranks || index(step.peer) == posted.rank) {
      return Error{Code::invalid_argument, fmt::format("{}: there is no such peer", place(posted))};
    }
    const Channel channel = sends ? Channel{posted.rank, index(step.peer)} : Channel{index(step.peer), posted.rank};
    (sends ? sends_ : recvs_)[channel].push_back(posted);
    auto& from = sends_[channel];
    auto& to = recvs_[channel];
    if (!from.empty() && !to.empty()) {
      matched_.emplace_back(from.front(), to.front());
      from.pop_front();
      to.pop_front();
    }
    return {};
  }

  Status deliver(Posted send, Posted recv) {
    const auto message = actor_of(send).memory.read(step_of(send));
    if (auto taken = actor_of(recv).memory.arrive(step_of(recv), message); !taken) {
      return taken.error().within(fmt::format("{} meets {}", place(send), place(recv)));
    }
    TUTTI_TRY(finish(send));
    return finish(recv);
  }

  Status finish(Posted posted) {
    Actor& actor = actor_of(posted);
    actor.memory.end(step_of(posted), actor.program);
    ++actor.finished;
    release(posted, false);
    return {};
  }

  void release(Posted posted, bool when_posted) {
    Actor& actor = actor_of(posted);
    for (const Edge edge : actor.program.successors_of(posted.step)) {
      if ((edge.when_posted != 0) == when_posted && --actor.waits[edge.step] == 0)
        ready_.push_back({posted.rank, edge.step});
    }
  }

  Status check_finished() const {
    for (const Actor& actor : actors_) {
      if (actor.finished == actor.program.size()) continue;
      for (const auto* const waiting : {&sends_, &recvs_}) {
        for (const auto& [channel, steps] : *waiting) {
          if (!steps.empty()) {
            return Error{Code::invalid_argument, fmt::format("deadlock: {} is never met", place(steps.front()))};
          }
        }
      }
      return Error{Code::invalid_argument,
                   fmt::format("deadlock: rank {} has steps that never start", index(actor.program.self))};
    }
    return {};
  }

  Actor& actor_of(Posted posted) { return actors_[static_cast<std::size_t>(posted.rank)]; }
  const Step& step_of(Posted posted) const {
    return actors_[static_cast<std::size_t>(posted.rank)].program.steps[posted.step];
  }
  std::string place(Posted posted) const {
    return fmt::format("rank {} step {} ({})", posted.rank, static_cast<std::uint32_t>(posted.step),
                       to_string(step_of(posted)));
  }

  const Plan& plan_;
  std::mt19937_64 random_;
  std::vector<Actor> actors_;
  std::vector<Posted> ready_;
  std::vector<std::pair<Posted, Posted>> matched_;
  std::map<Channel, std::deque<Posted>> sends_;
  std::map<Channel, std::deque<Posted>> recvs_;
};

}  // namespace

Status verify(const Plan& plan, std::vector<Program> programs, const VerifyOptions& options) {
  return Execution(plan, std::move(programs), options).run();
}

Status verify(const Plan& plan, const VerifyOptions& options) {
  std::vector<Program> programs;
  for (std::int32_t rank = 0; rank < plan.ranks; ++rank) programs.push_back(lower(plan, Rank{rank}, options.in_place));
  return verify(plan, std::move(programs), options);
}

}  // namespace tutti::plan
