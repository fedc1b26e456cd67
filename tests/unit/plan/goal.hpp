// A reader of GOAL of the tests' own, and a machine that does what it says: messages meet by sender and tag.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tutti::plan::test {

struct GoalTask {
  enum class Kind { send, recv, calc } kind = Kind::calc;
  std::uint64_t amount = 0;  // bytes, or nanoseconds
  int peer = -1;
  int tag = 0;
  std::vector<int> after;  // these are over
  std::vector<int> after_begin;
};

using GoalRank = std::map<int, GoalTask>;

/// Throws std::runtime_error with the line where it is no GOAL.
std::vector<GoalRank> read_goal(const std::string& text);

struct GoalRun {
  std::uint64_t messages = 0;
  std::vector<std::uint64_t> sent;  // bytes of each rank
  std::string stuck;                // what waits for ever; empty: all is done
};

/// Does everything in some order that is allowed. A send is over when it was received.
GoalRun run_goal(const std::vector<GoalRank>& ranks);

}  // namespace tutti::plan::test
