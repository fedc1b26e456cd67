// What planning costs a rank, but for the exchange: sorting the choices of a batch by destination and writing what it
// tells the others; and, with as many choices coming in as going out, understanding and arranging what others tell.
//
//   cmake --preset release -DTUTTI_PERF=ON && cmake --build --preset release -t moe_benchmark
//   build/release/perf/moe_benchmark
//
// Contract: 100 us for 4,096 tokens with 8 choices each, on one core, for all of it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "moe/arrangement.hpp"
#include "moe/manifest.hpp"
#include "moe/routing.hpp"

namespace {

using namespace tutti;

constexpr std::int64_t kTokens = 4096;
constexpr std::int32_t kTopk = 8;

std::vector<std::int32_t> choices(std::int32_t experts) {
  std::vector<std::int32_t> ids;
  std::uint64_t state = 1;
  for (std::int64_t i = 0; i < kTokens * kTopk; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    ids.push_back(static_cast<std::int32_t>((state >> 33) % static_cast<std::uint64_t>(experts)));
  }
  return ids;
}

struct Batch {
  moe::Site site;
  moe::Placement placement;
  moe::Directory directory;
  std::vector<std::int32_t> ids;
  moe::Choices all;

  Batch(std::int32_t nodes, std::int32_t per_node, std::int32_t experts)
      : site(moe::Site::of(topology::Layout::regular(nodes, per_node), 0)),
        placement(moe::Placement::even(experts, nodes * per_node)),
        directory(placement, site, false),
        ids(choices(experts)) {
    all.ids32 = ids.data();
    all.tokens = kTokens;
    all.topk = kTopk;
  }
};

constexpr moe::Limits kLimits{.tokens = kTokens, .topk = kTopk};

// A rank's part of a plan. What comes in is what goes out: choices are as many, and spread alike.
class Planner {
 public:
  Planner(std::int32_t nodes, std::int32_t per_node) : batch_(nodes, per_node, 256) {
    routes_.resize(static_cast<std::size_t>(nodes));
    for (auto& route : routes_) route.route = moe::Route::hierarchical;
  }

  void sort() { sorter_.sort(batch_.all, batch_.directory, batch_.site, kLimits, out_); }
  void tell() {
    const moe::Telling telling{&batch_.site, &out_, routes_, 512, {}};
    moe::tell(telling, manifests_);
    sources_.resize(static_cast<std::size_t>(batch_.site.ranks));
    moe::understand_self(telling, out_, sources_[0]);
  }
  void hear() {
    for (std::int32_t rank = 1; rank < batch_.site.ranks; ++rank) {
      auto& source = sources_[static_cast<std::size_t>(rank)];
      const auto entries = out_.entries_of_rank(rank);
      source.head.tokens = kTokens;
      source.head.entries = static_cast<std::uint32_t>(entries.size());
      source.memory.entries.assign(entries.begin(), entries.end());
    }
  }
  bool understand() {
    bool well = true;
    for (std::int32_t rank = 1; rank < batch_.site.ranks; ++rank)
      well = moe::understand(sources_[static_cast<std::size_t>(rank)], rank, batch_.site, 512, 256) && well;
    return well;
  }
  void arrange() { moe::arrange(sources_, {}, 256, 512, 0, 8, rows_); }
  [[nodiscard]] std::int64_t rows() const { return rows_.rows; }

 private:
  Batch batch_;
  moe::Sorter sorter_;
  moe::Outgoing out_;
  std::vector<moe::RouteChoice> routes_;
  moe::Manifests manifests_;
  std::vector<moe::Source> sources_;
  moe::Arrangement rows_;
};

enum Part : int { kSort = 1, kTell = 2, kUnderstand = 4, kArrange = 8, kAll = 15 };

void plan(benchmark::State& state, int parts) {
  Planner planner(static_cast<std::int32_t>(state.range(0)), 8);
  planner.sort();
  planner.tell();
  planner.hear();
  if (!planner.understand()) return state.SkipWithError("not understood");
  for (auto _ : state) {
    if ((parts & kSort) != 0) planner.sort();
    if ((parts & kTell) != 0) planner.tell();
    if ((parts & kUnderstand) != 0 && !planner.understand()) state.SkipWithError("not understood");
    if ((parts & kArrange) != 0) planner.arrange();
    benchmark::DoNotOptimize(planner.rows());
  }
}

void of_nodes(benchmark::internal::Benchmark* each) {
  each->Arg(1)->Arg(2)->Arg(4)->Arg(8)->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(plan, sort, kSort)->Apply(of_nodes);
BENCHMARK_CAPTURE(plan, tell, kTell)->Apply(of_nodes);
BENCHMARK_CAPTURE(plan, understand, kUnderstand)->Apply(of_nodes);
BENCHMARK_CAPTURE(plan, arrange, kArrange)->Apply(of_nodes);
BENCHMARK_CAPTURE(plan, all, kAll)->Apply(of_nodes);

}  // namespace

BENCHMARK_MAIN();
