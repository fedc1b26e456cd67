#include "plan/compose.hpp"

#include <algorithm>
#include <cmath>

#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

using Mode = Method::Mode;

// Where a rank stands among the groups of each level.
struct Seat {
  struct Place {
    topology::Levels::Group group;
    std::int32_t member = 0;
  };
  std::array<Place, topology::Levels::kMost> places;
  Columns columns{};  // the first that it plays
};

Seat find_seat(const topology::Levels& levels, Rank rank) {
  Seat seat;
  std::int32_t unit = levels.position_of(rank);
  for (int level = 0; level < levels.depth(); ++level) {
    auto& place = seat.places[static_cast<std::size_t>(level)];
    place.group = levels.group_of_unit(level, unit);
    place.member = unit - place.group.first;
    seat.columns[static_cast<std::size_t>(level)] = first_column(place.member, place.group.size, levels.width(level));
    unit = place.group.number;
  }
  return seat;
}

class Composer {
 public:
  Composer(const Plan& plan, bool packed, Rank self, PhaseBuilder& phase)
      : plan_(plan),
        levels_(*plan.levels),
        packed_(packed && plan.collective == Collective::all_gather),
        self_(self),
        phase_(phase),
        seat_(find_seat(levels_, self)),
        root_(find_seat(levels_, has_root(plan.collective) ? plan.root : levels_.rank_at(0))) {}

  void write(const Stripe& stripe, ChunkRange chunks) {
    tiers_ = stripe.tiers();
    std::uint32_t round = 0;
    for (std::size_t t = 0; t < tiers_.size(); ++t) {
      down_start_[t] = round;
      round += rounds_of(plan_, tiers_[t]).down;
    }
    for (std::size_t t = tiers_.size(); t-- > 0;) {
      up_start_[t] = round;
      round += rounds_of(plan_, tiers_[t]).up;
    }
    begin(chunks);
    if (!tiers_.empty() && tiers_[0].method->all_levels) {
      rail_all_to_all(levels_, index(self_), 0, phase_);
    } else {
      descend(0, chunks, seat_.columns);
    }
    phase_.set_round(round);
    const bool collects = plan_.collective == Collective::reduce || plan_.collective == Collective::gather;
    if ((collects && self_ == plan_.root) || packed_) phase_.finish(chunks);
    if (plan_.collective == Collective::scatter) phase_.finish(own_position(chunks));
    for (const ChunkRange own : copied_last_) phase_.finish(own);
    copied_last_.clear();
  }

 private:
  [[nodiscard]] ChunkRange own_position(ChunkRange chunks) const {
    return {chunks.first + static_cast<std::uint32_t>(levels_.position_of(self_)), 1};
  }

  // Which chunks are this rank's contribution. All-gather's are found on the way: see bottom().
  void begin(ChunkRange chunks) {
    switch (plan_.collective) {
      case Collective::all_reduce:
      case Collective::reduce:
      case Collective::reduce_scatter:
        phase_.begin_with(chunks);
        break;
      case Collective::broadcast:
      case Collective::scatter:
        if (self_ == plan_.root) phase_.begin_with(chunks);
        phase_.set_own(own_position(chunks));
        break;
      case Collective::gather:
        phase_.begin_with(own_position(chunks));
        break;
      default:
        break;
    }
  }

  [[nodiscard]] bool by_position() const {
    return plan_.collective == Collective::gather || plan_.collective == Collective::scatter;
  }

  // Whether this rank's group of tier `t` is the one in which the root is, as far as later tiers tell groups apart:
  // those of earlier ones each have their part.
  [[nodiscard]] bool with_root(std::size_t t) const {
    for (std::size_t later = t + 1; later < tiers_.size(); ++later) {
      const std::size_t level = tiers_[later].level;
      if (seat_.places[level].member != root_.places[level].member) return false;
    }
    return true;
  }

  void run(const Algorithm* algorithm, const Axis& axis, std::int32_t root, std::uint32_t round, bool results) {
    if (algorithm == nullptr) return;
    phase_.set_round(round);
    phase_.set_results(results);
    algorithm->build(axis, root, phase_);
  }

