#include "plan/verify/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "plan/verify/contribution.hpp"
#include "plan/verify/heard.hpp"
#include "plan/verify/memory.hpp"
#include "plan/verify/races.hpp"

namespace tutti::plan {
namespace {

struct Posted {
  std::int32_t rank;
  std::uint32_t step;
};

// One rank: what each step still waits for, its memory, and the messages whose other end has not come yet.
template <typename Contributions>
struct Actor {
  Actor(const Program& its, bool in_place) : program(its), memory(its, in_place) {
    waits.reserve(its.size());
    for (std::uint32_t i = 0; i < its.size(); ++i) waits.push_back(its.steps[i].dependencies);
    if (its.collective == Collective::barrier) tokens.emplace_back(index(its.self));
  }

  const Program& program;
  std::vector<std::uint32_t> waits;
  std::uint32_t finished = 0;
  Memory<Contributions> memory;
  std::vector<Heard> tokens;
  std::vector<std::uint32_t> sends;  // posted and not met, in order
  std::vector<std::uint32_t> recvs;
};

template <typename Contributions>
class Execution {
 public:
  using Message = typename Memory<Contributions>::Message;

  Execution(std::span<const Program> programs, const VerifyOptions& options) : options_(options) {
    actors_.reserve(programs.size());
    for (const Program& program : programs) actors_.emplace_back(program, options.in_place);
  }

  Status run() {
    for (std::int32_t rank = 0; rank < static_cast<std::int32_t>(actors_.size()); ++rank) {
      for (std::uint32_t i = 0; i < actor(rank).program.size(); ++i) {
        if (actor(rank).program.steps[i].dependencies == 0) ready_.push_back({rank, i});
      }
      TUTTI_TRY(run_ready());
    }
    TUTTI_TRY(check_finished());
    const auto all = Contributions::all(static_cast<std::int32_t>(actors_.size()));
    for (auto& one : actors_) {
      TUTTI_TRY(one.memory.check_result(one.program, all, options_.in_rank_order));
      TUTTI_TRY(check_barrier(one));
    }
    return {};
  }

 private:
  Status run_ready() {
    while (!ready_.empty()) {
      const Posted next = ready_.back();
      ready_.pop_back();
      TUTTI_TRY(start(next));
    }
    return {};
  }

  Status start(Posted posted) {
    auto& self = actor(posted.rank);
    const Step& step = step_of(posted);
    release(posted, true);
    if (!step.moves()) {
      if (auto done = compute(self, step); !done) return done.error().within(place(posted));
      finish(posted);
      return {};
    }
    const bool sends = step.verb == Verb::send;
    auto& other = actor(index(step.peer));
    auto& theirs = sends ? other.recvs : other.sends;
    const auto met = std::find_if(theirs.begin(), theirs.end(), [&](std::uint32_t their_step) {
      return index(other.program.steps[their_step].peer) == posted.rank;
    });
    if (met == theirs.end()) {
      (sends ? self.sends : self.recvs).push_back(posted.step);
      return {};
    }
    const Posted their{index(step.peer), *met};
    theirs.erase(met);
    return sends ? deliver(posted, their) : deliver(their, posted);
  }

  Status deliver(Posted send, Posted recv) {
    if (auto taken = take(send, recv); !taken) {
      return taken.error().within(fmt::format("{} meets {}", place(send), place(recv)));
    }
    finish(send);
    finish(recv);
    return {};
  }

  Status take(Posted send, Posted recv) {
    auto& from = actor(send.rank);
    auto& to = actor(recv.rank);
    const Step& sent = step_of(send);
    const Step& received = step_of(recv);
    const bool token = sent.src == Buffer::token;
    if (token != (received.dst == Buffer::token)) return wrong("a token meets data");
    if (token) {
      Heard heard;
      for (std::uint32_t i = sent.src_first; i < sent.src_first + sent.chunks && i < from.tokens.size(); ++i)
        heard.add(from.tokens[i]);
      to.tokens.resize(std::max<std::size_t>(to.tokens.size(), received.dst_first + 1));
      to.tokens[received.dst_first] = heard;
      return {};
    }
    if (sent.chunks != received.chunks)
      return wrong(fmt::format("{} chunks arrive where {} are expected", sent.chunks, received.chunks));
    TUTTI_TRY(from.memory.read(arrived_, sent.src, sent.src_first, sent.chunks));
    // Chunks of a vector differ in length: both ends must mean the same ones.
    if (!options_.equal_chunks && !are_alike(to.program, src_place(sent), dst_place(received), sent.chunks))
      return wrong(fmt::format("chunk {} arrives where chunk {} is expected", src_place(sent), dst_place(received)));
    if (is_partial(sent.src) != is_partial(received.dst) && to.program.widened)
      return wrong("a partial result meets an element of the user's type");
    if (received.verb == Verb::recv) {
      to.memory.write(received.dst, received.dst_first, arrived_);
      return {};
    }
    TUTTI_TRY(to.memory.read(local_, received.src, received.src_first, received.chunks));
    const bool arrived_first = (received.flags & kArrivedFirst) != 0;
    TUTTI_TRY(arrived_first ? Memory<Contributions>::combine(sum_, arrived_, local_)
                            : Memory<Contributions>::combine(sum_, local_, arrived_));
    to.memory.write(received.dst, received.dst_first, sum_);
    return {};
  }

