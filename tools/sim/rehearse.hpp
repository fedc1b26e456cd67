// Plans and simulates a call at every size that is asked about.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/sim/question.hpp"

namespace tutti::predict {

/// One size.
struct Row {
  std::uint64_t bytes = 0;  // of the vector, or of all blocks together; rounded up to whole elements
  plan::Plan plan;
  std::uint32_t rounds = 0;
  double predicted_us = 0;  // by the planner, in closed form
  double bound_us = 0;      // of the fabric as it is now
  double time_us = 0;       // the median of all samples
  double p99_us = 0;        // the same, where there are several
  double algbw_GBps = 0;
  double busbw_GBps = 0;
  double healthy_us = 0;              // where something is broken: with nothing broken
  double planning_ms = 0;             // that the plan for the fabric as it is now took
  bool replanned = false;             // whether that is another one than before, and better
  std::uint32_t wanted_segments = 0;  // more than are simulated; 0: as many
  sim::Outcome outcome;               // of the last sample

  [[nodiscard]] double fraction() const { return time_us > 0 ? bound_us / time_us : 1; }
};

struct Rehearsal {
  Setting setting;
  plan::Query query;  // of the last row
  std::vector<Row> rows;
};

/// Told what is being done and how far that is, from 0 to 1.
using Report = std::function<void(const std::string&, double)>;

/// Fails with invalid_argument, and with unsupported where no plan may be used or there is too much to simulate.
Result<Rehearsal> rehearse(const Question& question, const Report& report);
/// The same where the cluster, and what is broken on it, has been made already; the question's words of it do not
/// count.
Result<Rehearsal> rehearse(const Question& question, Setting setting, const Report& report);

}  // namespace tutti::predict
