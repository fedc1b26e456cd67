#include "plan/exchange/goal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "plan/tile.hpp"

namespace tutti::plan {
namespace {

// One rank. Step i begins at label firsts_[i] and is over at lasts_[i].
class RankText {
 public:
  RankText(const Program& program, const GoalCall& call)
      : program_(program),
        call_(call),
        tile_{.blocks = has_blocks(program.collective),
              .stride = call.count,
              .count = call.count,
              .cut = &program.cut,
              .segments = program.segments} {}

  std::string write() {
    text_ = fmt::format("rank {} {{\n", index(program_.self));
    for (std::uint32_t i = 0; i < program_.size(); ++i) add(program_.steps[i]);
    for (std::uint32_t i = 0; i < program_.size(); ++i) {
      for (const Edge edge : program_.successors_of(i)) {
        const bool posted = edge.when_posted != 0;
        fmt::format_to(std::back_inserter(text_), "l{} {} l{}\n", firsts_[edge.step], posted ? "irequires" : "requires",
                       posted ? firsts_[i] : lasts_[i]);
      }
    }
    return text_ + "}\n\n";
  }

 private:
  void add(const Step& step) {
    firsts_.push_back(++label_);
    const std::uint64_t bytes = bytes_of(step);
    if (step.moves()) {
      const bool sends = step.verb == Verb::send;
      if (bytes > 0) {
        line(fmt::format("{} {}b {} {} tag {}", sends ? "send" : "recv", bytes, sends ? "to" : "from", index(step.peer),
                         tags_[{step.peer, sends}]++));
      } else {
        line("calc 0");
      }
      if (step.verb == Verb::recv_reduce && bytes > 0) {
        ++label_;
        line(fmt::format("calc {}", nanoseconds(bytes, call_.reduce_GBps)));
        text_ += fmt::format("l{} requires l{}\n", label_, label_ - 1);
      }
    } else {
      const double rate = step.verb == Verb::reduce ? call_.reduce_GBps : call_.copy_GBps;
      const std::uint64_t operands = step.verb == Verb::reduce ? step.slot_count() - 1 : 1;
      line(fmt::format("calc {}", nanoseconds(bytes * operands, rate)));
    }
    lasts_.push_back(label_);
  }

  void line(const std::string& what) { fmt::format_to(std::back_inserter(text_), "l{}: {}\n", label_, what); }

  [[nodiscard]] std::uint64_t bytes_of(const Step& step) const {
    const Buffer moved = step.verb == Verb::recv || step.verb == Verb::recv_reduce ? step.dst : step.src;
    if (step.verb == Verb::wait) return 0;
    if (moved == Buffer::token) return 1;  // however many it stands for
    const std::uint32_t first =
        moved != Buffer::slots ? (moved == step.dst ? step.written_first() : step.src_first) : step.stands_for();
    const std::uint32_t stride = step.src_stride();
    std::uint64_t elements = 0;
    for (std::uint32_t i = 0; i < step.chunks; ++i) {
      const std::uint32_t chunk = first + i * stride;
      if (tile_.blocks && !program_.cut.block(chunk % program_.chunks)) continue;
      elements += tile_.in_user(chunk, {0, call_.count}).count;
    }
    const bool wide = program_.widened && moved != Buffer::in && moved != Buffer::out;
    return elements * size_of(wide ? accumulator_of(call_.type) : call_.type);
  }

  static std::uint64_t nanoseconds(std::uint64_t bytes, double rate_GBps) {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(bytes) / rate_GBps));
  }

  const Program& program_;
  const GoalCall& call_;
  Tile tile_;
  std::string text_;
  std::uint32_t label_ = 0;
  std::vector<std::uint32_t> firsts_;
  std::vector<std::uint32_t> lasts_;
  std::map<std::pair<Rank, bool>, std::uint32_t> tags_;
};

// From a few ranks: only roots do much more than others.
std::uint64_t estimated_steps(const Plan& plan) {
  const auto steps_of = [&](std::int32_t away) {
    return std::uint64_t{lower(plan, Rank{(index(plan.root) + away) % plan.ranks()}, false).size()};
  };
  const auto others = static_cast<std::uint64_t>(plan.ranks()) - 1;
  return steps_of(0) + others * std::max(steps_of(plan.ranks() / 2), steps_of(plan.ranks() - 1));
}

Error too_many(std::uint64_t steps, std::uint64_t most) {
  return {Code::unsupported, fmt::format("about {} steps of all ranks would be written, about {} MB of text, where {} "
                                         "steps are allowed",
                                         steps, steps * 64 / 1'000'000, most)};
}

}  // namespace

Status write_goal(const Plan& plan, const GoalCall& call, const std::function<Status(std::string_view)>& out) {
  if (const auto steps = estimated_steps(plan); steps > call.most_steps) return too_many(steps, call.most_steps);
  TUTTI_TRY(out(fmt::format("num_ranks {}\n\n", plan.ranks())));
  for (std::int32_t rank = 0; rank < plan.ranks(); ++rank)
    TUTTI_TRY(out(RankText(lower(plan, Rank{rank}, false), call).write()));
  return {};
}

}  // namespace tutti::plan
