// Max-min fair shares, found step by step, are those that one gets by filling all links at once.
#include "sim/fluid.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace tutti::sim {
namespace {

struct Path {
  FlowId flow = 0;
  std::vector<Crossing> crossings;
};

// Every link, every flow, from the beginning.
std::vector<double> shares_of(const std::vector<double>& capacities, const std::vector<Path>& paths) {
  std::vector<double> rates(paths.size(), -1);
  while (true) {
    double least = std::numeric_limits<double>::infinity();
    std::size_t tightest = capacities.size();
    for (std::size_t link = 0; link < capacities.size(); ++link) {
      double left = capacities[link];
      double times = 0;
      for (std::size_t i = 0; i < paths.size(); ++i) {
        for (const Crossing& crossing : paths[i].crossings) {
          if (crossing.link != link) continue;
          (rates[i] < 0 ? times : left) += rates[i] < 0 ? crossing.times : -crossing.times * rates[i];
        }
      }
      if (times == 0 || left / times >= least) continue;
      least = left / times;
      tightest = link;
    }
    if (tightest == capacities.size()) return rates;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const bool crosses =
          std::ranges::any_of(paths[i].crossings, [&](const Crossing& crossing) { return crossing.link == tightest; });
      if (crosses && rates[i] < 0) rates[i] = least;
    }
  }
}

TEST(Fluid, SharesAreMaxMinFairWhateverBeginsAndEnds) {
  std::mt19937 random(5);
  for (int world = 0; world < 40; ++world) {
    Fluid fluid;
    std::vector<double> capacities;
    for (int link = 0; link < 12; ++link) {
      capacities.push_back(1 + static_cast<double>(random() % 8));
      fluid.add_link(capacities.back());
    }
    std::vector<Path> paths;
    for (int change = 0; change < 60; ++change) {
      const bool ends = !paths.empty() && random() % 5 < 2;
      if (ends) {
        const std::size_t which = random() % paths.size();
        fluid.end(paths[which].flow);
        paths.erase(paths.begin() + static_cast<std::ptrdiff_t>(which));
      } else {
        Path path;
        for (std::uint32_t link = 0; link < 12; ++link) {
          if (random() % 4 == 0) path.crossings.push_back({link, 1 + static_cast<double>(random() % 2)});
        }
        if (path.crossings.empty()) path.crossings.push_back({0, 1});
        path.flow = fluid.begin(path.crossings);
        paths.push_back(path);
      }
      if (random() % 3 == 0) continue;  // several changes at one time
      fluid.share();
      const auto expected = shares_of(capacities, paths);
      for (std::size_t i = 0; i < paths.size(); ++i)
        ASSERT_NEAR(fluid.rate(paths[i].flow), expected[i], 1e-9) << "world " << world << ", change " << change;
    }
  }
}

}  // namespace
}  // namespace tutti::sim
