#include "comm/call.hpp"

#include <fmt/format.h>

namespace tutti::comm {

std::string describe(const Call& call) {
  if (const auto* const messages = std::get_if<MessageCall>(&call)) {
    if (messages->messages.size() != 1) return fmt::format("group of {} sends and receives", messages->messages.size());
    const auto& only = messages->messages.front();
    return fmt::format("{} rank {} of {} bytes", only.sends ? "send to" : "recv from", index(only.peer), only.bytes);
  }
  const auto& collective = std::get<CollectiveCall>(call);
  if (collective.collective == plan::Collective::barrier) return "barrier";
  auto text =
      fmt::format("{} of {} {}", to_string(collective.collective), collective.count, to_string(collective.type));
  if (is_reduction(collective.collective)) text += fmt::format(", {}", to_string(collective.op.op));
  if (has_root(collective.collective)) text += fmt::format(", root {}", index(collective.root));
  return text;
}

std::uint32_t fingerprint(const CollectiveCall& call, std::uint64_t sequence, std::string_view plan) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  const auto mix = [&](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) hash = (hash ^ ((value >> (8 * i)) & 0xff)) * 0x100000001b3;
  };
  mix(sequence);
  mix(static_cast<std::uint64_t>(call.collective));
  mix(call.count);
  mix(static_cast<std::uint64_t>(call.type));
  mix(is_reduction(call.collective) ? static_cast<std::uint64_t>(call.op.op) : 0);
  mix(has_root(call.collective) ? static_cast<std::uint64_t>(index(call.root)) : 0);
  for (const char c : plan) mix(static_cast<std::uint64_t>(c));
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

}  // namespace tutti::comm
