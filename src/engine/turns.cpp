#include "engine/turns.hpp"

#include <algorithm>

namespace tutti::engine {

using plan::Step;
using plan::Verb;

void Turns::join(std::uint16_t slot, const plan::Program& program) {
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    const Step& step = program.steps[i];
    if (!step.moves()) continue;
    auto& queue = queues_[{step.peer, step.verb == Verb::send}];
    if (queue.empty() || queue.back().slot != slot) queue.push_back({slot, 0});
    ++queue.back().left;
  }
}

bool Turns::is_turn(std::uint16_t slot, const Step& step) const {
  if (queues_.empty()) return true;
  const auto at = queues_.find({step.peer, step.verb == Verb::send});
  return at == queues_.end() || at->second.front().slot == slot;
}

// Steps that move nothing do not wait for their turn, so the place need not be the first.
void Turns::take(std::uint16_t slot, const Step& step) {
  if (queues_.empty()) return;
  const auto at = queues_.find({step.peer, step.verb == Verb::send});
  if (at == queues_.end()) return;
  auto& queue = at->second;
  const auto place = std::find_if(queue.begin(), queue.end(), [&](const Place& each) { return each.slot == slot; });
  if (place == queue.end()) return;
  if (--place->left == 0) queue.erase(place);
  if (queue.empty()) queues_.erase(at);
}

}  // namespace tutti::engine
