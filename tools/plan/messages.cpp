#include "tools/plan/messages.hpp"

#include <algorithm>

#include "plan/compose.hpp"

namespace tutti::explain {
namespace {

int common_level(const topology::Levels& levels, std::int32_t from, std::int32_t to) {
  std::int32_t one = levels.position_of(Rank{from});
  std::int32_t other = levels.position_of(Rank{to});
  for (int level = 0; level < levels.depth(); ++level) {
    one = levels.group_of_unit(level, one).number;
    other = levels.group_of_unit(level, other).number;
    if (one == other) return level;
  }
  return levels.depth() - 1;
}

// Of the vector: chunks of a part have the same share of the part's weight.
double share_of(const plan::Cut& cut, const plan::Action& action) {
  if (action.src == plan::Buffer::token) return 0;
  const auto& part = cut.part(cut.part_of(action.src_range.first));
  return static_cast<double>(action.src_range.count) / part.chunks * part.weight / cut.weights();
}

}  // namespace

std::vector<Message> messages_of(const plan::Plan& plan, std::int32_t rank) {
  const plan::Cut cut = plan::cut_of(plan);
  const plan::Lowering lowering{.collective = plan.collective,
                                .ranks = plan.ranks(),
                                .self = Rank{rank},
                                .root = plan.root,
                                .widened = plan.widened,
                                .divides = plan.divides,
                                .packed = plan::is_packed(plan, cut)};
  plan::PhaseBuilder phases(lowering, cut.chunks());
  plan::compose(plan, cut, Rank{rank}, phases);
  std::vector<Message> messages;
  for (const plan::Action& action : phases.actions()) {
    if (action.verb != plan::Verb::send) continue;
    Message message{.round = action.round,
                    .from = rank,
                    .to = index(action.peer),
                    .level = common_level(*plan.levels, rank, index(action.peer)),
                    .stripe = plan.ways > 1 ? cut.part_of(action.src_range.first) : 0,
                    .share = share_of(cut, action)};
    // A run that wraps is two messages, and so is one that is taken from two places.
    const auto same = std::ranges::find_if(messages, [&](const Message& other) {
      return other.round == message.round && other.to == message.to && other.stripe == message.stripe;
    });
    if (same != messages.end()) {
      same->share += message.share;
    } else {
      messages.push_back(message);
    }
  }
  std::ranges::stable_sort(messages, {}, &Message::round);
  return messages;
}

std::vector<Message> messages_of(const plan::Plan& plan) {
  std::vector<Message> all;
  for (std::int32_t rank = 0; rank < plan.ranks(); ++rank) {
    const auto messages = messages_of(plan, rank);
    all.insert(all.end(), messages.begin(), messages.end());
  }
  return all;
}

}  // namespace tutti::explain
