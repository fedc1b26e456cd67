#include "comm/facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <map>
#include <set>

#include "comm/fields.hpp"

namespace tutti::comm {
namespace {

constexpr std::size_t kMostModel = 64;

// As the kernel names it: x86 by "model name", others by the numbers of who made it and which.
std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  std::string parts;
  for (std::string line; std::getline(file, line) && !line.empty();) {  // of the first processor
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string value = line.substr(colon + 2, kMostModel);
    if (line.starts_with("model name")) return value;
    if (line.starts_with("CPU implementer") || line.starts_with("CPU part"))
      parts += (parts.empty() ? "" : " ") + value;
  }
  return parts.empty() ? "unknown processor" : parts;
}

}  // namespace

Facts own_facts(const Config& config) {
  Facts facts;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
  facts.cores.resize(CPU_SETSIZE / 8);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) facts.cores[cpu / 8] |= static_cast<std::byte>(1U << (cpu % 8));
  }
  while (facts.cores.size() > 1 && facts.cores.back() == std::byte{0}) facts.cores.pop_back();
  facts.staging = config.staging.value;
  facts.deterministic = config.deterministic;
  facts.algorithm = config.algorithm;
  facts.cpu = cpu_model();
  facts.transports = fmt::format("{}", fmt::join(config.transports, ","));
  return facts;
}

std::vector<std::byte> encode(const Facts& facts) {
  std::vector<std::byte> bytes;
  put(bytes, facts.cores);
  put(bytes, facts.staging, 8);
  put(bytes, facts.deterministic ? 1 : 0, 1);
  put(bytes, facts.algorithm);
  put(bytes, facts.transports);
  put(bytes, facts.plans);
  put(bytes, facts.fabric);
  put(bytes, facts.host);
  put(bytes, facts.tuning);
  put(bytes, facts.cached);
  put(bytes, facts.cpu);
  put(bytes, facts.nics, 1);
  return bytes;
}

Result<Facts> decode_facts(std::span<const std::byte> bytes) {
  FieldReader reader(bytes);
  Facts facts;
  const auto cores = reader.blob();
  facts.cores.assign(cores.begin(), cores.end());
  facts.staging = reader.number(8);
  facts.deterministic = reader.number(1) != 0;
  facts.algorithm = reader.text();
  facts.transports = reader.text();
  facts.plans = reader.text();
  facts.fabric = reader.text();
  facts.host = reader.text();
  facts.tuning = reader.text();
  facts.cached = reader.text();
  facts.cpu = reader.text();
  facts.nics = static_cast<std::uint8_t>(reader.number(1));
  if (!reader.complete()) return Error{Code::transport, "a rank's facts are malformed"};
  return facts;
}

Result<AllFacts> AllFacts::decode(bootstrap::Contributions said) {
  AllFacts all;
  for (const auto& blob : said.blobs()) all.kinds_.push_back(TUTTI_TRY(decode_facts(blob.bytes)));
  all.said_ = std::move(said);
  return all;
}

Status check_agreement(const AllFacts& facts) {
  const Facts& first = facts.of(Rank{0});
  std::vector<std::pair<Rank, std::size_t>> kinds;  // by the lowest rank of each
  for (std::size_t kind = 0; kind < facts.kinds().size(); ++kind) kinds.emplace_back(facts.first_of(kind), kind);
  std::sort(kinds.begin(), kinds.end());
  for (const auto& [rank, kind] : kinds) {
    const auto differ = [&, who = rank](const char* setting, const std::string& one, const std::string& another) {
      return Error{Code::invalid_usage,
                   fmt::format("{} is '{}' at rank 0 but '{}' at rank {}: it must be the same at all ranks", setting,
                               one, another, index(who))};
    };
    const Facts& other = facts.kinds()[kind];
    if (first.algorithm != other.algorithm) return differ("TUTTI_ALGO", first.algorithm, other.algorithm);
    if (first.plans != other.plans) return differ("TUTTI_PLAN", first.plans, other.plans);
    if (first.fabric != other.fabric) return differ("TUTTI_FABRIC", first.fabric, other.fabric);
    if (first.tuning != other.tuning) return differ("TUTTI_TUNING", first.tuning, other.tuning);
    if (first.transports != other.transports) return differ("TUTTI_TRANSPORTS", first.transports, other.transports);
    if (first.staging != other.staging)
      return differ("TUTTI_STAGING", to_string(Bytes{first.staging}), to_string(Bytes{other.staging}));
    if (first.deterministic != other.deterministic)
      return differ("TUTTI_DETERMINISTIC", first.deterministic ? "1" : "0", other.deterministic ? "1" : "0");
  }
  return {};
}

