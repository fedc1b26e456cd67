#include "plan/lower.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace tutti::plan {
namespace {

struct Access {
  std::int64_t writer = -1;
  std::vector<std::uint32_t> readers;
};

struct Dependency {
  std::uint32_t from;
  std::uint32_t to;
  bool when_posted;
};

// Who wrote and who reads each chunk of each buffer, while steps are added in program order.
class Hazards {
 public:
  explicit Hazards(bool in_place) : in_place_(in_place), memories_(kBuffers, RangeMap<Access>(Access{})) {}

  void read(std::uint32_t step, Buffer buffer, std::uint32_t first, std::uint32_t count) {
    memory(buffer).visit(first, first + count, [&](std::uint32_t, std::uint32_t, Access& access) {
      if (access.writer >= 0) depend(static_cast<std::uint32_t>(access.writer), step);
      access.readers.push_back(step);
    });
  }

  void write(std::uint32_t step, Buffer buffer, std::uint32_t first, std::uint32_t count) {
    memory(buffer).visit(first, first + count, [&](std::uint32_t, std::uint32_t, Access& access) {
      if (access.writer >= 0) depend(static_cast<std::uint32_t>(access.writer), step);
      for (const std::uint32_t reader : access.readers) depend(reader, step);
    });
    memory(buffer).assign(first, first + count, Access{step, {}});
  }

  std::vector<Dependency> take() {
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    std::vector<Dependency> all;
    all.reserve(found_.size());
    for (const auto& [from, to] : found_) all.push_back({from, to, false});
    return all;
  }

 private:
  static constexpr std::size_t kBuffers = 7;

  void depend(std::uint32_t from, std::uint32_t to) {
    if (from != to) found_.emplace_back(from, to);
  }
  RangeMap<Access>& memory(Buffer buffer) {
    if (in_place_ && buffer == Buffer::in) buffer = Buffer::out;
    return memories_[static_cast<std::size_t>(buffer)];
  }

  bool in_place_;
  std::vector<RangeMap<Access>> memories_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> found_;
};

std::uint32_t offset(Buffer buffer, std::uint32_t segment, const Program& program) {
  if (buffer == Buffer::token || buffer == Buffer::none) return 0;
  return segment * (buffer == Buffer::slots ? program.slots : program.chunks);
}

Step cut(const Action& action, std::uint32_t segment, const Program& program) {
  Step step;
  step.verb = action.verb;
  step.flags = action.flags;
  step.src = action.src;
  step.dst = action.dst;
  step.peer = action.peer;
  step.src_first = action.src_range.first + offset(action.src, segment, program);
  step.dst_first = action.dst_range.first + offset(action.dst, segment, program);
  step.chunks = action.src == Buffer::none ? action.dst_range.count : action.src_range.count;
  step.slot = action.verb == Verb::reduce ? segment * program.slots : 0;
  return step;
}

void order_steps(const std::vector<Action>& actions, Program& program) {
  struct Key {
    std::uint32_t wave;
    std::uint32_t segment;
    std::uint32_t action;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys;
  keys.reserve(actions.size() * program.segments);
  for (std::uint32_t i = 0; i < actions.size(); ++i) {
    for (std::uint32_t segment = 0; segment < program.segments; ++segment)
      keys.push_back({actions[i].round + segment, segment, i});
  }
  if (program.segments > 1) std::sort(keys.begin(), keys.end());
  program.steps.reserve(keys.size() + 1);
  for (const Key& key : keys) program.steps.push_back(cut(actions[key.action], key.segment, program));
}

std::vector<Dependency> find_dependencies(const Program& program, bool in_place) {
  Hazards hazards(in_place);
  std::map<std::pair<Rank, Verb>, std::uint32_t> last_posted;
  std::vector<Dependency> in_order;
  std::optional<std::uint32_t> last_in_turn;
  for (std::uint32_t i = 0; i < program.steps.size(); ++i) {
    const Step& step = program.steps[i];
    if (step.src != Buffer::none) hazards.read(i, step.src, step.src_first, step.chunks);
    if (step.verb == Verb::reduce) hazards.read(i, Buffer::slots, step.slot, program.slots);
    if (step.dst != Buffer::none) hazards.write(i, step.dst, step.dst_first, step.chunks);
    if (step.verb == Verb::copy || step.verb == Verb::reduce) continue;
    if ((step.flags & kInTurn) != 0) {
      if (last_in_turn) in_order.push_back({*last_in_turn, i, false});
      last_in_turn = i;
    }
    const auto channel = std::pair(step.peer, step.verb == Verb::send ? Verb::send : Verb::recv);
    const auto [before, first] = last_posted.try_emplace(channel, i);
    if (!first) in_order.push_back({std::exchange(before->second, i), i, true});
  }
  auto all = hazards.take();
  all.insert(all.end(), in_order.begin(), in_order.end());
  return all;
}

// Edges sorted by where they begin, and how many lead to each step.
void link(const std::vector<Dependency>& dependencies, Program& program) {
  for (const auto& edge : dependencies) {
    ++program.steps[edge.to].dependencies;
    ++program.steps[edge.from].successors;
  }
  program.steps.emplace_back();
  std::uint32_t begin = 0;
  for (Step& step : program.steps) begin += std::exchange(step.successors, begin);
  program.successors.resize(dependencies.size());
  std::vector<std::uint32_t> next(program.steps.size());
  for (std::size_t i = 0; i < next.size(); ++i) next[i] = program.steps[i].successors;
  for (const auto& edge : dependencies) {
    program.successors[next[edge.from]++] = {edge.to & 0x7fffffffU, edge.when_posted ? 1U : 0U};
  }
}

}  // namespace

Program lower(const Lowering& lowering, const PhaseBuilder& phases) {
  Program program;
  program.collective = lowering.collective;
  program.self = lowering.self;
  program.ranks = static_cast<std::uint32_t>(lowering.ranks);
  program.chunks = phases.chunks();
  program.segments = lowering.segments;
  program.slots = phases.slots();
  program.own_slot = phases.own_slot();
  program.widened = lowering.widened;
  order_steps(phases.actions(), program);
  for (const Step& step : program.steps) {
    program.uses_acc = program.uses_acc || step.src == Buffer::acc || step.dst == Buffer::acc;
    program.uses_acc2 = program.uses_acc2 || step.src == Buffer::acc2 || step.dst == Buffer::acc2;
  }
  link(find_dependencies(program, lowering.in_place), program);
  return program;
}

}  // namespace tutti::plan
