#include "tools/run/binding.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <map>

namespace tutti::run {
namespace {

// What all processors of a core have in common: "0,4" or "0-1".
std::string core_of(const std::string& sys, int processor) {
  std::ifstream file(fmt::format("{}/cpu{}/topology/thread_siblings_list", sys, processor));
  std::string text;
  return std::getline(file, text) && !text.empty() ? text : fmt::format("of processor {}", processor);
}

// Cores first, first+1, ... below `end`.
Processors together(const std::vector<Processors>& cores, std::size_t first, std::size_t end) {
  Processors all;
  for (std::size_t core = first; core < end; ++core) all.insert(all.end(), cores[core].begin(), cores[core].end());
  return all;
}

}  // namespace

std::vector<Processors> usable_cores(const std::string& sys) {
  std::vector<Processors> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  std::map<std::string, std::size_t> numbers;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &set)) continue;
    const auto [number, is_new] = numbers.try_emplace(core_of(sys, processor), cores.size());
    if (is_new) cores.emplace_back();
    cores[number->second].push_back(processor);
  }
  return cores;
}

Result<std::vector<Processors>> binding_of(std::string_view how, std::int64_t ranks,
                                           const std::vector<Processors>& cores) {
  const auto many = static_cast<std::int64_t>(cores.size());
  const bool shares = how == "share" || (how.empty() && ranks <= many);
  if (!how.empty() && how != "core" && how != "share" && how != "none")
    return Error{Code::invalid_argument, fmt::format("--bind {}: it is core, share or none", how)};
  if (how == "share" && ranks > many)
    return Error{Code::invalid_argument,
                 fmt::format("--bind share: {} ranks cannot share {} cores; core puts several on one", ranks, many)};
  std::vector<Processors> bound;
  if (many == 0 || (!shares && how != "core")) return bound;
  for (std::int64_t rank = 0; rank < ranks; ++rank) {
    const std::int64_t first = !shares && ranks <= many ? rank : rank * many / ranks;
    const std::int64_t end = shares ? (rank + 1) * many / ranks : first + 1;
    bound.push_back(together(cores, static_cast<std::size_t>(first), static_cast<std::size_t>(end)));
  }
  return bound;
}

}  // namespace tutti::run
