#include "comm/facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <map>
#include <set>

namespace tutti::comm {
namespace {

constexpr std::size_t kMostText = 1024;
constexpr std::size_t kMostModel = 64;

void put(std::vector<std::byte>& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void put(std::vector<std::byte>& bytes, std::span<const std::byte> blob) {
  put(bytes, blob.size(), 2);
  bytes.insert(bytes.end(), blob.begin(), blob.end());
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), std::min(text.size(), kMostText)));
}

// Reads what `put` wrote; after the first thing that is missing everything is.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint64_t number(int size) {
    std::uint64_t value = 0;
    const auto part = blob(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < part.size(); ++i) value |= std::to_integer<std::uint64_t>(part[i]) << (8 * i);
    return value;
  }
  std::span<const std::byte> blob() { return blob(number(2)); }
  std::string text() {
    const auto part = blob();
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  [[nodiscard]] bool complete() const { return !short_ && bytes_.empty(); }

 private:
  std::span<const std::byte> blob(std::size_t size) {
    if (size > bytes_.size()) {
      short_ = true;
      return {};
    }
    const auto part = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return part;
  }

  std::span<const std::byte> bytes_;
  bool short_ = false;
};

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
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) facts.host = host.data();
  return facts;
}

std::vector<std::byte> encode(const Facts& facts) {
  std::vector<std::byte> bytes;
  put(bytes, facts.cores);
  put(bytes, facts.staging, 8);
  put(bytes, facts.deterministic ? 1 : 0, 1);
  put(bytes, bytes_of(facts.algorithm));
  put(bytes, bytes_of(facts.transports));
  put(bytes, bytes_of(facts.plans));
  put(bytes, bytes_of(facts.fabric));
  put(bytes, bytes_of(facts.host));
  put(bytes, bytes_of(facts.tuning));
  put(bytes, bytes_of(facts.cpu));
  return bytes;
}

Result<Facts> decode_facts(std::span<const std::byte> bytes) {
  Reader reader(bytes);
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
  facts.cpu = reader.text();
  if (!reader.complete()) return Error{Code::transport, "a rank's facts are malformed"};
  return facts;
}

Status check_agreement(std::span<const Facts> of_ranks) {
  for (std::size_t rank = 1; rank < of_ranks.size(); ++rank) {
    const auto differ = [&](const char* setting, const std::string& first, const std::string& other) {
      return Error{Code::invalid_usage,
                   fmt::format("{} is '{}' at rank 0 but '{}' at rank {}: it must be the same at all ranks", setting,
                               first, other, rank)};
    };
    const Facts& first = of_ranks[0];
    const Facts& other = of_ranks[rank];
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

std::int32_t cores_of(std::span<const Facts> of_ranks, const topology::Layout& layout, std::int32_t node) {
  std::vector<std::byte> all;
  for (const auto& run : layout.runs()) {
    for (std::int32_t rank = run.first; run.node == node && rank < run.first + run.count; ++rank) {
      const auto& cores = of_ranks[static_cast<std::size_t>(rank)].cores;
      all.resize(std::max(all.size(), cores.size()));
      for (std::size_t i = 0; i < cores.size(); ++i) all[i] |= cores[i];
    }
  }
  std::int32_t count = 0;
  for (const std::byte byte : all) count += std::popcount(std::to_integer<unsigned>(byte));
  return std::max(1, count);
}

Result<std::vector<std::int32_t>> places_of(std::span<const Facts> of_ranks, const topology::Layout& layout,
                                            const topology::Description& description) {
  std::vector<std::int32_t> places;
  if (description.hosts.empty()) return places;
  std::map<std::string_view, std::int32_t> numbers;
  for (std::size_t node = 0; node < description.hosts.size(); ++node)
    numbers.try_emplace(description.hosts[node], static_cast<std::int32_t>(node));
  places.resize(static_cast<std::size_t>(layout.nodes()), -1);
  for (const auto& run : layout.runs()) {
    auto& place = places[static_cast<std::size_t>(run.node)];
    if (place >= 0) continue;
    const std::string_view host = of_ranks[static_cast<std::size_t>(run.first)].host;
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

std::string cpus_of(std::span<const Facts> of_ranks) {
  std::set<std::string_view> models;
  for (const Facts& one : of_ranks) models.insert(one.cpu);
  return fmt::format("{}", fmt::join(models, " + "));
}

std::int32_t fullest_node(const topology::Layout& layout) {
  std::int32_t fullest = 0;
  for (std::int32_t node = 1; node < layout.nodes(); ++node) {
    if (layout.ranks_on(node) > layout.ranks_on(fullest)) fullest = node;
  }
  return fullest;
}

}  // namespace tutti::comm
