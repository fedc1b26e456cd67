// Copies and additions in memory, by one core and by several at once; and a flag's way between two.
#include "perf/limits/measures.hpp"
#include "perf/limits/memory.hpp"
#include "perf/limits/stores.hpp"
#include "perf/limits/timing.hpp"

namespace tutti::limits {
namespace {

constexpr int kTripSamples = 20;  // a few milliseconds would be one disturbance's

struct Buffers {
  Pages out;
  Pages left;
  Pages right;
};

Result<std::vector<Buffers>> make_buffers(std::size_t cores, std::size_t bytes) {
  std::vector<Buffers> all;
  all.reserve(cores);
  for (std::size_t core = 0; core < cores; ++core) {
    Pages out = TUTTI_TRY(Pages::make(bytes));
    Pages left = TUTTI_TRY(Pages::make(bytes));
    Pages right = TUTTI_TRY(Pages::make(bytes));
    all.push_back({std::move(out), std::move(left), std::move(right)});
  }
  return all;
}

}  // namespace

std::vector<std::size_t> sizes_between(std::size_t least, std::size_t most) {
  std::vector<std::size_t> sizes;
  for (std::size_t bytes = least; bytes <= most; bytes *= 2) sizes.push_back(bytes);
  return sizes;
}

std::vector<int> team_sizes(int cores) {
  std::vector<int> sizes;
  for (int members = 1; members < cores; members *= 2) sizes.push_back(members);
  sizes.push_back(cores);
  return sizes;
}

Result<double> measure_round_trip(const Settings& settings) {
  Flag there;
  Flag back;
  return time_passes({settings.cores[0], settings.cores[1]}, kTripSamples * settings.samples,
                     [&](int member, std::uint64_t number) {
                       Flag& mine = member == 0 ? there : back;
                       const Flag& other = member == 0 ? back : there;
                       if (member == 0) mine.value.store(number, std::memory_order_release);
                       while (other.value.load(std::memory_order_acquire) < number) {
                       }
                       if (member == 1) mine.value.store(number, std::memory_order_release);
                     });
}

Result<std::vector<Bandwidth>> measure_bandwidth(const Settings& settings) {
  std::vector<Bandwidth> rows;
  const auto buffers = TUTTI_TRY(make_buffers(settings.cores.size(), settings.most_bytes));
  for (const int members : team_sizes(static_cast<int>(settings.cores.size()))) {
    const std::vector<int> cores(settings.cores.begin(), settings.cores.begin() + members);
    for (const Stores& stores : {plain_stores(), streaming_stores()}) {
      for (const std::size_t bytes : sizes_between(settings.least_bytes, settings.most_bytes)) {
        const double copy = TUTTI_TRY(time_passes(cores, settings.samples, [&](int member, std::uint64_t) {
          const Buffers& own = buffers[static_cast<std::size_t>(member)];
          stores.copy(own.out.data(), own.left.data(), bytes);
        }));
        const double add = TUTTI_TRY(time_passes(cores, settings.samples, [&](int member, std::uint64_t) {
          const Buffers& own = buffers[static_cast<std::size_t>(member)];
          stores.add(own.out.data(), own.left.data(), own.right.data(), bytes);
        }));
        rows.push_back({"copy", stores.name, members, bytes, copy});
        rows.push_back({"reduce", stores.name, members, bytes, add});
      }
    }
  }
  return rows;
}

}  // namespace tutti::limits
