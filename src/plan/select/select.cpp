#include "plan/select/select.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/select/candidates.hpp"
#include "plan/tile.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

constexpr std::uint32_t kMostSegments = 64;
constexpr std::uint32_t kMostInAPipeline = 1024;  // where a segment passes many ranks one after the other
constexpr double kWorthIt = 1.007;                // twice the segments are twice the steps: they must gain this much
constexpr std::uint32_t kMostSteps = 8192;        // of a program: a longer one leaves the cache
constexpr double kLeastSegmentBytes = 64 * 1024;  // of one rank's part: below it, overheads eat what overlap gains

double rank_of(const Candidate& candidate) {
  double meeting = 1;
  for (const Stripe& stripe : candidate.plan.stripes()) {
    for (const Tier& tier : stripe.tiers()) meeting = std::max(meeting, meeting_factor(*candidate.plan.levels, tier));
  }
  return candidate.rank_us * meeting * std::pow(kWorthIt, std::log2(static_cast<double>(candidate.plan.segments)));
}

bool is_segmented(const Plan& plan) {
  return std::ranges::all_of(plan.stripes(), [](const Stripe& stripe) {
    return std::ranges::all_of(stripe.tiers(), [](const Tier& tier) { return tier.method->segmented; });
  });
}

// The least part of the vector that one rank handles at a time.
double part_of(const Plan& plan) {
  double least = 1;
  for (const Stripe& stripe : plan.stripes()) {
    double part = 1;
    for (const Tier& tier : stripe.tiers()) {
      if (tier.method->mode == Method::Mode::split) part /= plan.levels->width(tier.level);
    }
    least = std::min(least, part);
  }
  return least;
}

// What one segment has at the busiest rank.
double messages_of(const Plan& plan) {
  double messages = 0;
  for (const Stripe& stripe : plan.stripes()) {
    for (const Tier& tier : stripe.tiers()) {
      for (const Algorithm* algorithm : {tier.method->down, tier.method->up})
        if (algorithm != nullptr) messages += algorithm->volume(plan.levels->width(tier.level), tier.radix).messages;
    }
  }
  return messages;
}

class Search {
 public:
  Search(const Query& query, const topology::Fabric& fabric)
      : query_(query), fabric_(fabric), bytes_(total_bytes(query, fabric.ranks())) {}

  void complete(Plan& plan) const {
    plan.widened = needs_widening(plan, query_.type, query_.op);
    plan.divides = query_.op == ReduceOp::avg && is_reduction(query_.collective);
  }

  // Tiles overlap as segments do.
  Candidate priced(Plan plan, std::uint32_t segments) {
    plan.segments = segments * static_cast<std::uint32_t>(std::max(1.0, std::ceil(bytes_ / tile_of(plan))));
    const Cost cost = predict(plan, bytes_, query_.type, fabric_);
    double rank_us = cost.total_us;
    if (fabric_.moves_by_processors()) {
      double logs = 0;
      for (const Situation situation : kSituations)
        logs += std::log(predict(plan, bytes_, query_.type, fabric_, situation).total_us);
      rank_us = std::exp(logs / kSituations.size());
    }
    plan.segments = segments;
    ++count_;
    return Candidate{plan, cost, rank_us, {}};
  }

  // How much of the vector is handled at a time: all of it, or a tile.
  [[nodiscard]] double tile_of(const Plan& plan) const {
    const DataType partial = plan.widened ? accumulator_of(query_.type) : query_.type;
    const double scratch = scratch_per_element(plan) * static_cast<double>(size_of(partial)) /
                           static_cast<double>(size_of(query_.type)) * bytes_;
    const auto staging = static_cast<double>(query_.staging.value);
    return scratch <= staging ? std::max(1.0, bytes_) : std::max(1.0, staging / kTilesAtOnce / (scratch / bytes_));
  }

