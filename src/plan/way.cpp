#include "plan/way.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/bytes.hpp"

namespace tutti::plan {
namespace {

using topology::Levels;

constexpr std::int64_t kMostWeight = 1000;
constexpr std::int64_t kMostRadix = 64;

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string names_of(Collective collective) {
  std::string names;
  for (const Method& method : methods()) {
    if (method.collective == collective) names += fmt::format("{}{}", names.empty() ? "" : ", ", method.name);
  }
  return names;
}

Result<Tier> parse_tier(std::string_view text, Collective collective, std::size_t place) {
  Tier tier{.level = static_cast<std::uint8_t>(place)};
  std::string_view name = text;
  if (const auto at = name.find('@'); at != std::string_view::npos) {
    tier.level = static_cast<std::uint8_t>(TUTTI_TRY(parse_integer(name.substr(at + 1), 0, Levels::kMost - 1)));
    name = name.substr(0, at);
  }
  if (const auto open = name.find('('); open != std::string_view::npos) {
    if (name.back() != ')') return wrong(fmt::format("'{}': a radix is written as in bruck(4)", text));
    tier.radix = static_cast<std::uint8_t>(
        TUTTI_TRY(parse_integer(name.substr(open + 1, name.size() - open - 2), 2, kMostRadix)));
    name = name.substr(0, open);
  }
  tier.method = find_method(collective, name);
  if (tier.method == nullptr)
    return wrong(fmt::format("no algorithm '{}': {} has {}", name, to_string(collective), names_of(collective)));
  if (tier.radix != 2 && !tier.method->has_radix) return wrong(fmt::format("'{}': {} has no radix", text, name));
  return tier;
}

Result<Stripe> parse_stripe(std::string_view text, Collective collective) {
  Stripe stripe;
  if (const auto star = text.find('*'); star != std::string_view::npos) {
    stripe.weight = static_cast<std::uint32_t>(TUTTI_TRY(parse_integer(text.substr(0, star), 1, kMostWeight)));
    text.remove_prefix(star + 1);
  }
  const auto parts = split(text, '>');
  if (parts.size() > static_cast<std::size_t>(Levels::kMost)) return wrong(fmt::format("'{}': too many levels", text));
  for (std::size_t t = 0; t < parts.size(); ++t) stripe.push(TUTTI_TRY(parse_tier(parts[t], collective, t)));
  return stripe;
}

// A ring along every level in turn, in both directions; each stripe begins with another level.
std::string bucket(int depth) {
  std::string text;
  for (const char* const ring : {"ring", "ring_reversed"}) {
    for (int first = 0; first < depth; ++first) {
      if (!text.empty()) text += "|";
      for (int i = 0; i < depth; ++i) text += fmt::format("{}{}@{}", i == 0 ? "" : ">", ring, (first + i) % depth);
    }
  }
  return text;
}

std::string spelled_out(std::string_view text, int depth) {
  if (text == "bidirectional_ring") return "ring|ring_reversed";
  if (text == "double_tree") return "tree|twin_tree";
  if (text == "bucket") return bucket(depth);
  return std::string(text);
}

Result<std::vector<Stripe>> parse_stripes(std::string_view text, Collective collective, int depth) {
  const std::string spelled = spelled_out(text, depth);
  std::vector<Stripe> stripes;
  for (const auto part : split(spelled, '|')) stripes.push_back(TUTTI_TRY(parse_stripe(part, collective)));
  if (stripes.size() > Plan::kMostStripes)
    return wrong(fmt::format("'{}': at most {} stripes", text, Plan::kMostStripes));
  return stripes;
}

}  // namespace

Status check_way(std::string_view text, Collective collective) {
  const auto stripes = parse_stripes(text, collective, 2);
  return stripes ? Status{} : Status{stripes.error()};
}

Result<Plan> parse_way(std::string_view text, Collective collective, std::shared_ptr<const Levels> levels) {
  const auto stripes = TUTTI_TRY(parse_stripes(text, collective, levels->depth()));
  std::size_t deepest = 0;
  for (const Stripe& stripe : stripes) {
    const bool all = stripe.list[0].method->all_levels;
    deepest = std::max(deepest, all ? static_cast<std::size_t>(levels->depth()) : std::size_t{stripe.depth});
  }
  if (deepest > static_cast<std::size_t>(levels->depth()) && deepest > 1)
    return wrong(fmt::format("'{}' is a way over {} levels, but there are {} ({})", text, deepest, levels->depth(),
                             levels->describe()));
  Plan plan;
  plan.collective = collective;
  plan.levels = std::move(levels);
  if (deepest < static_cast<std::size_t>(plan.levels->depth()))
    plan.levels = std::make_shared<const Levels>(plan.levels->coarsened((1U << (deepest - 1)) - 1));
  for (const Stripe& stripe : stripes) plan.push(stripe);
  return plan;
}

}  // namespace tutti::plan
