#include "tools/perf/moe/speeds.hpp"

#include <algorithm>
#include <chrono>

#include "tools/perf/buffer.hpp"

namespace tutti::perf::moe {
namespace {

// Long messages tell more, where they do not take forever: on an emulated network they would.
constexpr std::size_t kShortest = std::size_t{256} << 10;
constexpr std::size_t kLongest = std::size_t{16} << 20;
constexpr double kSlow_us = 1e6;  // NOLINT: no longer message then
constexpr int kTries = 8;
constexpr int kFewestTries = 2;
constexpr double kLong_us = 2e6;  // NOLINT: for all tries

using Clock = std::chrono::steady_clock;

double since_us(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// Whom a rank sends to and receives from; itself: nobody.
struct Neighbours {
  int to = 0;
  int from = 0;
};

class Wires {
 public:
  Wires(Seat& seat, const std::vector<int>& node_of_rank) : seat_(seat), node_of_rank_(node_of_rank) {
    for (std::size_t rank = 0; rank < node_of_rank.size(); ++rank) {
      const auto node = static_cast<std::size_t>(node_of_rank[rank]);
      members_.resize(std::max(members_.size(), node + 1));
      members_[node].push_back(static_cast<int>(rank));
    }
  }

  [[nodiscard]] Neighbours on_node() const {
    const auto& mates = members_[own_node()];
    const std::size_t own = place_in(mates);
    return {mates[(own + 1) % mates.size()], mates[(own + mates.size() - 1) % mates.size()]};
  }

  // Pairs that both ends agree on, where nodes have different numbers of ranks: the first ones of each.
  [[nodiscard]] Neighbours across() const {
    const std::size_t nodes = members_.size();
    const std::size_t own = place_in(members_[own_node()]);
    const auto& next = members_[(own_node() + 1) % nodes];
    const auto& last = members_[(own_node() + nodes - 1) % nodes];
    return {own < next.size() ? next[own] : seat_.rank(), own < last.size() ? last[own] : seat_.rank()};
  }

  [[nodiscard]] std::size_t most_on_node() const {
    std::size_t most = 0;
    for (const auto& mates : members_) most = std::max(most, mates.size());
    return most;
  }
  [[nodiscard]] std::size_t nodes() const { return members_.size(); }

  // The slowest rank's time for one message each way.
  Result<double> exchange_us(const Neighbours& peers, std::byte* out, std::byte* in, std::size_t bytes) {
    TUTTI_TRY(seat_.barrier());
    const auto begin = Clock::now();
    TUTTI_TRY(checked(tuttiGroupStart(), "group"));
    if (peers.to != seat_.rank())
      TUTTI_TRY(checked(tuttiSend(out, bytes, tuttiUint8, peers.to, seat_.comm(), nullptr), "send", seat_.comm()));
    if (peers.from != seat_.rank())
      TUTTI_TRY(checked(tuttiRecv(in, bytes, tuttiUint8, peers.from, seat_.comm(), nullptr), "recv", seat_.comm()));
    TUTTI_TRY(checked(tuttiGroupEnd(), "messages", seat_.comm()));
    double time = since_us(begin);
    TUTTI_TRY(seat_.reduce({&time, 1}, tuttiMax));
    return time;
  }

  Result<double> least_us(const Neighbours& peers, std::byte* out, std::byte* in, std::size_t bytes) {
    double least = TUTTI_TRY(exchange_us(peers, out, in, bytes));
    double all = least;
    for (int i = 1; i < kTries && (i < kFewestTries || all < kLong_us); ++i) {
      const double time = TUTTI_TRY(exchange_us(peers, out, in, bytes));
      least = std::min(least, time);
      all += time;
    }
    return least;
  }

  // Bytes a microsecond of one rank, by messages as long as the network allows. All ranks see the same times.
  Result<double> speed(const Neighbours& peers, std::byte* out, std::byte* in) {
    std::size_t bytes = kShortest;
    TUTTI_TRY(exchange_us(peers, out, in, bytes));  // opens the path
    while (bytes < kLongest && TUTTI_TRY(exchange_us(peers, out, in, bytes)) < kSlow_us) bytes *= 4;
    return static_cast<double>(bytes) / TUTTI_TRY(least_us(peers, out, in, bytes));
  }

 private:
  [[nodiscard]] std::size_t own_node() const {
    return static_cast<std::size_t>(node_of_rank_[static_cast<std::size_t>(seat_.rank())]);
  }
  [[nodiscard]] std::size_t place_in(const std::vector<int>& mates) const {
    return static_cast<std::size_t>(std::find(mates.begin(), mates.end(), seat_.rank()) - mates.begin());
  }

  Seat& seat_;
  const std::vector<int>& node_of_rank_;
  std::vector<std::vector<int>> members_;
};

}  // namespace

Result<Speeds> measure_speeds(Seat& seat, const std::vector<int>& node_of_rank) {
  Speeds speeds;
  if (seat.ranks() == 1) return speeds;
  Buffer out = TUTTI_TRY(Buffer::make(kLongest));
  Buffer in = TUTTI_TRY(Buffer::make(kLongest));
  Wires wires(seat, node_of_rank);
  const Neighbours mates = wires.on_node();
  const Neighbours others = wires.across();
  constexpr double kGBps = 1e-3;  // NOLINT: of a byte a microsecond
  if (wires.most_on_node() > 1) speeds.node_GBps = kGBps * TUTTI_TRY(wires.speed(mates, out.data(), in.data()));
  if (wires.nodes() > 1)
    speeds.network_GBps =
        kGBps * static_cast<double>(wires.most_on_node()) * TUTTI_TRY(wires.speed(others, out.data(), in.data()));
  speeds.latency_us = TUTTI_TRY(wires.least_us(wires.nodes() > 1 ? others : mates, out.data(), in.data(), 8));
  return speeds;
}

}  // namespace tutti::perf::moe