  void descend(std::size_t t, ChunkRange chunks, Columns columns) {
    if (t == tiers_.size()) {
      bottom(chunks);
      return;
    }
    const Tier& tier = tiers_[t];
    const Mode mode = tier.method->mode;
    const std::size_t level = tier.level;
    const auto& place = seat_.places[level];
    const std::int32_t width = mode == Mode::split ? levels_.width(tier.level) : 1;
    Axis axis({.levels = &levels_,
               .level = tier.level,
               .group = place.group,
               .columns = columns,
               .self = place.member,
               .width = width,
               .base = chunks.first,
               .unit = chunks.count / static_cast<std::uint32_t>(width),
               .by_position = by_position() || plan_.collective == Collective::all_to_all});
    axis.set_radix(tier.radix);
    const std::int32_t root = player(root_.columns[level], place.group.size, levels_.width(tier.level));
    const bool results = !is_reduction(plan_.collective);
    const bool last = t + 1 == tiers_.size();
    phase_.set_last_reduction(last &&
                              (plan_.collective != Collective::reduce || (mode == Mode::lead && self_ == plan_.root)));
    if (goes(tier.method->down, t)) run(tier.method->down, axis, root, down_start_[t], results);
    if (mode == Mode::split) {
      const std::int32_t first = first_column(place.member, place.group.size, width);
      const std::int32_t end = first_column(place.member + 1, place.group.size, width);
      const std::uint32_t part = chunks.count / static_cast<std::uint32_t>(width);
      for (columns[level] = first; columns[level] < end; ++columns[level])
        descend(t + 1, {chunks.first + static_cast<std::uint32_t>(columns[level]) * part, part}, columns);
    } else if (mode == Mode::whole || place.member == root) {
      if (mode == Mode::lead) columns[level] = root_.columns[level];
      descend(t + 1, chunks, columns);
    }
    const bool final = plan_.collective != Collective::reduce;  // its values are finished at the root alone
    if (goes(tier.method->up, t)) run(tier.method->up, axis, root, up_start_[t], final);
  }

  // A split tier of a rooted collective scatters and gathers only where the root is.
  [[nodiscard]] bool goes(const Algorithm* algorithm, std::size_t t) const {
    if (algorithm == nullptr) return false;
    const bool to_or_from_root =
        (plan_.collective == Collective::broadcast && algorithm->role == Collective::scatter) ||
        (plan_.collective == Collective::reduce && algorithm->role == Collective::gather);
    return !to_or_from_root || with_root(t);
  }

  void bottom(ChunkRange chunks) {
    phase_.set_round(tiers_.empty() ? 0 : up_start_[tiers_.size() - 1]);
    switch (plan_.collective) {
      case Collective::all_gather:
        phase_.begin_with(chunks);
        if (!packed_) copied_last_.push_back(chunks);
        break;
      case Collective::all_reduce:
      case Collective::reduce_scatter:
        phase_.finish(chunks);
        break;
      case Collective::broadcast:
        if (self_ == plan_.root) copied_last_.push_back(chunks);
        break;
      default:
        break;
    }
  }

  const Plan& plan_;
  const topology::Levels& levels_;
  bool packed_;  // an all-gather that collects in scratch memory
  Rank self_;
  PhaseBuilder& phase_;
  Seat seat_;
  Seat root_;  // of rank 0 where there is no root
  std::span<const Tier> tiers_;
  std::array<std::uint32_t, topology::Levels::kMost> down_start_{};
  std::array<std::uint32_t, topology::Levels::kMost> up_start_{};
  std::vector<ChunkRange>
      copied_last_;  // what is sent from the input, and copied to the output when nobody waits for it
};

std::uint32_t rounds_in(const Algorithm* algorithm, std::int32_t size, std::int32_t radix) {
  return algorithm == nullptr ? 0 : static_cast<std::uint32_t>(std::ceil(algorithm->volume(size, radix).rounds));
}

}  // namespace

Rounds rounds_of(const Plan& plan, const Tier& tier) {
  if (tier.method->all_levels) return {static_cast<std::uint32_t>(plan.levels->depth()), 0};
  Rounds most;
  for (const auto& run : plan.levels->runs(tier.level)) {
    most.down = std::max(most.down, rounds_in(tier.method->down, run.size, tier.radix));
    most.up = std::max(most.up, rounds_in(tier.method->up, run.size, tier.radix));
  }
  return most;
}

void compose(const Plan& plan, const Cut& cut, Rank self, PhaseBuilder& phase) {
  Composer composer(plan, is_packed(plan, cut), self, phase);
  for (int stripe = 0; stripe < cut.parts(); ++stripe) {
    const Cut::Part& part = cut.part(stripe);
    composer.write(plan.stripes()[static_cast<std::size_t>(stripe)], {part.first, part.chunks});
  }
}

}  // namespace tutti::plan
