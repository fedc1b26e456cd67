// What a training step communicates on a cluster, and how much of that computing hides: each all-reduce and exchange is
// planned and simulated by itself, and the step is put together of them (sim/training.hpp).
#pragma once

#include <optional>
#include <string>

#include "sim/routing.hpp"
#include "sim/training.hpp"
#include "tools/sim/rehearse.hpp"

namespace tutti::predict {

/// The words of the command line.
struct TrainingQuestion {
  world::ClusterWords cluster;
  std::string routing = "ideal";
  std::string parameters;  // that every rank has, "70G": powers of ten
  std::int64_t layers = 1;
  std::string type = "bfloat16";
  std::string bucket = "25M";
  double compute_ms = 0;          // of a step, forward and backward
  double backward = 2.0 / 3;      // of that
  std::int64_t experts = 0;       // 0: no exchange
  std::int64_t expert_ranks = 0;  // that share them; 0: as many as there are experts, at most all
  std::int64_t topk = 8;
  std::int64_t tokens = 4096;  // of a rank, a step
  std::int64_t hidden = 0;
};

/// A dispatch or a combine: both move the same, one the other way.
struct Exchange {
  sim::UniformRouting routing;
  double direct_us = 0;
  double rail_us = 0;  // over rails and then inside nodes; 0: there is nothing inside nodes, or only that

  [[nodiscard]] bool goes_by_rail() const { return rail_us > 0 && rail_us < direct_us; }
  [[nodiscard]] double us() const { return goes_by_rail() ? rail_us : direct_us; }
};

struct Training {
  Setting setting;
  double gradient_bytes = 0;
  std::optional<Row> bucket;
  std::optional<Row> last_bucket;  // where that is smaller
  std::optional<Exchange> exchange;
  sim::TrainingStep step;
  sim::TrainingTimes times;
};

/// Fails with invalid_argument, and says what makes sense.
Result<Training> train(const TrainingQuestion& question, const Report& report);

/// "gradients", "exchanges" or "computing": what the most of the step's time goes to, hidden communication apart.
std::string dominant(const sim::TrainingTimes& times);

}  // namespace tutti::predict
