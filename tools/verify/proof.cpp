#include "tools/verify/proof.hpp"

#include <fmt/format.h>

#include "plan/verify/verify.hpp"

namespace tutti::prove {

Variant variant(int number) {
  return {.in_place = (number & 1) != 0, .widened = (number & 2) != 0, .divides = (number & 4) != 0};
}

int variants_of(plan::Collective collective) {
  if (collective == plan::Collective::barrier) return 1;
  return is_reduction(collective) ? kVariants : 2;
}

Shape make_shape(const std::string& text) {
  return {text, std::make_shared<const topology::Levels>(topology::Levels::parse(text).value())};
}

std::string command_of(const plan::Plan& plan, const Shape& shape, const Variant& variant) {
  const std::string segments = plan.segments > 1 ? fmt::format("/{}", plan.segments) : "";
  std::string text = fmt::format("tutti verify {} --levels '{}' --algo '{}{}'", to_string(plan.collective), shape.text,
                                 way_of(plan), segments);
  if (has_root(plan.collective)) text += fmt::format(" --root {}", index(plan.root));
  if (variant.in_place) text += " --in-place";
  if (variant.widened) text += " --widened";
  if (variant.divides) text += " --divided";
  return text;
}

void prove(plan::Plan plan, const Shape& shape, const Variant& variant, Outcome& outcome) {
  plan.widened = variant.widened;
  plan.divides = variant.divides;
  if (!refusal(plan).empty()) return;
  const auto proven = plan::verify(plan, {.in_place = variant.in_place, .in_rank_order = keeps_rank_order(plan)});
  outcome.count(1);
  if (!proven) outcome.fail({describe(plan), proven.error().text, command_of(plan, shape, variant)});
}

}  // namespace tutti::prove
