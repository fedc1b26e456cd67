#include "tools/topo/job/measure.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "tools/job/prober.hpp"
#include "topology/infer/description.hpp"
#include "topology/infer/pairs.hpp"

namespace tutti::topo {
namespace {

using job::Member;
using job::Place;
using job::Prober;
using topology::Pair;
using topology::Probe;
using Waves = std::vector<std::vector<Pair>>;

constexpr std::size_t kAloneOfEachLevel = 8;
constexpr double kLoadSeconds = 0.05;  // what buffers on the way hold does not count much then

// What rank 0 tells all to do next: measure the pairs of each wave, or send in all of them at once, or stop.
struct Order {
  enum class What : std::int32_t { stop, probe, load };
  What what = What::stop;
  std::uint64_t bytes = 0;  // of a message, for a load
  Waves waves;
};

// What a rank found out.
struct Finding {
  Probe probe;
  double loaded_GBps = 0;
};

template <typename T>
void put(std::vector<std::byte>& bytes, const T& value) {
  const auto part = std::as_bytes(std::span(&value, 1));
  bytes.insert(bytes.end(), part.begin(), part.end());
}

template <typename T>
T take(std::span<const std::byte>& bytes) {
  T value{};
  if (bytes.size() < sizeof value) return value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes = bytes.subspan(sizeof value);
  return value;
}

std::vector<std::byte> encode(const Order& order) {
  std::vector<std::byte> bytes;
  put(bytes, order.what);
  put(bytes, order.bytes);
  put(bytes, static_cast<std::uint64_t>(order.waves.size()));
  for (const auto& wave : order.waves) {
    put(bytes, static_cast<std::uint64_t>(wave.size()));
    for (const Pair& pair : wave) {
      put(bytes, pair.first);
      put(bytes, pair.second);
    }
  }
  return bytes;
}

// From rank 0 of the same program: it is what `encode` made.
Order decode(std::span<const std::byte> bytes) {
  Order order;
  order.what = take<Order::What>(bytes);
  order.bytes = take<std::uint64_t>(bytes);
  order.waves.resize(take<std::uint64_t>(bytes));
  for (auto& wave : order.waves) {
    wave.resize(take<std::uint64_t>(bytes));
    for (Pair& pair : wave) {
      pair.first = take<std::int32_t>(bytes);
      pair.second = take<std::int32_t>(bytes);
    }
  }
  return order;
}

// Every rank's part in what all do.
class Team {
 public:
  explicit Team(Member& member) : member_(member), prober_(member) {}

  /// At rank 0: gives the order, and returns what all found out.
  Result<std::vector<Finding>> command(const Order& order) {
    return obey(decode(TUTTI_TRY(member_.from_root(encode(order)))));
  }

  /// Elsewhere: until rank 0 says stop.
  Status follow() {
    while (true) {
      const Order order = decode(TUTTI_TRY(member_.from_root({})));
      if (order.what == Order::What::stop) return {};
      TUTTI_TRY(obey(order));
    }
  }

 private:
  Result<std::vector<Finding>> obey(const Order& order) {
    std::vector<Finding> own;
    if (order.what == Order::What::stop) return own;
    for (const auto& wave : order.waves) {
      TUTTI_TRY(member_.barrier());
      for (const Pair& pair : wave) {
        if (member_.rank() != pair.first && member_.rank() != pair.second) continue;
        const Finding finding = TUTTI_TRY(find_out(pair, order));
        if (member_.rank() == pair.first) own.push_back(finding);
      }
    }
    const auto bytes = TUTTI_TRY(member_.at_root(std::as_bytes(std::span(own))));
    std::vector<Finding> all(bytes.size() / sizeof(Finding));
    if (!all.empty()) std::memcpy(all.data(), bytes.data(), all.size() * sizeof(Finding));
    return all;
  }

  Result<Finding> find_out(const Pair& pair, const Order& order) {
    Finding finding;
    if (order.what == Order::What::probe) {
      finding.probe = TUTTI_TRY(prober_.probe(pair));
    } else {
      finding.loaded_GBps = TUTTI_TRY(prober_.load(pair, order.bytes));
    }
    return finding;
  }

