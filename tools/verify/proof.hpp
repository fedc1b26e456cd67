// One plan to be proven, and how to ask for it again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "plan/plan.hpp"
#include "tools/verify/outcome.hpp"

namespace tutti::prove {

/// How a plan is lowered, beside what it says itself.
struct Variant {
  bool in_place = false;
  bool widened = false;
  bool divides = false;
};

/// What a plan can be lowered as: in place and not; reductions widened, dividing, both and neither.
inline constexpr int kVariants = 8;
Variant variant(int number);
/// How many of them make a difference to this collective: the first so many.
int variants_of(plan::Collective collective);

/// The levels of a world with the text that `--levels` reads.
struct Shape {
  std::string text;
  std::shared_ptr<const topology::Levels> levels;
};
/// `text` must be right.
Shape make_shape(const std::string& text);

/// Proves the plan, counts it and notes a failure. A plan that is refused is not counted.
/// `shape` is the world; the plan may take some of its levels together.
void prove(plan::Plan plan, const Shape& shape, const Variant& variant, Outcome& outcome);

/// "tutti verify all_reduce --levels 3+5 --algo 'ring>circulant/2' --widened".
std::string command_of(const plan::Plan& plan, const Shape& shape, const Variant& variant);

}  // namespace tutti::prove
