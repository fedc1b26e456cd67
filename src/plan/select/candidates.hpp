// The plans that a call could get.
#pragma once

#include <functional>
#include <vector>

#include "plan/plan.hpp"
#include "plan/select/select.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::plan {

/// Calls `visit` with every plan worth pricing, its segments being 1, `widened` and `divides` not yet set: each method
/// over all ranks at once; and for every choice of levels taken together, order of levels and way of handling them, the
/// methods that are cheapest on their level at `segments` segments. Equal on all ranks.
class Candidates {
 public:
  Candidates(const Query& query, const topology::Fabric& fabric);

  void flat(const std::function<void(const Plan&)>& visit) const;
  void composed(std::uint32_t segments, const std::function<void(const Plan&)>& visit) const;

 private:
  struct Shape {
    std::shared_ptr<const topology::Levels> levels;
  };

  void orders(const Shape& shape, std::uint32_t segments, const std::function<void(const Plan&)>& visit) const;
  [[nodiscard]] std::vector<Stripe> stripes(const Shape& shape, std::span<const std::uint8_t> order,
                                            std::uint32_t segments) const;
  void striped(const Plan& first, const Plan& second, std::uint32_t segments,
               const std::function<void(const Plan&)>& visit) const;
  [[nodiscard]] Plan plan_of(const Shape& shape) const;

  const Query& query_;
  const topology::Fabric& fabric_;
  double bytes_;
  std::vector<Shape> shapes_;
};

/// By how much more than its price a tier is taken to cost, when plans are ranked. Between nodes, flows that keep their
/// partner have a link each; where partners change, flows meet at a port and wait for each other, which no term of the
/// price knows. Measured: tests/lab/netns, 4 hosts x 2 ranks, 64 MiB, 98 % of the wire by ring, 85 % by rabenseifner.
double meeting_factor(const topology::Levels& levels, const Tier& tier);

/// Empty, or why the plan may not be used for this call.
std::string refusal(const Plan& plan, const Query& query);

}  // namespace tutti::plan
