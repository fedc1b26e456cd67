// What a call would get on a cluster: the question from the command line, and all that is known when it is planned.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "plan/select/select.hpp"
#include "tools/world/question.hpp"
#include "tools/world/world.hpp"

namespace tutti::explain {

struct Question {
  world::CallWords call;
  world::ClusterWords cluster;
  std::string algo;          // a way that is forced
  plan::TuningTable tuning;  // what was measured; of the site with these levels
};

struct Answer {
  world::World world;
  plan::Query query;
  plan::Selection selection;
  double bytes = 0;                     // of the whole vector, rounded up to whole elements
  double planning_ms = 0;               // that selection took
  std::string measured_at;              // the site of the measurements that were looked at; empty: none were
  std::optional<plan::Candidate> free;  // the choice without the deterministic mode, where that is asked for

  [[nodiscard]] const plan::Plan& plan() const { return selection.plan; }
  /// The bound over the predicted time; 1 where there is nothing to do.
  [[nodiscard]] double fraction_of(const plan::Cost& cost) const;
  [[nodiscard]] double fraction() const { return fraction_of(selection.cost); }
};

/// Fails with invalid_argument, or with unsupported when no plan may be used.
Result<Answer> find_answer(const Question& question);

}  // namespace tutti::explain
