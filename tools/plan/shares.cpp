#include "tools/plan/shares.hpp"

#include <fmt/format.h>

#include "plan/algorithms/algorithms.hpp"
#include "plan/compose.hpp"
#include "plan/cost/loads.hpp"

namespace tutti::explain {
namespace {

std::string name_of(const plan::Tier& tier) {
  const bool plain = !tier.method->has_radix || tier.radix == 2;
  return plain ? std::string(tier.method->name) : fmt::format("{}({})", tier.method->name, tier.radix);
}

class Walk {
 public:
  Walk(const plan::Plan& plan, double bytes, const topology::Fabric& fabric)
      : plan_(plan), bytes_(bytes), pricing_(fabric, *plan.levels) {}

  std::vector<Leg> legs(int number) {
    const plan::Stripe& stripe = plan_.stripes()[static_cast<std::size_t>(number)];
    std::vector<Leg> up;
    std::vector<Leg> all;
    double share = bytes_ * share_of(plan_, number);
    for (const plan::Tier& tier : stripe.tiers()) {
      add(tier, true, share, number, all);
      add(tier, false, share, number, up);
      share *= pricing_.part_after(tier);
    }
    all.insert(all.end(), up.rbegin(), up.rend());
    std::uint32_t round = 0;
    for (Leg& leg : all) {
      leg.first_round = round;
      round += leg.rounds;
    }
    return all;
  }

 private:
  void add(const plan::Tier& tier, bool down, double share, int stripe, std::vector<Leg>& legs) const {
    const plan::Algorithm* const algorithm = down ? tier.method->down : tier.method->up;
    if (algorithm == nullptr) return;
    const std::int32_t width = plan_.levels->width(tier.level);
    const plan::Volume volume =
        tier.method->all_levels ? plan::rail_volume(*plan_.levels) : algorithm->volume(width, tier.radix);
    const plan::Rounds rounds = plan::rounds_of(plan_, tier);
    legs.push_back({.stripe = stripe,
                    .level = tier.method->all_levels ? plan_.levels->depth() - 1 : tier.level,
                    .down = down,
                    .method = name_of(tier),
                    .algorithm = fmt::format("{} {}", to_string(algorithm->role), algorithm->name),
                    .width = tier.method->all_levels ? plan_.ranks() : width,
                    .first_round = 0,
                    .rounds = down ? rounds.down : rounds.up,
                    .messages = volume.messages,
                    .bytes = share * (volume.gather + volume.spread)});
  }

  const plan::Plan& plan_;
  double bytes_;
  plan::Pricing pricing_;
};

}  // namespace

double share_of(const plan::Plan& plan, int stripe) {
  double weights = 0;
  for (const plan::Stripe& one : plan.stripes()) weights += one.weight;
  return plan.stripes()[static_cast<std::size_t>(stripe)].weight / weights;
}

std::vector<Leg> legs_of(const plan::Plan& plan, double bytes, const topology::Fabric& fabric) {
  Walk walk(plan, bytes, fabric);
  std::vector<Leg> all;
  for (int stripe = 0; stripe < plan.ways; ++stripe) {
    const auto legs = walk.legs(stripe);
    all.insert(all.end(), legs.begin(), legs.end());
  }
  return all;
}

std::string stage_of(const std::vector<Leg>& legs, std::uint32_t round, int depth) {
  std::string text;
  for (const Leg& leg : legs) {
    if (round < leg.first_round || round >= leg.first_round + leg.rounds) continue;
    const std::string name = leg.algorithm + (depth > 1 ? fmt::format(", level {}", leg.level) : "");
    if (text.find(name) == std::string::npos) text += (text.empty() ? "" : "; ") + name;
  }
  return text;
}

}  // namespace tutti::explain
