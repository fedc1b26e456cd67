#include "topology/infer/infer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tutti::topology {
namespace {

// How much worse the next level must be at least, however little measurements differ.
constexpr double kLeastLatencyGap = 1.25;
constexpr double kLeastBandwidthGap = 1.4;
// And how many times what nine of ten repeated measurements differ by.
constexpr double kTrust = 2;
constexpr double kLeastSure = 0.65;  // what a single pair that agrees gives
constexpr std::size_t kMostLevels = 8;
// A level whose groups have hardly more than one unit each is an outlier of a rank or two.
constexpr double kLeastUnits = 1.5;

// A number of a pair as its distance: the logarithm of what is better when it is smaller.
struct Metric {
  ToldApart name;
  double least_gap;
  double (*first)(const Probe&);
  double (*second)(const Probe&);
};
constexpr std::array kMetrics = {
    Metric{ToldApart::latency, kLeastLatencyGap, [](const Probe& probe) { return std::log(probe.latency_us[0]); },
           [](const Probe& probe) { return std::log(probe.latency_us[1]); }},
    Metric{ToldApart::bandwidth, kLeastBandwidthGap, [](const Probe& probe) { return -std::log(probe.GBps[0]); },
           [](const Probe& probe) { return -std::log(probe.GBps[1]); }},
};

double value_of(const Metric& metric, const Probe& probe) {
  return std::min(metric.first(probe), metric.second(probe));
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

// What the next level must be worse by, as a difference of logarithms.
double significant_gap(const Metric& metric, const std::vector<Probe>& probes) {
  std::vector<double> differences;
  differences.reserve(probes.size());
  for (const Probe& probe : probes) differences.push_back(std::abs(metric.first(probe) - metric.second(probe)));
  return std::max(std::log(metric.least_gap), kTrust * quantile(std::move(differences), 0.9));
}

Status check(const Measurement& measurement) {
  const auto wrong = [](std::string text) { return Error{Code::invalid_argument, std::move(text)}; };
  if (measurement.ranks < 1) return wrong("a job has at least one rank");
  if (!measurement.node_of.empty() && measurement.node_of.size() != static_cast<std::size_t>(measurement.ranks))
    return wrong(
        fmt::format("nodes of {} ranks are given, and there are {}", measurement.node_of.size(), measurement.ranks));
  for (const Probe& probe : measurement.probes) {
    const bool known = std::min(probe.one, probe.other) >= 0 && std::max(probe.one, probe.other) < measurement.ranks;
    if (!known || probe.one == probe.other)
      return wrong(fmt::format("a probe between ranks {} and {}: there are 0 to {}", probe.one, probe.other,
                               measurement.ranks - 1));
    for (const double number : {probe.latency_us[0], probe.latency_us[1], probe.GBps[0], probe.GBps[1]}) {
      if (!std::isfinite(number) || number <= 0)
        return wrong(fmt::format("the probe between ranks {} and {} says {}: numbers are above 0", probe.one,
                                 probe.other, number));
    }
  }
  return {};
}

struct Candidate {
  InferredLevel level;
  const Metric* metric = nullptr;  // null: reported
  double threshold = 0;
};

// The levels that one metric shows, and the clearest gap first.
Result<std::vector<Candidate>> seen_by(const Metric& metric, const Measurement& measurement) {
  std::vector<const Probe*> sorted;
  for (const Probe& probe : measurement.probes) sorted.push_back(&probe);
  std::ranges::stable_sort(sorted, {}, [&](const Probe* probe) { return value_of(metric, *probe); });
  const double significant = significant_gap(metric, measurement.probes);
  Merger merger(measurement.ranks);
  std::vector<Candidate> found;
  std::vector<double> joins;
  for (const Probe* const probe : sorted) {
    if (!merger.are_apart(probe->one, probe->other)) continue;
    const double value = value_of(metric, *probe);
    if (!joins.empty() && value - joins.back() >= significant) {
      Candidate candidate{{}, &metric, (value + joins.back()) / 2};
      candidate.level.groups = merger.partition();
      candidate.level.by = metric.name;
      candidate.level.gap = std::exp(value - joins.back());
      found.push_back(std::move(candidate));
    }
    merger.merge(probe->one, probe->other);
    joins.push_back(value);
  }
  if (const auto whole = merger.partition(); whole.groups() > 1) {
    const auto stray = whole.members()[1].front();
    return Error{Code::invalid_argument,
                 fmt::format("nothing was measured between rank 0 and rank {}, not even over others", stray)};
  }
  return found;
}

void count_agreement(Candidate& candidate, const std::vector<Probe>& probes) {
  for (const Probe& probe : probes) {
    if (!candidate.level.groups.together(probe.one, probe.other)) continue;
    ++candidate.level.pairs;
    candidate.level.agree += value_of(*candidate.metric, probe) < candidate.threshold ? 1 : 0;
  }
}

double clearness(const Candidate& candidate) {
  return candidate.level.sure() * std::log(candidate.level.gap);
}

std::string seen(const InferredLevel& level) {
  return fmt::format("{} tells {} groups apart", to_string(level.by), level.groups.groups());
}

// Whether the levels around a new one leave it room: nested, and of more than a unit or so a group.
bool fits(const std::vector<Candidate>& chosen, const InferredLevel& level, std::string& why_not) {
  for (const Candidate& other : chosen) {
    const Partition& one = other.level.groups;
    const bool inside = level.groups.refines(one);
    if (!inside && !one.refines(level.groups)) {
      why_not = fmt::format("that contradicts the {} groups of {}", one.groups(), to_string(other.level.by));
      return false;
    }
    const auto fine = static_cast<double>(std::max(one.groups(), level.groups.groups()));
    const auto coarse = static_cast<double>(std::min(one.groups(), level.groups.groups()));
    if (fine < kLeastUnits * coarse) {
      if (one.groups() != level.groups.groups())
        why_not = fmt::format("that is hardly another level than the {} groups of {}", one.groups(),
                              to_string(other.level.by));
      return false;
    }
  }
  const std::int32_t groups = level.groups.groups();
  if (static_cast<double>(level.groups.ranks()) < kLeastUnits * groups) {
    why_not = "hardly any group has two ranks";
    return false;
  }
  return groups > 1;
}

void take_numbers(Inferred& inferred, const std::vector<Probe>& probes) {
  for (std::size_t i = 0; i < inferred.levels.size(); ++i) {
    std::vector<double> latency;
    std::vector<double> GBps;
    std::vector<double> overhead;
    for (const Probe& probe : probes) {
      if (!inferred.levels[i].groups.together(probe.one, probe.other)) continue;
      if (i > 0 && inferred.levels[i - 1].groups.together(probe.one, probe.other)) continue;
      latency.push_back(probe.best_latency_us());
      GBps.push_back(probe.best_GBps());
      overhead.push_back(probe.overhead_us);
    }
    if (latency.empty()) continue;
    InferredLevel& level = inferred.levels[i];
    level.measured = static_cast<std::int32_t>(latency.size());
    level.latency_us = quantile(std::move(latency), 0.5);
    level.GBps = quantile(std::move(GBps), 0.5);
    level.overhead_us = quantile(std::move(overhead), 0.5);
  }
}

std::size_t count_node_levels(const Inferred& inferred, const Partition& nodes) {
  std::size_t count = 0;
  for (const InferredLevel& level : inferred.levels) count += level.groups.refines(nodes) ? 1 : 0;
  return count;
}

}  // namespace

std::string_view to_string(ToldApart by) {
  static constexpr std::array<std::string_view, 4> kNames = {"the nodes' own report", "latency", "bandwidth",
                                                             "holding all ranks"};
  return kNames.at(static_cast<std::size_t>(by));
}

double InferredLevel::sure() const {
  if (by == ToldApart::reported || by == ToldApart::everything) return 1;
  return static_cast<double>(agree + 1) / static_cast<double>(pairs + 2);
}

Result<Inferred> infer_levels(const Measurement& measurement) {
  TUTTI_TRY(check(measurement));
  Inferred inferred;
  std::vector<Candidate> chosen;
  const bool knows_nodes = !measurement.node_of.empty();
  const Partition nodes = knows_nodes ? Partition(measurement.node_of) : Partition::whole(measurement.ranks);
  if (knows_nodes && nodes.groups() > 1 && nodes.groups() < measurement.ranks) {
    chosen.emplace_back();
    chosen.back().level.groups = nodes;
    chosen.back().level.by = ToldApart::reported;
  }
  std::vector<Candidate> candidates;
  for (const Metric& metric : kMetrics) {
    for (Candidate& one : TUTTI_TRY(seen_by(metric, measurement))) {
      count_agreement(one, measurement.probes);
      candidates.push_back(std::move(one));
    }
  }
  std::ranges::stable_sort(candidates, std::ranges::greater{}, clearness);
  for (Candidate& candidate : candidates) {
    std::string why_not;
    if (candidate.level.sure() < kLeastSure) {
      why_not = fmt::format("only {} of {} pairs inside agree", candidate.level.agree, candidate.level.pairs);
    } else if (chosen.size() + 1 == kMostLevels) {
      why_not = "there are enough levels";
    } else if (fits(chosen, candidate.level, why_not)) {
      chosen.push_back(std::move(candidate));
      continue;
    }
    if (!why_not.empty()) inferred.remarks.push_back(fmt::format("{}, but {}", seen(candidate.level), why_not));
  }
  std::ranges::sort(chosen, std::ranges::greater{}, [](const Candidate& one) { return one.level.groups.groups(); });
  for (Candidate& one : chosen) inferred.levels.push_back(std::move(one.level));
  inferred.levels.emplace_back();
  inferred.levels.back().groups = Partition::whole(measurement.ranks);
  take_numbers(inferred, measurement.probes);
  inferred.node_levels = knows_nodes ? count_node_levels(inferred, nodes) : 0;
  return inferred;
}

void settle(Inferred& inferred, const std::vector<Probe>& alone) {
  take_numbers(inferred, alone);
  for (std::size_t i = 0; i + 1 < inferred.levels.size();) {
    const InferredLevel& inner = inferred.levels[i];
    const InferredLevel& outer = inferred.levels[i + 1];
    const bool differs = inner.by == ToldApart::reported || inner.measured == 0 || outer.measured == 0 ||
                         outer.latency_us > kLeastLatencyGap * inner.latency_us ||
                         inner.GBps > kLeastBandwidthGap * outer.GBps;
    if (differs) {
      ++i;
      continue;
    }
    inferred.remarks.push_back(fmt::format("{}, but alone its pairs are as fast as those further out", seen(inner)));
    inferred.node_levels -= i < inferred.node_levels ? 1 : 0;
    inferred.levels.erase(inferred.levels.begin() + static_cast<std::ptrdiff_t>(i));
    take_numbers(inferred, alone);
  }
}

}  // namespace tutti::topology
