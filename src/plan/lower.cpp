#include "plan/lower.hpp"

#include <algorithm>
#include <utility>

#include "plan/hazards.hpp"

namespace tutti::plan {
namespace {

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
  if (action.verb == Verb::copy) {
    step.peer = to_rank(action.src_stride);
    step.slot = action.dst_stride;
  } else if (action.verb == Verb::reduce) {
    step.peer = to_rank(action.own_slot);
    step.dst_first = action.slots;
    step.slot = action.slot + segment * program.slots;
  } else if (action.dst == Buffer::slots) {
    step.src_first = action.src_range.first + segment * program.chunks;
  }
  return step;
}

// An action's step in the first segment, and how far its slices are from there in each segment after it.
struct Pattern {
  Step step;
  std::uint32_t src_first;
  std::uint32_t dst_first;
  std::uint32_t slot;

  Pattern(const Action& action, const Program& program) : step(cut(action, 0, program)) {
    const Step next = cut(action, 1, program);
    src_first = next.src_first - step.src_first;
    dst_first = next.dst_first - step.dst_first;
    slot = next.slot - step.slot;
  }
};

struct Place {
  std::uint32_t segment;
  std::uint32_t action;
};

// The order is a wavefront: by round + segment, then by segment, then as the algorithm wrote it. Actions are in order
// of rounds.
std::vector<Place> order(const std::vector<Action>& actions, std::uint32_t segments) {
  std::vector<Place> places;
  if (actions.empty()) return places;
  places.reserve(actions.size() * segments);
  const std::uint32_t rounds = actions.back().round + 1;
  std::vector<std::uint32_t> begin(rounds + 1, 0);  // of each round
  for (const Action& action : actions) ++begin[action.round + 1];
  for (std::uint32_t round = 0; round < rounds; ++round) begin[round + 1] += begin[round];
  for (std::uint32_t wave = 0; wave < rounds + segments - 1; ++wave) {
    for (std::uint32_t segment = wave < rounds ? 0 : wave - rounds + 1; segment < segments && segment <= wave;
         ++segment) {
      for (std::uint32_t i = begin[wave - segment]; i < begin[wave - segment + 1]; ++i) places.push_back({segment, i});
    }
  }
  return places;
}

// A number for every stream of messages to one peer or from one peer.
std::vector<std::uint32_t> find_channels(const std::vector<Action>& actions, std::uint32_t& channels) {
  std::vector<std::pair<std::int64_t, std::uint32_t>> keys;
  for (std::uint32_t i = 0; i < actions.size(); ++i) {
    const Verb verb = actions[i].verb;
    if (verb == Verb::copy || verb == Verb::reduce || verb == Verb::wait) continue;
    keys.emplace_back(std::int64_t{index(actions[i].peer)} * 2 + (verb == Verb::send ? 0 : 1), i);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::uint32_t> channel_of(actions.size(), 0);
  channels = 0;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    if (k == 0 || keys[k].first != keys[k - 1].first) ++channels;
    channel_of[keys[k].second] = channels;  // from 1: 0 is none
  }
  return channel_of;
}

constexpr auto kNone = ~std::uint32_t{0};

// Steps in order with their edges. What one segment's steps wait for among themselves is known; beside that, messages
// to one peer are posted one after the other, and those that take turns are sent so.
class Assembly {
 public:
  Assembly(const std::vector<Action>& actions, const Lowering& lowering)
      : actions_(actions),
        segments_(lowering.segments),
        places_(order(actions, segments_)),
        hazards_(find_hazards(actions, lowering.in_place)) {
    step_of_.resize(places_.size());
    for (std::uint32_t i = 0; i < places_.size(); ++i) step_of_[places_[i].action * segments_ + places_[i].segment] = i;
    hazards_from_.assign(actions.size() + 1, 0);
    for (const auto& hazard : hazards_) ++hazards_from_[hazard.first + 1];
    for (std::size_t i = 0; i < actions.size(); ++i) hazards_from_[i + 1] += hazards_from_[i];
    find_followers();
  }

