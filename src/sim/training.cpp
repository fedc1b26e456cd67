#include "sim/training.hpp"

#include <algorithm>
#include <limits>

namespace tutti::sim {
namespace {

using Kind = TrainingSpan::Kind;

class Player {
 public:
  explicit Player(const TrainingStep& step) : step_(step) {}

  TrainingTimes play() {
    const double parts = step_.exchange_us > 0 ? 2 : 1;  // of a layer: before the experts, and in them
    for (std::int32_t layer = 0; layer < step_.layers; ++layer) {
      compute(Kind::forward, layer, step_.forward_us / step_.layers / parts);
      if (step_.exchange_us <= 0) continue;
      exchange(Kind::dispatch, layer);
      compute(Kind::forward, layer, step_.forward_us / step_.layers / parts);
      exchange(Kind::combine, layer);
    }
    for (std::int32_t layer = step_.layers - 1; layer >= 0; --layer) {
      if (step_.exchange_us > 0) {
        exchange(Kind::combine, layer);
        backward(layer, step_.backward_us / step_.layers / parts);
        exchange(Kind::dispatch, layer);
      }
      backward(layer, step_.backward_us / step_.layers / parts);
    }
    ready_.resize(static_cast<std::size_t>(step_.buckets), now_);  // what rounding has left
    send_buckets(std::numeric_limits<double>::infinity());
    times_.step_us = std::max(now_, free_at_);
    times_.exposed_gradients_us = times_.step_us - now_;
    return std::move(times_);
  }

 private:
  void compute(Kind kind, std::int32_t layer, double us) {
    times_.spans.push_back({kind, layer, now_, now_ + us});
    times_.compute_us += us;
    now_ += us;
  }

  // Gradients are made evenly all the way back.
  void backward(std::int32_t layer, double us) {
    const double all = static_cast<double>(step_.buckets - 1) + step_.last_bucket_part;
    while (static_cast<std::int64_t>(ready_.size()) < step_.buckets) {
      const double made = std::min(all, static_cast<double>(ready_.size() + 1));
      const double at = step_.backward_us * made / all - worked_back_us_;
      if (at > us) break;
      ready_.push_back(now_ + std::max(0.0, at));
    }
    worked_back_us_ += us;
    compute(Kind::backward, layer, us);
  }

  // All buckets whose turn comes before `until`.
  void send_buckets(double until) {
    for (; sent_ < ready_.size(); ++sent_) {
      const double begin = std::max(free_at_, ready_[sent_]);
      if (begin >= until) return;
      const bool last = static_cast<std::int64_t>(sent_) + 1 == step_.buckets;
      free_at_ = begin + (last ? step_.last_bucket_us : step_.bucket_us);
      times_.gradients_us += free_at_ - begin;
      times_.spans.push_back({Kind::gradients, static_cast<std::int64_t>(sent_), begin, free_at_});
    }
  }

  void exchange(Kind kind, std::int32_t layer) {
    send_buckets(now_);
    const double begin = std::max(now_, free_at_);
    free_at_ = begin + step_.exchange_us;
    times_.spans.push_back({kind, layer, begin, free_at_});
    times_.exchanges_us += step_.exchange_us;
    times_.exposed_exchanges_us += free_at_ - now_;
    now_ = free_at_;
  }

  const TrainingStep& step_;
  TrainingTimes times_;
  double now_ = 0;      // of computing
  double free_at_ = 0;  // the network
  double worked_back_us_ = 0;
  std::vector<double> ready_;  // by bucket
  std::size_t sent_ = 0;
};

}  // namespace

TrainingTimes play(const TrainingStep& step) {
  return Player(step).play();
}

}  // namespace tutti::sim
