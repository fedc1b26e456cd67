#include "plan/verify/symbolic_memory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace tutti::plan {
namespace {

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

std::string show(const Symbol& symbol) {
  if (symbol.ranks.empty()) return "nothing";
  return fmt::format("chunk {} of ranks {}", symbol.chunk, fmt::join(symbol.ranks, "+"));
}

std::vector<std::int32_t> everybody(std::int32_t ranks) {
  std::vector<std::int32_t> all(static_cast<std::size_t>(ranks));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Result<Symbol> combine(const Symbol& left, const Symbol& right) {
  if (left.ranks.empty() || right.ranks.empty()) return wrong("reduces a chunk that nobody has written");
  if (left.chunk != right.chunk) return wrong(fmt::format("reduces {} with {}", show(left), show(right)));
  Symbol both = left;
  both.ranks.insert(both.ranks.end(), right.ranks.begin(), right.ranks.end());
  return both;
}

}  // namespace

SymbolicMemory::SymbolicMemory(const Plan& plan, Rank self, bool in_place)
    : plan_(plan), self_(self), in_place_(in_place) {
  const Algorithm& algorithm = *plan.algorithm;
  const std::uint32_t chunks = algorithm.cut_by_rank ? static_cast<std::uint32_t>(plan.ranks) : 1;
  const bool from_root = algorithm.collective == Collective::broadcast || algorithm.collective == Collective::scatter;
  const bool whole = is_reduction(algorithm.collective) || algorithm.collective == Collective::all_to_all ||
                     (from_root && self == plan.root);
  const bool block = algorithm.collective == Collective::all_gather || algorithm.collective == Collective::gather;
  for (std::uint32_t segment = 0; segment < plan.segments; ++segment) {
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      const std::uint32_t number = segment * chunks + chunk;
      const bool own = block && chunk == static_cast<std::uint32_t>(index(self));
      if (whole || own) at(Buffer::in, number) = {number, {index(self)}};
    }
  }
  at(Buffer::token, 0) = {0, {index(self)}};
}

SymbolicMemory::Place SymbolicMemory::place(Buffer buffer, std::uint32_t chunk) const {
  return {in_place_ && buffer == Buffer::in ? Buffer::out : buffer, chunk};
}

std::vector<std::pair<Buffer, std::uint32_t>> SymbolicMemory::reads_of(const Step& step, const Program& program) {
  std::vector<std::pair<Buffer, std::uint32_t>> all;
  for (std::uint32_t i = 0; i < step.chunks && step.src != Buffer::none; ++i)
    all.emplace_back(step.src, step.src_first + i);
  for (std::uint32_t i = 0; i < program.slots && step.verb == Verb::reduce; ++i) {
    if (i != program.own_slot) all.emplace_back(Buffer::slots, step.slot + i);
  }
  return all;
}

Status SymbolicMemory::begin(const Step& step, const Program& program) {
  for (const auto& [buffer, chunk] : reads_of(step, program)) {
    Use& use = uses_[place(buffer, chunk)];
    if (use.written) return wrong(fmt::format("reads {}[{}] while it is written", to_string(buffer), chunk));
    ++use.readers;
  }
  for (std::uint32_t i = 0; i < step.chunks && step.dst != Buffer::none; ++i) {
    Use& use = uses_[place(step.dst, step.dst_first + i)];
    const bool own_read =
        step.src != Buffer::none && place(step.src, step.src_first + i) == place(step.dst, step.dst_first + i);
    if (use.written || use.readers > (own_read ? 1 : 0)) {
      return wrong(fmt::format("writes {}[{}] while it is in use", to_string(step.dst), step.dst_first + i));
    }
    use.written = true;
  }
  return {};
}

void SymbolicMemory::end(const Step& step, const Program& program) {
  for (const auto& [buffer, chunk] : reads_of(step, program)) --uses_[place(buffer, chunk)].readers;
  for (std::uint32_t i = 0; i < step.chunks && step.dst != Buffer::none; ++i)
    uses_[place(step.dst, step.dst_first + i)].written = false;
}

