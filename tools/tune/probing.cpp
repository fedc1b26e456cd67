#include "tools/tune/probing.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <map>

#include "tools/job/exchanger.hpp"
#include "tools/tune/pairing.hpp"
#include "tools/tune/rates.hpp"

namespace tutti::tune {
namespace {

using topology::ExchangeSample;
using Clock = std::chrono::steady_clock;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// The best of several looks at the same exchanges: medians over pairs, by messages and bytes.
class Looks {
 public:
  void add(const std::vector<ExchangeSample>& of_pairs) {
    std::map<Key, std::vector<double>> seen;
    for (const ExchangeSample& one : of_pairs) seen[{one.messages, one.bytes}].push_back(one.us);
    for (auto& [key, times] : seen) {
      const double us = median(std::move(times));
      const auto known = best_.find(key);
      if (known == best_.end() || us < known->second) best_[key] = us;
    }
  }
  [[nodiscard]] topology::LinkFit fit() const {
    std::vector<ExchangeSample> samples;
    for (const auto& [key, us] : best_) samples.push_back({key.first, key.second, us});
    return fit_link(samples);
  }

 private:
  using Key = std::pair<double, double>;
  std::map<Key, double> best_;
};

class Probing {
 public:
  Probing(job::Member& member, const topology::Fabric& fabric) : member_(member), fabric_(fabric), exchanger_(member) {
    alone_.resize(fabric.links.size());
    together_.resize(fabric.links.size());
  }

  Result<topology::MeasuredLinks> run() {
    TUTTI_TRY(look());
    while (TUTTI_TRY(may_go_on())) TUTTI_TRY(look());
    return fitted();
  }

 private:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  // Rank 0 decides for all: a further look takes as many probes and as long as each so far.
  Result<bool> may_go_on() {
    const double share = 1 + 1.0 / ++looks_;
    const bool may = probes_ * share <= kMostProbes && seconds() * share < kMostSeconds;
    const auto word = TUTTI_TRY(member_.from_root({std::byte{static_cast<unsigned char>(may ? 1 : 0)}}));
    return !word.empty() && word[0] != std::byte{0};
  }

  Status look() {
    for (int level = 0; level < fabric_.levels->depth(); ++level) {
      const auto at = static_cast<std::size_t>(level);
      const auto all = all_pairs(*fabric_.levels, level);
      const auto one = one_pair(*fabric_.levels, level);
      together_[at].add(TUTTI_TRY(exchange(all)));
      // Where one pair is all there are, it has been seen alone.
      if (all.size() > one.size()) alone_[at].add(TUTTI_TRY(exchange(one)));
      has_crowd_[at] = all.size() > one.size();
    }
    return handle();
  }

  // What the leading ranks found, at rank 0.
  Result<std::vector<ExchangeSample>> exchange(const std::vector<Pair>& pairs) {
    ++probes_;
    TUTTI_TRY(member_.barrier());
    std::vector<ExchangeSample> own;
    for (const Pair& pair : pairs) {
      const bool leads = member_.rank() == pair.first;
      if (leads) own = TUTTI_TRY(exchanger_.with(pair.second, true));
      if (member_.rank() == pair.second) TUTTI_TRY(exchanger_.with(pair.first, false));
    }
    return gathered(own);
  }

  Status handle() {
    ++probes_;
    std::vector<Handling> own;
    if (const auto handling =
            TUTTI_TRY(measure_handling(member_, all_pairs(*fabric_.levels, 0), is_moved_by_processors())))
      own.push_back(*handling);
    if (const auto all = TUTTI_TRY(gathered(own)); !all.empty()) handling_.improve(Handling::middle(all));
    return {};
  }

  [[nodiscard]] bool is_moved_by_processors() const { return fabric_.link(0).is_moved_by_processors(); }

  template <typename T>
  Result<std::vector<T>> gathered(const std::vector<T>& own) {
    const auto bytes = TUTTI_TRY(member_.at_root(std::as_bytes(std::span(own))));
    std::vector<T> all(bytes.size() / sizeof(T));
    if (!all.empty()) std::memcpy(all.data(), bytes.data(), all.size() * sizeof(T));
    return all;
  }

  [[nodiscard]] topology::MeasuredLinks fitted() const {
    topology::MeasuredLinks links;
    if (member_.rank() != 0) return links;
    for (std::size_t i = 0; i < fabric_.links.size(); ++i) {
      const topology::LinkFit together = together_[i].fit();
      topology::MeasuredLinks::Level level{.latency_us = together.latency_us,
                                           .overhead_us = together.overhead_us,
                                           .bandwidth_GBps = together.GBps,
                                           .uplink_GBps = 0,
                                           .error = together.error};
      if (i > 0 && has_crowd_[i]) {
        level.bandwidth_GBps = std::max(together.GBps, alone_[i].fit().GBps);
        level.uplink_GBps = together.GBps * fabric_.ranks_in_unit(static_cast<int>(i));
      }
      if (i == 0 && is_moved_by_processors()) level = handling_.level(together.overhead_us);
      links.levels.push_back(level);
    }
    if (is_moved_by_processors()) links.call_us = handling_.call_us();
    links.reduce_GBps = handling_.reduce_GBps();
    links.copy_GBps = handling_.copy_GBps();
    links.probes = probes_;
    links.seconds = seconds();
    return links;
  }

  job::Member& member_;
  const topology::Fabric& fabric_;
  job::Exchanger exchanger_;
  Clock::time_point begin_ = Clock::now();
  int probes_ = 0;
  int looks_ = 0;
  std::vector<Looks> alone_;  // by level
  std::vector<Looks> together_;
  std::array<bool, topology::Levels::kMost> has_crowd_{};
  Handling handling_;
};

}  // namespace

Result<topology::MeasuredLinks> probe(job::Member& member, const topology::Fabric& fabric) {
  return Probing(member, fabric).run();
}

}  // namespace tutti::tune
