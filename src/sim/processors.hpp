// What ranks compute: one thing after the other.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/agenda.hpp"

namespace tutti::sim {

/// One processor a player.
class Processors {
 public:
  explicit Processors(std::size_t players) : free_at_us_(players, 0) {}

  /// Something to do for a task, as soon as the processor is free. Copies that are asked for together are over
  /// together.
  void ask(std::uint32_t player, std::uint32_t task, double us, bool is_copy) {
    jobs_.push_back({player, task, us, is_copy});
  }
  /// Gives processors to all that asked since the last call, in the order of the program, and notes when each is done.
  void serve(double now_us, Agenda& agenda);

 private:
  struct Job {
    std::uint32_t player;
    std::uint32_t task;
    double us;
    bool is_copy;
  };

  std::vector<double> free_at_us_;
  std::vector<Job> jobs_;
};

}  // namespace tutti::sim
