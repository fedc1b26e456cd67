#include "topology/node/cpu_set.hpp"

#include <fmt/format.h>

#include <bit>

#include "base/bytes.hpp"

namespace tutti::topology {

Result<CpuSet> CpuSet::parse(std::string_view text) {
  CpuSet set;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const auto dash = part.find('-');
    const auto first = TUTTI_TRY(parse_integer(part.substr(0, dash), 0, kMost - 1));
    const auto last =
        dash == std::string_view::npos ? first : TUTTI_TRY(parse_integer(part.substr(dash + 1), first, kMost - 1));
    for (auto cpu = first; cpu <= last; ++cpu) set.add(static_cast<std::int32_t>(cpu));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return set;
}

void CpuSet::add(std::int32_t cpu) {
  if (cpu < 0 || cpu >= kMost) return;
  const auto word = static_cast<std::size_t>(cpu) / 64;
  if (word >= words_.size()) words_.resize(word + 1);
  words_[word] |= std::uint64_t{1} << (cpu % 64);
}

bool CpuSet::has(std::int32_t cpu) const {
  const auto word = static_cast<std::size_t>(cpu) / 64;
  return cpu >= 0 && word < words_.size() && ((words_[word] >> (cpu % 64)) & 1U) != 0;
}

std::int32_t CpuSet::count() const {
  std::int32_t count = 0;
  for (const std::uint64_t word : words_) count += std::popcount(word);
  return count;
}

bool CpuSet::is_inside(const CpuSet& other) const {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if ((words_[i] & ~(i < other.words_.size() ? other.words_[i] : 0)) != 0) return false;
  }
  return true;
}

bool CpuSet::meets(const CpuSet& other) const {
  for (std::size_t i = 0; i < words_.size() && i < other.words_.size(); ++i) {
    if ((words_[i] & other.words_[i]) != 0) return true;
  }
  return false;
}

CpuSet CpuSet::common(const CpuSet& other) const {
  CpuSet both;
  for (std::size_t i = 0; i < words_.size() && i < other.words_.size(); ++i)
    both.words_.push_back(words_[i] & other.words_[i]);
  return both;
}

std::string CpuSet::text() const {
  std::string text;
  const auto end = static_cast<std::int32_t>(words_.size()) * 64;
  for (std::int32_t cpu = 0; cpu < end; ++cpu) {
    if (!has(cpu)) continue;
    const std::int32_t first = cpu;
    while (has(cpu + 1)) ++cpu;
    text += fmt::format("{}{}", text.empty() ? "" : ",", first);
    if (cpu > first) text += fmt::format("-{}", cpu);
  }
  return text;
}

}  // namespace tutti::topology
