#include "sim/processors.hpp"

#include <algorithm>

namespace tutti::sim {

void Processors::serve(double now_us, Agenda& agenda) {
  std::sort(jobs_.begin(), jobs_.end(),
            [](const Job& a, const Job& b) { return a.player != b.player ? a.player < b.player : a.task < b.task; });
  const auto note = [&](const Job& job, double at_us) {
    agenda.add({at_us, job.player, job.task, Event::Kind::computed});
  };
  for (std::size_t i = 0; i < jobs_.size();) {
    const std::uint32_t player = jobs_[i].player;
    double& free_at = free_at_us_[player];
    free_at = std::max(free_at, now_us);
    double copies = 0;
    std::size_t end = i;
    for (; end < jobs_.size() && jobs_[end].player == player; ++end) {
      const Job& job = jobs_[end];
      if (job.is_copy) {
        copies += job.us;
        continue;
      }
      free_at += job.us;
      note(job, free_at);
    }
    free_at += copies;
    for (; i < end; ++i) {
      if (jobs_[i].is_copy) note(jobs_[i], free_at);
    }
  }
  jobs_.clear();
}

}  // namespace tutti::sim