Message SymbolicMemory::read(const Step& step) {
  Message message;
  if (step.src == Buffer::token) {  // one token stands for everybody that was heard of
    Symbol heard;
    for (std::uint32_t i = 0; i < step.chunks; ++i) {
      const auto& ranks = at(Buffer::token, i).ranks;
      heard.ranks.insert(heard.ranks.end(), ranks.begin(), ranks.end());
    }
    return {heard};
  }
  for (std::uint32_t i = 0; i < step.chunks; ++i) message.push_back(at(step.src, step.src_first + i));
  return message;
}

Status SymbolicMemory::arrive(const Step& step, const Message& message) {
  if (message.size() != step.chunks)
    return wrong(fmt::format("{} chunks arrive where {} are expected", message.size(), step.chunks));
  for (std::uint32_t i = 0; i < step.chunks; ++i) {
    if (message[i].ranks.empty()) return wrong("a chunk arrives that nobody has written");
    Symbol arrived = message[i];
    if (step.verb == Verb::recv_reduce) {
      const Symbol& local = at(step.src, step.src_first + i);
      arrived =
          (step.flags & kArrivedFirst) != 0 ? TUTTI_TRY(combine(arrived, local)) : TUTTI_TRY(combine(local, arrived));
    }
    at(step.dst, step.dst_first + i) = std::move(arrived);
  }
  return {};
}

Status SymbolicMemory::compute(const Step& step, const Program& program) {
  for (std::uint32_t i = 0; i < step.chunks; ++i) {
    Symbol result = at(step.src, step.src_first + i);
    if (step.verb == Verb::reduce) {
      const Symbol own = result;
      result = program.own_slot == 0 ? own : at(Buffer::slots, step.slot);
      for (std::uint32_t slot = 1; slot < program.slots; ++slot) {
        result = TUTTI_TRY(combine(result, slot == program.own_slot ? own : at(Buffer::slots, step.slot + slot)));
      }
    }
    if (result.ranks.empty())
      return wrong(fmt::format("copies {}[{}], which nobody has written", to_string(step.src), step.src_first + i));
    at(step.dst, step.dst_first + i) = std::move(result);
  }
  return {};
}

Status SymbolicMemory::check_result(const Program& program) const {
  const Algorithm& algorithm = *plan_.algorithm;
  const auto self = static_cast<std::uint32_t>(index(self_));
  if (algorithm.collective == Collective::barrier) {
    std::vector<std::int32_t> heard;
    for (const auto& [where, symbol] : chunks_) heard.insert(heard.end(), symbol.ranks.begin(), symbol.ranks.end());
    std::sort(heard.begin(), heard.end());
    heard.erase(std::unique(heard.begin(), heard.end()), heard.end());
    if (heard != everybody(plan_.ranks))
      return wrong(fmt::format("rank {} leaves having heard of {} only", self, fmt::join(heard, ", ")));
    return {};
  }
  const bool to_root = algorithm.collective == Collective::reduce || algorithm.collective == Collective::gather;
  const bool to_owner =
      algorithm.collective == Collective::reduce_scatter || algorithm.collective == Collective::scatter;
  if (to_root && self_ != plan_.root) return {};
  for (std::uint32_t number = 0; number < program.segments * program.chunks; ++number) {
    const std::uint32_t chunk = number % program.chunks;
    if (to_owner && chunk != self) continue;
    std::vector<std::int32_t> expected = everybody(plan_.ranks);
    if (has_output_blocks(algorithm.collective)) expected = {static_cast<std::int32_t>(chunk)};
    if (has_root(algorithm.collective) && !to_root) expected = {index(plan_.root)};
    const std::uint32_t origin = algorithm.collective == Collective::all_to_all ? number - chunk + self : number;
    const auto found = chunks_.find(place(Buffer::out, number));
    Symbol actual = found == chunks_.end() ? Symbol{} : found->second;
    if (algorithm.commutative) std::sort(actual.ranks.begin(), actual.ranks.end());
    if (actual != Symbol{origin, expected})
      return wrong(fmt::format("rank {} ends with out[{}] = {}", self, number, show(actual)));
  }
  return {};
}

}  // namespace tutti::plan