  Member& member_;
  Prober prober_;
};

Result<std::vector<Probe>> probe(Team& team, Waves waves) {
  std::vector<Probe> probes;
  for (const Finding& one : TUTTI_TRY(team.command({Order::What::probe, 0, std::move(waves)})))
    probes.push_back(one.probe);
  return probes;
}

// Measures until nothing more is to be asked, or the budget is used up.
Result<topology::Inferred> look_around(Team& team, topology::Measurement& known, Measured& measured) {
  std::vector<Pair> pairs = topology::first_pairs(known.ranks, known.node_of);
  const std::size_t budget = std::max(pairs.size(), topology::pair_budget(known.ranks));
  topology::Inferred inferred;
  while (!pairs.empty()) {
    Waves waves = topology::waves_of(pairs, known.node_of);
    measured.pairs += pairs.size();
    measured.waves += waves.size();
    for (const Probe& one : TUTTI_TRY(probe(team, std::move(waves)))) known.probes.push_back(one);
    inferred = TUTTI_TRY(topology::infer_levels(known));
    pairs = topology::more_pairs(inferred, known.probes, budget - measured.pairs);
  }
  const auto ranks = static_cast<std::size_t>(known.ranks);
  if (measured.pairs == budget && budget < ranks * (ranks - 1) / 2)
    inferred.remarks.emplace_back("no more pairs may be measured: groups may be parts of larger ones");
  return inferred;
}

// One pair after the other, so that nothing else is on any wire.
Status look_closely(Team& team, Measured& measured) {
  Waves waves;
  for (const Pair& pair : topology::sample_pairs(measured.inferred, kAloneOfEachLevel)) waves.push_back({pair});
  measured.alone = waves.size();
  settle(measured.inferred, TUTTI_TRY(probe(team, std::move(waves))));
  return {};
}

Status load_levels(Team& team, Measured& measured) {
  auto& levels = measured.inferred.levels;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    auto pairs = topology::load_pairs(measured.inferred, i);
    if (pairs.empty() || levels[i].GBps <= 0) continue;
    const auto bytes = static_cast<std::uint64_t>(std::max(65536.0, levels[i].GBps * 1e9 * kLoadSeconds));
    std::vector<double> each;
    for (const Finding& one : TUTTI_TRY(team.command({Order::What::load, bytes, {std::move(pairs)}})))
      each.push_back(one.loaded_GBps);
    std::ranges::sort(each);
    // One of four gets less: who came first to a link that is shared got more than its part.
    if (!each.empty()) levels[i].loaded_GBps = each[each.size() / 4];
  }
  return {};
}

Result<Measured> lead(Member& member, Team& team, const std::vector<Place>& places, const std::string& source) {
  const auto begin = std::chrono::steady_clock::now();
  Measured measured;
  measured.ranks = member.ranks();
  topology::Measurement known{.ranks = member.ranks(), .node_of = {}, .probes = {}};
  std::vector<std::string> hosts;
  for (const Place& place : places) {
    known.node_of.push_back(place.node);
    const auto node = static_cast<std::size_t>(place.node);
    if (hosts.size() <= node) hosts.resize(node + 1);
    if (hosts[node].empty()) hosts[node] = place.host;
  }
  measured.nodes = static_cast<int>(hosts.size());
  measured.inferred = TUTTI_TRY(look_around(team, known, measured));
  measured.probes = std::move(known.probes);
  TUTTI_TRY(look_closely(team, measured));
  TUTTI_TRY(load_levels(team, measured));
  TUTTI_TRY(team.command({}));
  measured.description = topology::describe(measured.inferred, hosts, source);
  measured.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return measured;
}

}  // namespace

Result<Measured> measure(Member& member, const std::string& source) {
  const auto places = TUTTI_TRY(places_at_root(member));
  Team team(member);
  if (member.rank() == 0) return lead(member, team, places, source);
  TUTTI_TRY(team.follow());
  return Measured{};
}

}  // namespace tutti::topo