topology::CpuSet cpus_in(std::span<const std::byte> cores) {
  topology::CpuSet cpus;
  for (std::size_t cpu = 0; cpu < cores.size() * 8; ++cpu) {
    if ((std::to_integer<unsigned>(cores[cpu / 8]) >> (cpu % 8) & 1U) != 0) cpus.add(static_cast<std::int32_t>(cpu));
  }
  return cpus;
}

namespace {

// Processors that the ranks of one unit of `layout` may use together.
std::int32_t count_cores(const AllFacts& facts, const topology::Layout& layout, std::int32_t unit) {
  std::vector<std::byte> all;
  const auto add = [&](const Facts& one) {
    all.resize(std::max(all.size(), one.cores.size()));
    for (std::size_t i = 0; i < one.cores.size(); ++i) all[i] |= one.cores[i];
  };
  if (facts.kinds().size() == 1) {
    add(facts.kinds().front());
  } else {
    for (const auto& run : layout.runs()) {
      for (std::int32_t i = 0; run.node == unit && i < run.count; ++i) add(facts.of(to_rank(run.first + i)));
    }
  }
  std::int32_t count = 0;
  for (const std::byte byte : all) count += std::popcount(std::to_integer<unsigned>(byte));
  return std::max(1, count);
}

}  // namespace

std::int32_t cores_of(const AllFacts& facts, const topology::Layout& layout, std::int32_t node) {
  return count_cores(facts, layout, node);
}

double neighbours_of(const AllFacts& facts, const topology::Layout& layout, const topology::Layout& machines,
                     std::int32_t node) {
  const auto& runs = layout.runs();
  const auto run = std::ranges::find_if(runs, [&](const auto& each) { return each.node == node; });
  if (run == runs.end()) return 1;
  const std::int32_t machine = machines.node_of(to_rank(run->first));
  const double ranks = machines.ranks_on(machine);
  const double cores = count_cores(facts, machines, machine);
  return std::max(1.0, ranks / cores * cores_of(facts, layout, node) / layout.ranks_on(node));
}

Result<std::vector<std::int32_t>> places_of(const AllFacts& facts, const topology::Layout& layout,
                                            const topology::Description& description) {
  std::vector<std::int32_t> places;
  if (description.hosts.empty()) return places;
  std::map<std::string_view, std::int32_t> numbers;
  for (std::size_t node = 0; node < description.hosts.size(); ++node)
    numbers.try_emplace(description.hosts[node], static_cast<std::int32_t>(node));
  places.resize(static_cast<std::size_t>(layout.nodes()), -1);
  const auto kinds = facts.places();
  for (const auto& run : layout.runs()) {
    auto& place = places[static_cast<std::size_t>(run.node)];
    if (place >= 0) continue;
    const std::string_view host = facts.kinds()[kinds[static_cast<std::size_t>(run.first)]].host;
    auto found = numbers.find(host);
    if (found == numbers.end()) found = numbers.find(host.substr(0, host.find('.')));  // without its domain
    if (found == numbers.end()) {
      return Error{Code::invalid_usage,
                   fmt::format("TUTTI_FABRIC: rank {} runs on {}, which is none of the {} hosts of {}", run.first, host,
                               description.hosts.size(), description.name)};
    }
    place = found->second;
  }
  return places;
}

std::string cpus_of(const AllFacts& facts) {
  std::set<std::string_view> models;
  for (const Facts& one : facts.kinds()) models.insert(one.cpu);
  return fmt::format("{}", fmt::join(models, " + "));
}

std::int32_t fullest_node(const topology::Layout& layout) {
  std::vector<std::int32_t> counts(static_cast<std::size_t>(layout.nodes()), 0);
  for (const auto& run : layout.runs()) counts[static_cast<std::size_t>(run.node)] += run.count;
  return static_cast<std::int32_t>(std::ranges::max_element(counts) - counts.begin());
}

}  // namespace tutti::comm
