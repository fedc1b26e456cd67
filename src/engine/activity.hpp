// A call that is neither a program nor a list of messages: what it posts next depends on what has arrived. It owns the
// paths of its communicator while it runs; nobody else posts to them or takes their completions.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/peers.hpp"
#include "engine/work.hpp"

namespace tutti::engine {

class Activity {
 public:
  Activity() = default;
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;
  virtual ~Activity() = default;

  /// Advances everything that can advance, without waiting. True when it is over. An error means that the paths are of
  /// no use any more; what is wrong with the call alone comes from the activity's own result.
  virtual Result<bool> poll(Peers& peers, TimePoint now, bool& moved) = 0;

  /// All transfers have been forgotten: touches no buffer from now on.
  virtual void abandon() = 0;

  /// What it waits for, and for whom.
  [[nodiscard]] virtual Stall stall() const = 0;

  /// "moe dispatch 12".
  [[nodiscard]] virtual std::string describe() const = 0;
};

}  // namespace tutti::engine
