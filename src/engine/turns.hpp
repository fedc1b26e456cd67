// Who may post to a peer, when several works run at once: one after the other, in the order in which they began. Both
// ends of a path begin works in the same order, and that is how they agree on which send meets which receive.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "base/rank.hpp"
#include "plan/program.hpp"

namespace tutti::engine {

class Turns {
 public:
  /// The work in `slot` is the last that began. A work alone needs not join: it has every turn.
  void join(std::uint16_t slot, const plan::Program& program);

  [[nodiscard]] bool is_turn(std::uint16_t slot, const plan::Step& step) const;

  /// The step has been posted, or needs not be.
  void take(std::uint16_t slot, const plan::Step& step);

  void clear() { queues_.clear(); }

 private:
  using Channel = std::pair<Rank, bool>;  // whether it sends
  struct Place {
    std::uint16_t slot;
    std::uint32_t left;  // steps that it will still post
  };

  std::map<Channel, std::deque<Place>> queues_;
};

}  // namespace tutti::engine
