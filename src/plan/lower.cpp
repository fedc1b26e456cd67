#include "plan/lower.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tutti::plan {
namespace {

struct Access {
  std::int64_t writer = -1;
  std::vector<std::uint32_t> readers;
};

// Who wrote and who reads each chunk of each buffer, while actions are added in program order.
class Hazards {
 public:
  explicit Hazards(bool in_place) : in_place_(in_place), memories_(kBuffers, RangeMap<Access>(Access{})) {}

  void read(std::uint32_t action, Buffer buffer, std::uint32_t first, std::uint32_t count) {
    memory(buffer).visit(first, first + count, [&](std::uint32_t, std::uint32_t, Access& access) {
      if (access.writer >= 0) depend(static_cast<std::uint32_t>(access.writer), action);
      access.readers.push_back(action);
    });
  }

  void write(std::uint32_t action, Buffer buffer, std::uint32_t first, std::uint32_t count) {
    memory(buffer).visit(first, first + count, [&](std::uint32_t, std::uint32_t, Access& access) {
      if (access.writer >= 0) depend(static_cast<std::uint32_t>(access.writer), action);
      for (const std::uint32_t reader : access.readers) depend(reader, action);
    });
    memory(buffer).assign(first, first + count, Access{action, {}});
  }

  // Pairs, earlier action first, sorted.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> take() {
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    return std::move(found_);
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

template <typename Visit>
void for_each_run(ChunkRange range, std::uint32_t stride, Visit&& visit) {
  if (stride == 1) {
    visit(range.first, range.count);
    return;
  }
  for (std::uint32_t i = 0; i < range.count; ++i) visit(range.first + i * stride, 1);
}

// Segments touch chunks of their own: what holds for one holds for all.
std::vector<std::pair<std::uint32_t, std::uint32_t>> find_hazards(const std::vector<Action>& actions, bool in_place) {
  Hazards hazards(in_place);
  for (std::uint32_t i = 0; i < actions.size(); ++i) {
    const Action& action = actions[i];
    if (action.src != Buffer::none) {
      for_each_run(action.src_range, action.src_stride,
                   [&](std::uint32_t first, std::uint32_t count) { hazards.read(i, action.src, first, count); });
    }
    for (std::uint32_t slot = 0; slot < action.slots; ++slot) {
      if (slot != action.own_slot)
        hazards.read(i, Buffer::slots, action.slot + slot * action.src_range.count, action.src_range.count);
    }
    if (action.dst != Buffer::none) {
      for_each_run(action.dst_range, action.dst_stride,
                   [&](std::uint32_t first, std::uint32_t count) { hazards.write(i, action.dst, first, count); });
    }
  }
  return hazards.take();
}

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

// An action of a segment. The order is a wavefront: round + segment, then segment, then as the algorithm wrote it.
struct Place {
  std::uint32_t wave;
  std::uint32_t segment;
  std::uint32_t action;
  auto operator<=>(const Place&) const = default;
};

std::vector<Place> order(const std::vector<Action>& actions, std::uint32_t segments) {
  std::vector<Place> places;
  places.reserve(actions.size() * segments);
  for (std::uint32_t i = 0; i < actions.size(); ++i) {
    for (std::uint32_t segment = 0; segment < segments; ++segment)
      places.push_back({actions[i].round + segment, segment, i});
  }
  if (segments > 1) std::sort(places.begin(), places.end());
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

std::vector<Dependency> find_dependencies(const std::vector<Action>& actions, const std::vector<Place>& places,
                                          const Lowering& lowering) {
  const std::uint32_t segments = lowering.segments;
  std::vector<std::uint32_t> step_of(places.size());
  for (std::uint32_t i = 0; i < places.size(); ++i) step_of[places[i].action * segments + places[i].segment] = i;
  std::vector<Dependency> all;
  for (const auto& [from, to] : find_hazards(actions, lowering.in_place)) {
    for (std::uint32_t segment = 0; segment < segments; ++segment)
      all.push_back({step_of[from * segments + segment], step_of[to * segments + segment], false});
  }
  std::uint32_t channels = 0;
  const auto channel_of = find_channels(actions, channels);
  std::vector<std::int64_t> last_posted(channels + 1, -1);
  std::int64_t last_in_turn = -1;
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    if ((actions[places[i].action].flags & kInTurn) != 0) {
      if (last_in_turn >= 0) all.push_back({static_cast<std::uint32_t>(last_in_turn), i, false});
      last_in_turn = i;
    }
    const std::uint32_t channel = channel_of[places[i].action];
    if (channel == 0) continue;
    if (last_posted[channel] >= 0) all.push_back({static_cast<std::uint32_t>(last_posted[channel]), i, true});
    last_posted[channel] = i;
  }
  return all;
}

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
  const auto places = order(actions, lowering.segments);
  program.steps.reserve(places.size() + 1);
  for (const Place& place : places) program.steps.push_back(cut(actions[place.action], place.segment, program));
  for (const Action& action : actions) {
    program.uses_acc = program.uses_acc || action.src == Buffer::acc || action.dst == Buffer::acc;
    program.uses_acc2 = program.uses_acc2 || action.src == Buffer::acc2 || action.dst == Buffer::acc2;
  }
  link(find_dependencies(actions, places, lowering), program);
  return program;
}

}  // namespace tutti::plan