  Status compute(Actor<Contributions>& self, const Step& step) {
    if (step.verb == Verb::wait) return {};
    TUTTI_TRY(self.memory.read(local_, step.src, step.src_first, step.chunks, step.src_stride()));
    if (step.verb == Verb::reduce) TUTTI_TRY(reduce_slots(self, step));
    self.memory.write(step.dst, step.written_first(), step.verb == Verb::reduce ? sum_ : local_, step.dst_stride());
    return {};
  }

  // The slots and, at its own place among them, local_: into sum_.
  Status reduce_slots(Actor<Contributions>& self, const Step& step) {
    for (std::uint32_t slot = 0; slot < step.slot_count(); ++slot) {
      const bool own = slot == step.own_slot();
      if (!own) TUTTI_TRY(self.memory.read(arrived_, Buffer::slots, step.slot + slot * step.chunks, step.chunks));
      const Message& next = own ? local_ : arrived_;
      if (slot == 0) {
        sum_ = next;
      } else {
        TUTTI_TRY(Memory<Contributions>::combine(so_far_, sum_, next));
        std::swap(sum_, so_far_);
      }
    }
    return {};
  }

  void finish(Posted posted) {
    ++actor(posted.rank).finished;
    release(posted, false);
  }

  void release(Posted posted, bool when_posted) {
    auto& self = actor(posted.rank);
    for (const Edge edge : self.program.successors_of(posted.step)) {
      if ((edge.when_posted != 0) == when_posted && --self.waits[edge.step] == 0)
        ready_.push_back({posted.rank, edge.step});
    }
  }

  Status check_finished() const {
    for (std::int32_t rank = 0; rank < static_cast<std::int32_t>(actors_.size()); ++rank) {
      const auto& one = actors_[static_cast<std::size_t>(rank)];
      if (!one.sends.empty()) return wrong(fmt::format("deadlock: {} is never met", place({rank, one.sends.front()})));
      if (!one.recvs.empty()) return wrong(fmt::format("deadlock: {} is never met", place({rank, one.recvs.front()})));
    }
    for (const auto& one : actors_) {
      if (one.finished != one.program.size())
        return wrong(fmt::format("deadlock: rank {} has steps that never start", index(one.program.self)));
    }
    return {};
  }

  Status check_barrier(const Actor<Contributions>& one) const {
    if (one.program.collective != Collective::barrier) return {};
    Heard heard;
    for (const Heard& token : one.tokens) heard.add(token);
    if (heard.of_all(static_cast<std::int32_t>(actors_.size()))) return {};
    return wrong(fmt::format("rank {} leaves having heard of {} only", index(one.program.self), heard.describe()));
  }

  static Error wrong(std::string text) { return {Code::invalid_argument, std::move(text)}; }
  Actor<Contributions>& actor(std::int32_t rank) { return actors_[static_cast<std::size_t>(rank)]; }
  const Step& step_of(Posted posted) const {
    return actors_[static_cast<std::size_t>(posted.rank)].program.steps[posted.step];
  }
  std::string place(Posted posted) const {
    return fmt::format("rank {} step {} ({})", posted.rank, posted.step, to_string(step_of(posted)));
  }

  VerifyOptions options_;
  std::vector<Actor<Contributions>> actors_;
  std::vector<Posted> ready_;
  Message arrived_, local_, sum_, so_far_;  // kept, so that no step allocates
};

Status check_alone(std::span<const Program> programs, const VerifyOptions& options) {
  for (std::size_t rank = 0; rank < programs.size(); ++rank) {
    const Program& program = programs[rank];
    const Program& first = programs.front();
    if (index(program.self) != static_cast<std::int32_t>(rank) || program.ranks != programs.size() ||
        program.collective != first.collective || program.root != first.root || program.chunks != first.chunks ||
        program.segments != first.segments || !(program.cut == first.cut) || program.scratch != first.scratch ||
        program.packed != first.packed || program.widened != first.widened)
      return Error{Code::invalid_argument, fmt::format("the program of rank {} belongs to another plan", rank)};
    TUTTI_TRY(check_form(program));
    if (!options.equal_chunks) TUTTI_TRY(check_lengths(program));
    TUTTI_TRY(check_races(program, options.in_place));
  }
  return {};
}

}  // namespace

Status verify(std::span<const Program> programs, const VerifyOptions& options) {
  if (programs.empty()) return Error{Code::invalid_argument, "there are no programs"};
  TUTTI_TRY(check_alone(programs, options));
  if (programs.size() <= static_cast<std::size_t>(ContributionSet::kMostRanks))
    return Execution<ContributionSet>(programs, options).run();
  return Execution<Fingerprint>(programs, options).run();
}

Status verify(const Plan& plan, const VerifyOptions& options) {
  std::vector<Program> programs;
  programs.reserve(static_cast<std::size_t>(plan.ranks()));
  for (std::int32_t rank = 0; rank < plan.ranks(); ++rank)
    programs.push_back(lower(plan, Rank{rank}, options.in_place));
  return verify(programs, options);
}

// Groups are runs of ranks, and are combined within before they are combined with others.
bool keeps_rank_order(const Plan& plan) {
  if (!plan.levels->in_rank_order()) return false;
  return std::ranges::all_of(plan.stripes(), [](const Stripe& stripe) {
    for (std::size_t t = 0; t < stripe.depth; ++t) {
      const Tier& tier = stripe.list[t];
      if (t > 0 && tier.level < stripe.list[t - 1].level) return false;
      if (tier.method->down != nullptr && tier.method->down->commutative) return false;
    }
    return true;
  });
}

}  // namespace tutti::plan
