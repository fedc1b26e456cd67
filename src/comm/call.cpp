#include "comm/call.hpp"

#include <fmt/format.h>

#include <array>
#include <numeric>
#include <utility>

namespace tutti::comm {
namespace {

std::uint64_t begin_of_block(const engine::Blocks& blocks, std::size_t rank, std::uint64_t even_count) {
  if (blocks.counts.empty()) return rank * even_count;
  if (!blocks.displacements.empty()) return blocks.displacements[rank];
  return std::accumulate(blocks.counts.begin(), blocks.counts.begin() + static_cast<std::ptrdiff_t>(rank),
                         std::uint64_t{0});
}

}  // namespace

void keep_arrays(CollectiveCall& call) {
  if (!call.uneven) return;
  auto kept = std::make_shared<std::vector<std::size_t>>();
  std::array<std::span<const std::size_t>*, 4> arrays = {&call.uneven->in.counts, &call.uneven->in.displacements,
                                                         &call.uneven->out.counts, &call.uneven->out.displacements};
  for (const auto* const array : arrays) kept->insert(kept->end(), array->begin(), array->end());
  std::size_t next = 0;
  for (auto* const array : arrays) {
    *array = std::span(std::as_const(*kept)).subspan(next, array->size());
    next += array->size();
  }
  call.uneven->kept = std::move(kept);
}

bool is_in_place(const CollectiveCall& call, Rank self) {
  const bool in_blocks = has_input_blocks(call.collective);
  const bool out_blocks = has_output_blocks(call.collective);
  const bool misses_one = has_root(call.collective) && self != call.root && in_blocks != out_blocks;
  if (misses_one) return false;
  if (in_blocks == out_blocks) return call.in == call.out;
  const auto own = [&](const engine::Blocks* blocks) {
    return begin_of_block(blocks == nullptr ? engine::Blocks{} : *blocks, static_cast<std::size_t>(index(self)),
                          call.count) *
           size_of(call.type);
  };
  if (in_blocks) return call.out == call.in + own(call.uneven ? &call.uneven->in : nullptr);
  return call.in == call.out + own(call.uneven ? &call.uneven->out : nullptr);
}

std::span<const std::size_t> shared_lengths(const CollectiveCall& call) {
  if (!call.uneven || !call.shares_lengths()) return {};
  return has_input_blocks(call.collective) ? call.uneven->in.counts : call.uneven->out.counts;
}

std::string describe(const Call& call) {
  if (const auto* const messages = std::get_if<MessageCall>(&call)) {
    if (messages->messages.size() != 1) return fmt::format("group of {} sends and receives", messages->messages.size());
    const auto& only = messages->messages.front();
    return fmt::format("{} rank {} of {} bytes", only.sends ? "send to" : "recv from", index(only.peer), only.bytes);
  }
  if (const auto* const activity = std::get_if<ActivityCall>(&call)) return activity->activity->describe();
  const auto& collective = std::get<CollectiveCall>(call);
  if (collective.collective == plan::Collective::barrier) return "barrier";
  auto text = fmt::format("{}{} {} {}", to_string(collective.collective), collective.uneven ? "_v of up to" : " of",
                          collective.count, to_string(collective.type));
  if (is_reduction(collective.collective)) text += fmt::format(", {}", to_string(collective.op.op));
  if (has_root(collective.collective)) text += fmt::format(", root {}", index(collective.root));
  return text;
}

std::uint64_t signature(const CollectiveCall& call, std::string_view plan, Rank self) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  const auto mix = [&](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) hash = (hash ^ ((value >> (8 * i)) & 0xff)) * 0x100000001b3;
  };
  mix(static_cast<std::uint64_t>(call.collective));
  mix(call.shares_lengths() ? call.count : 0);
  mix(call.uneven ? 1 : 0);
  for (const std::size_t length : shared_lengths(call)) mix(length);
  mix(static_cast<std::uint64_t>(call.type));
  mix(is_reduction(call.collective) ? static_cast<std::uint64_t>(call.op.op) : 0);
  mix(has_root(call.collective) ? static_cast<std::uint64_t>(index(call.root)) : 0);
  mix(call.collective == plan::Collective::all_to_all && is_in_place(call, self) ? 1 : 0);  // it decides the tiles
  for (const char c : plan) mix(static_cast<std::uint64_t>(c));
  return hash;
}

}  // namespace tutti::comm