  void write(Program& program) const {
    std::vector<Pattern> patterns;
    patterns.reserve(actions_.size());
    for (const Action& action : actions_) patterns.emplace_back(action, program);
    program.steps.resize(places_.size() + 1);
    program.successors.resize(count_edges());
    Edge* edge = program.successors.data();
    const auto next_edge = [&] { return static_cast<std::uint32_t>(edge - program.successors.data()); };
    for (std::uint32_t i = 0; i < places_.size(); ++i) {
      const auto [segment, action] = places_[i];
      const Pattern& pattern = patterns[action];
      Step& step = program.steps[i];
      const std::uint32_t dependencies = step.dependencies;
      step = pattern.step;
      step.src_first += segment * pattern.src_first;
      step.dst_first += segment * pattern.dst_first;
      step.slot += segment * pattern.slot;
      step.dependencies = dependencies;
      step.successors = next_edge();
      const auto add = [&](std::uint32_t to, bool when_posted) {
        *edge++ = {to & 0x7fffffffU, when_posted ? 1U : 0U};
        ++program.steps[to].dependencies;
      };
      for (std::uint32_t h = hazards_from_[action]; h < hazards_from_[action + 1]; ++h)
        add(step_of_[hazards_[h].second * segments_ + segment], false);
      if (!next_turn_.empty() && next_turn_[i] != kNone) add(next_turn_[i], false);
      if (next_posted_[i] != kNone) add(next_posted_[i], true);
    }
    program.steps.back().successors = next_edge();
  }

 private:
  void find_followers() {
    std::uint32_t channels = 0;
    const auto channel_of = find_channels(actions_, channels);
    const bool takes_turns = std::any_of(actions_.begin(), actions_.end(),
                                         [](const Action& action) { return (action.flags & kInTurn) != 0; });
    std::vector<std::uint32_t> next_in(channels + 1, kNone);
    std::uint32_t next_in_turn = kNone;
    next_posted_.assign(places_.size(), kNone);
    if (takes_turns) next_turn_.assign(places_.size(), kNone);
    for (auto i = static_cast<std::uint32_t>(places_.size()); i-- > 0;) {
      const std::uint32_t action = places_[i].action;
      if (takes_turns && (actions_[action].flags & kInTurn) != 0) next_turn_[i] = std::exchange(next_in_turn, i);
      if (channel_of[action] != 0) next_posted_[i] = std::exchange(next_in[channel_of[action]], i);
    }
  }

  [[nodiscard]] std::size_t count_edges() const {
    const auto follows = [](std::uint32_t next) { return next != kNone; };
    return hazards_.size() * segments_ + static_cast<std::size_t>(std::ranges::count_if(next_posted_, follows)) +
           static_cast<std::size_t>(std::ranges::count_if(next_turn_, follows));
  }

  const std::vector<Action>& actions_;
  std::uint32_t segments_;
  std::vector<Place> places_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> hazards_;  // by their first action
  std::vector<std::uint32_t> hazards_from_;                       // where an action's begin
  std::vector<std::uint32_t> step_of_;
  std::vector<std::uint32_t> next_posted_;
  std::vector<std::uint32_t> next_turn_;
};

}  // namespace

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

void relink(const std::vector<Dependency>& dependencies, Program& program) {
  program.steps.pop_back();
  program.successors.clear();
  for (Step& step : program.steps) step.dependencies = step.successors = 0;
  link(dependencies, program);
}

Program lower(const Lowering& lowering, const PhaseBuilder& phases, const Cut& cut_of_segment) {
  Program program;
  program.collective = lowering.collective;
  program.self = lowering.self;
  program.root = lowering.root;
  program.ranks = static_cast<std::uint32_t>(lowering.ranks);
  program.cut = cut_of_segment;
  program.chunks = cut_of_segment.chunks();
  program.segments = lowering.segments;
  program.slots = phases.slots();
  program.widened = lowering.widened;
  program.packed = lowering.packed;
  std::vector<Action> actions = phases.actions();
  std::stable_sort(actions.begin(), actions.end(), [](const Action& a, const Action& b) { return a.round < b.round; });
  for (const Action& action : actions) {
    program.uses_acc = program.uses_acc || action.src == Buffer::acc || action.dst == Buffer::acc;
    program.uses_acc2 = program.uses_acc2 || action.src == Buffer::acc2 || action.dst == Buffer::acc2;
  }
  Assembly(actions, lowering).write(program);
  return program;
}

}  // namespace tutti::plan