  [[nodiscard]] std::uint32_t most_segments(const Plan& plan) const {
    if (!is_segmented(plan)) return 1;
    const double tile = tile_of(plan);
    // Every link must get messages that are worth it, the last level's too where that is what is waited for.
    const double part =
        tile * (plan.levels->depth() > 1 ? 1.0 / plan.levels->width(plan.stripes()[0].list[0].level) : part_of(plan));
    const double messages = std::max(1.0, messages_of(plan));
    const double steps = 2 * messages;  // of one segment, more or less
    const double most = std::clamp<double>(rounds_of(plan) / messages, kMostSegments, kMostInAPipeline);
    std::uint32_t segments = 1;
    while (2 * segments <= most && 2 * segments * steps <= kMostSteps && part / (2.0 * segments) >= kLeastSegmentBytes)
      segments *= 2;
    return segments;
  }

  // Keeps the best number of segments of each way.
  void offer(Plan plan) {
    complete(plan);
    const std::uint32_t most = most_segments(plan);
    most_ = std::max(most_, most);
    for (std::uint32_t segments = 1; segments <= most; segments *= 2) keep(priced(plan, segments));
  }
  void offer(Plan plan, std::uint32_t segments) {
    complete(plan);
    const std::uint32_t most = most_segments(plan);
    most_ = std::max(most_, most);
    if (segments <= most) keep(priced(plan, segments));
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The most segments that a plan offered so far could have.
  [[nodiscard]] std::uint32_t most() const { return most_; }
  std::vector<Candidate> take() { return std::move(best_); }

 private:
  static bool same_way(const Plan& a, const Plan& b) {
    return a.levels == b.levels && std::ranges::equal(a.stripes(), b.stripes());
  }
  void keep(Candidate candidate) {
    const auto known = std::find_if(best_.begin(), best_.end(),
                                    [&](const Candidate& other) { return same_way(other.plan, candidate.plan); });
    if (known == best_.end()) {
      best_.push_back(std::move(candidate));
    } else if (rank_of(candidate) < rank_of(*known)) {
      *known = std::move(candidate);
    }
  }

  const Query& query_;
  const topology::Fabric& fabric_;
  double bytes_;
  std::uint64_t count_ = 0;
  std::uint32_t most_ = 1;
  std::vector<Candidate> best_;
};

// The plan of a way that somebody names.
Result<Plan> named_plan(const std::string& way, const Query& query, const topology::Fabric& fabric) {
  Plan plan = TUTTI_TRY(parse_way(way, query.collective, fabric.levels));
  plan.root = query.root;
  if (plan.levels->depth() == 1 && !plan.levels->in_rank_order())
    plan.levels = std::make_shared<const topology::Levels>(topology::Levels::flat(fabric.ranks()));
  if (auto why = refusal(plan, query); !why.empty()) return Error{Code::unsupported, std::move(why)};
  return plan;
}

Result<Candidate> forced_candidate(const ForcedAlgorithms::Choice& wanted, const Query& query,
                                   const topology::Fabric& fabric, Search& search) {
  auto named = named_plan(wanted.way, query, fabric);
  if (!named && named.error().code != Code::unsupported) return named.error();
  if (!named) {
    return Error{Code::unsupported, fmt::format("TUTTI_ALGO forces {} for {} on {} ranks, but: {}", wanted.way,
                                                to_string(query.collective), fabric.ranks(), named.error().text)};
  }
  Plan plan = std::move(named).value();
  search.complete(plan);
  if (wanted.segments != 0) return search.priced(plan, is_segmented(plan) ? wanted.segments : 1);
  search.offer(plan);
  return search.take().front();
}

std::string name_of(const MeasuredWay& way) {
  return way.segments > 1 ? fmt::format("{}/{}", way.way, way.segments) : way.way;
}

std::string reason_of(const TunedChoice& choice) {
  if (choice.best.way == choice.model.way && choice.best.segments == choice.model.segments)
    return fmt::format("measured: {:.1f} us, which nothing beat; it is the model's choice, too", choice.best.us);
  return fmt::format("measured: {:.1f} us against {:.1f} us of the model's choice, {}", choice.best.us, choice.model.us,
                     name_of(choice.model));
}

// Puts what was measured before the model's choice. Empty, or why it is not used: a table may be older than this
// library, or of a call that has fewer restrictions.
std::string prefer_measured(const TunedChoice& choice, const Query& query, const topology::Fabric& fabric,
                            Selection& selection) {
  auto named = named_plan(choice.best.way, query, fabric);
  if (!named) return named.error().text;
  Search alone(query, fabric);
  Plan plan = std::move(named).value();
  alone.complete(plan);
  const Candidate best = alone.priced(plan, is_segmented(plan) ? choice.best.segments : 1);
  std::erase_if(selection.candidates, [&](const Candidate& other) {
    return other.refused.empty() && way_of(other.plan) == way_of(best.plan);
  });
  selection.candidates.insert(selection.candidates.begin(), best);
  selection.tuned = true;
  return {};
}

}  // namespace

