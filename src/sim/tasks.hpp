// A program as the simulation sees it: steps with how much they move and compute, and without buffers.
//
// A *task* is a step; or steps of one segment that follow each other in the program and are one message, a run of
// chunks that goes past the end of an axis; or copies between the same two buffers that follow each other. Copies that
// only gather raw input for a message are no tasks.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/cost/loads.hpp"
#include "plan/plan.hpp"
#include "sim/network.hpp"

namespace tutti::sim {

struct Task {
  enum class Kind : std::uint8_t { send, recv, compute, copy, nothing };
  Kind kind = Kind::nothing;
  bool of_user = false;            // a message out of the user's memory, as it lies there
  bool is_result = false;          // a message that is kept as it comes
  std::uint32_t dependencies = 0;  // edges that lead here
  std::uint32_t successors = 0;    // where this task's edges begin
  double bytes = 0;                // of a message
  double work_us = 0;              // of the processor, beside a message's overhead
  bool operator==(const Task&) const = default;
};

/// What ranks of a plan have in common: all but whom they talk to.
struct TaskList {
  std::vector<Task> tasks;  // one more than there are: the last holds the end of the edges
  std::vector<plan::Edge> edges;
  bool operator==(const TaskList&) const = default;

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(tasks.size() - 1); }
};

/// What a call moves. Chunks have fractions of bytes: nothing is rounded to whole elements.
struct Call {
  double bytes = 0;  // of the whole vector, or of all blocks together
  double wide = 1;   // how much longer partial results are
  double reduce_GBps = 1;
  double copy_GBps = 1;
  plan::Situation situation{};  // where the buffers lie
};

/// Makes tasks of the programs of one plan.
class TaskMaker {
 public:
  /// `joins`: whether steps become one task at all. It must be the same at all ranks.
  TaskMaker(const plan::Plan& plan, const Call& call, bool joins);

  struct RankTasks {
    TaskList list;
    std::vector<Position> peers;        // by task; -1: none
    std::vector<std::uint16_t> pieces;  // by task: steps that are one. Ranks that do the same may differ in this: each
                                        // goes past the end of an axis in another round
    std::size_t effort = 0;             // what making them took: steps and edges of the program
  };
  [[nodiscard]] RankTasks make(const Network& network, Position position) const;

 private:
  struct Rates {
    double combine_GBps = 0;  // of what is reduced as it comes; 0: as any reduction
    double result_GBps = 0;   // of results that caches have no place for yet; 0: they take no time of their own
    double home_GBps = 0;     // of copies to where caches hold both: see brings_home
  };
  [[nodiscard]] double bytes_of(const plan::Program& program, plan::Buffer buffer, std::uint32_t first,
                                std::uint32_t chunks, std::uint32_t stride) const;
  [[nodiscard]] double chunk_bytes(std::uint32_t first, std::uint32_t end) const;
  [[nodiscard]] Task task_of(const plan::Program& program, const plan::Step& step, const Rates& rates) const;
  [[nodiscard]] bool joined(const plan::Program& program, const plan::Step& before, const plan::Step& step) const;
  [[nodiscard]] bool is_gathering(const plan::Program& program, const plan::Step& step) const;
  static void add_edges(const plan::Program& program, const std::vector<std::uint32_t>& task_of_step, TaskList& list);

  const plan::Plan& plan_;
  Call call_;
  bool joins_;
  struct Part {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
    double each = 0;  // bytes of a chunk of a segment
  };
  std::vector<Part> parts_;
  std::vector<std::uint32_t> full_before_;  // chunks before each one that are not empty; empty: all are full
};

}  // namespace tutti::sim
