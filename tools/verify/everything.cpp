#include "tools/verify/everything.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <vector>

#include "plan/select/select.hpp"
#include "plan/way.hpp"
#include "tools/verify/proof.hpp"
#include "tools/verify/shapes.hpp"
#include "tools/verify/team.hpp"

namespace tutti::prove {
namespace {

constexpr std::int32_t kAllVariants = 16;  // ranks up to which nothing is taken by turns
constexpr std::int32_t kAllVariantsOfWays = 8;
constexpr std::int32_t kManySegments = 24;  // ranks up to which many segments are tried
constexpr std::int32_t kAllWays = 24;       // ranks up to which all ways through levels are tried
constexpr std::uint8_t kRadices[] = {3, 4, 5, 8, 16, 64};

struct Job {
  double cost = 0;  // about: the dear ones come first, so that no thread is left with one at the end
  std::function<void(Outcome&)> run;
};

// Calls visit(root, variant): all pairs in small worlds, else all roots with variants by turns.
template <typename Visit>
void for_roots_and_variants(plan::Collective collective, std::int32_t ranks, const Visit& visit) {
  const int variants = variants_of(collective);
  for (std::int32_t root = 0; root < (has_root(collective) ? ranks : 1); ++root) {
    const bool all = ranks <= kAllVariants || root == 0 || root == ranks / 2 || root == ranks - 1;
    for (int number = 0; number < variants; ++number) {
      if (all || number == root % variants) visit(root, variant(number));
    }
  }
}

void prove_method(const plan::Method& method, std::int32_t ranks, Outcome& outcome) {
  const Shape shape = make_shape(std::to_string(ranks));
  plan::Plan plan = flat_plan(method, ranks);
  for_roots_and_variants(method.collective, ranks, [&](std::int32_t root, const Variant& variant) {
    plan.root = Rank{root};
    prove(plan, shape, variant, outcome);
  });
  plan.root = Rank{ranks / 3 < ranks ? ranks / 3 : 0};
  if (!has_root(method.collective)) plan.root = Rank{0};
  const int variants = variants_of(method.collective);
  int turn = ranks;
  if (method.segmented) {
    for (std::uint32_t segments = 2; segments <= (ranks <= kManySegments ? 8U : 3U); ++segments) {
      plan.segments = segments;
      for (int number = 0; number < variants; ++number) {
        if (ranks <= kAllVariants || number == turn % variants) prove(plan, shape, variant(number), outcome);
      }
      ++turn;
    }
  }
  plan.segments = 1;
  for (const std::uint8_t radix : kRadices) {
    if (!method.has_radix) break;
    plan.list[0].list[0].radix = radix;
    for (int number = 0; number < variants; ++number) {
      if (ranks <= kAllVariants || number == turn % variants) prove(plan, shape, variant(number), outcome);
    }
    ++turn;
  }
}

void prove_way(plan::Collective collective, const std::string& way, const Shape& shape, std::size_t number,
               Outcome& outcome) {
  auto plan = plan::parse_way(way, collective, shape.levels);
  if (!plan) return;
  const bool small = shape.levels->ranks() <= kAllVariantsOfWays;
  const int variants = variants_of(collective);
  const auto turn = static_cast<std::int32_t>(number);
  for (std::int32_t root = 0; root < (has_root(collective) ? shape.levels->ranks() : 1); ++root) {
    plan->root = Rank{root};
    for (int i = 0; i < variants; ++i) {
      if (!small && i != (root + turn) % variants) continue;
      plan->segments = 1 + static_cast<std::uint32_t>((root + turn + i) % 3);
      if (!refusal(*plan).empty()) plan->segments = 1;
      prove(*plan, shape, variant(i), outcome);
    }
  }
}

void prove_choices(plan::Collective collective, const Shape& shape, Outcome& outcome) {
  const auto fabric = topology::assumed_fabric(shape.levels);
  for (const std::uint64_t bytes :
       {std::uint64_t{8}, std::uint64_t{64} << 10, std::uint64_t{8} << 20, std::uint64_t{256} << 20}) {
    plan::Query query{.collective = collective, .count = bytes / 4};
    if (has_blocks(collective))
      query.count = std::max<std::uint64_t>(1, query.count / static_cast<std::uint64_t>(fabric.ranks()));
    query.root = Rank{has_root(collective) ? fabric.ranks() / 2 : 0};
    auto selection = plan::select(query, fabric, {});
    if (!selection) continue;
    selection->plan.segments = std::min(selection->plan.segments, 8U);
    prove(selection->plan, shape, variant(0), outcome);
  }
}

double square(double value) {
  return value * value;
}

}  // namespace

void prove_everything(std::int32_t max_ranks, Outcome& outcome) {
  std::vector<Job> jobs;
  for (const plan::Method& method : plan::methods()) {
    for (std::int32_t ranks = 1; ranks <= max_ranks; ++ranks) {
      jobs.push_back({square(ranks) * (has_root(method.collective) ? ranks : 8),
                      [&method, ranks](Outcome& to) { prove_method(method, ranks, to); }});
    }
  }
  for (const Shape& shape : shapes(max_ranks)) {
    const std::int32_t ranks = shape.levels->ranks();
    for (const plan::Collective collective : plan::kCollectives) {
      const auto list = ranks <= kAllWays ? ways(collective, shape.levels->depth(), shape.levels->regular())
                                          : usual_ways(collective, shape.levels->depth());
      for (std::size_t i = 0; i < list.size(); ++i) {
        jobs.push_back(
            {square(ranks) * (has_root(collective) ? ranks : 1),
             [collective, way = list[i], shape, i](Outcome& to) { prove_way(collective, way, shape, i, to); }});
      }
      jobs.push_back({square(ranks), [collective, shape](Outcome& to) { prove_choices(collective, shape, to); }});
    }
  }
  std::ranges::stable_sort(jobs, std::ranges::greater{}, &Job::cost);
  std::atomic<std::size_t> done{0};
  share_out(jobs.size(), [&](std::size_t i) {
    jobs[i].run(outcome);
    outcome.progress(++done, jobs.size());
  });
}

}  // namespace tutti::prove