double total_bytes(const Query& query, std::int32_t ranks) {
  const double bytes = static_cast<double>(query.count) * static_cast<double>(size_of(query.type));
  return has_blocks(query.collective) ? bytes * ranks : bytes;
}

Result<Selection> select(const Query& query, const topology::Fabric& fabric, const ForcedAlgorithms& forced,
                         const TunedSite* tuned) {
  const auto* const wanted = forced.of(query.collective);
  Selection selection;
  Search search(query, fabric);
  const Candidates candidates(query, fabric);
  candidates.flat([&](const Plan& plan) { search.offer(plan); });
  for (std::uint32_t segments = 1; segments <= search.most(); segments *= 2)
    candidates.composed(segments, [&](const Plan& plan) { search.offer(plan, segments); });
  selection.candidates = search.take();
  for (Candidate& candidate : selection.candidates) {
    candidate.refused = refusal(candidate.plan, query);
    if (wanted != nullptr && candidate.refused.empty()) candidate.refused = "another one is forced";
  }
  if (wanted != nullptr) {
    Search alone(query, fabric);
    const Candidate best = TUTTI_TRY(forced_candidate(*wanted, query, fabric, alone));
    std::erase_if(selection.candidates,
                  [&](const Candidate& other) { return way_of(other.plan) == way_of(best.plan); });
    selection.candidates.push_back(best);
  }
  std::stable_sort(selection.candidates.begin(), selection.candidates.end(),
                   [](const Candidate& a, const Candidate& b) {
                     return std::pair(!a.refused.empty(), rank_of(a)) < std::pair(!b.refused.empty(), rank_of(b));
                   });
  const auto* const measured =
      tuned == nullptr || wanted != nullptr
          ? nullptr
          : tuned->find(query.collective, static_cast<std::uint64_t>(total_bytes(query, fabric.ranks())));
  std::string unused;
  if (measured != nullptr) unused = prefer_measured(*measured, query, fabric, selection);
  const Candidate& best = selection.candidates.front();
  if (!best.refused.empty())
    return Error{Code::unsupported,
                 fmt::format("no algorithm does {} on {} ranks ({}): {}", to_string(query.collective), fabric.ranks(),
                             way_of(best.plan), best.refused)};
  selection.plan = best.plan;
  selection.forced = wanted != nullptr;
  selection.cost = best.cost;
  selection.bound = bound_of(query.collective, total_bytes(query, fabric.ranks()), fabric);
  selection.priced = search.count();
  selection.reason = fmt::format("{}: predicted {:.1f} us, mostly {}{}", way_of(best.plan), best.cost.total_us,
                                 best.cost.dominant(), wanted != nullptr ? " (forced)" : "");
  if (selection.tuned) selection.reason += "; " + reason_of(*measured);
  if (!unused.empty())
    selection.reason += fmt::format("; what was measured, {}, is not used: {}", name_of(measured->best), unused);
  return selection;
}

}  // namespace tutti::plan
