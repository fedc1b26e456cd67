// One step of data-parallel training: which of its communication is hidden behind computing.
//
// Layers are computed forward and then backward. Backward makes gradients as it goes; a *bucket* of them is all-reduced
// as soon as it is full. With experts, each layer exchanges tokens twice, forward and backward: in the middle, and at
// the end forward (combine) or the beginning backward (the gradient of combine). Computing waits for an exchange. The
// network does one thing at a time: an exchange goes before buckets that wait, and after the one that is on its way.
#pragma once

#include <cstdint>
#include <vector>

namespace tutti::sim {

struct TrainingStep {
  std::int32_t layers = 1;
  double forward_us = 0;  // computing, all layers together
  double backward_us = 0;
  std::int64_t buckets = 0;  // the last one may be smaller than the others
  double bucket_us = 0;
  double last_bucket_us = 0;
  double last_bucket_part = 1;  // of the gradients of a full one
  double exchange_us = 0;       // a dispatch, or a combine; 0: there are no experts
};

struct TrainingSpan {
  enum class Kind : std::uint8_t { forward, backward, gradients, dispatch, combine };
  Kind kind = Kind::forward;
  std::int64_t number = 0;  // layer or bucket
  double begin_us = 0;
  double end_us = 0;
};

struct TrainingTimes {
  double step_us = 0;
  double compute_us = 0;
  double gradients_us = 0;          // all buckets, one after the other
  double exchanges_us = 0;          // all exchanges
  double exposed_gradients_us = 0;  // after the last layer
  double exposed_exchanges_us = 0;  // while computing waits, for the bucket before it too
  std::vector<TrainingSpan> spans;  // by time, within computing and within the network

  [[nodiscard]] double communication_us() const { return gradients_us + exchanges_us; }
  [[nodiscard]] double exposed_us() const { return exposed_gradients_us + exposed_exchanges_us; }
};

TrainingTimes play(const TrainingStep& step);

}  // namespace tutti::sim
