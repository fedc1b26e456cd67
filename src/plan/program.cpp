#include "plan/program.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace tutti::plan {
namespace {

constexpr std::array<std::string_view, 6> kVerbs = {"send", "recv", "recv_reduce", "copy", "reduce", "wait"};
constexpr std::array<std::string_view, 7> kBuffers = {"-", "in", "out", "acc", "acc2", "slots", "token"};

std::string slice(Buffer buffer, std::uint32_t first, std::uint32_t chunks, std::uint32_t stride = 1) {
  if (chunks > 1 && stride != 1)
    return fmt::format("{}[{}..{}) by {}", to_string(buffer), first, first + (chunks - 1) * stride + 1, stride);
  return chunks == 1 ? fmt::format("{}[{}]", to_string(buffer), first)
                     : fmt::format("{}[{}..{})", to_string(buffer), first, first + chunks);
}

}  // namespace

std::string_view to_string(Verb verb) {
  return kVerbs.at(static_cast<std::size_t>(verb));
}
std::string_view to_string(Buffer buffer) {
  return kBuffers.at(static_cast<std::size_t>(buffer));
}

std::string to_string(const Step& step) {
  const auto src = slice(step.src, step.src_first, step.chunks, step.src_stride());
  const auto dst = slice(step.dst, step.written_first(), step.chunks, step.dst_stride());
  const int peer = index(step.peer);
  switch (step.verb) {
    case Verb::send:
      return fmt::format("send to {}: {}", peer, src);
    case Verb::recv:
      return fmt::format("recv from {}: {}", peer, dst);
    case Verb::recv_reduce:
      return (step.flags & kArrivedFirst) != 0 ? fmt::format("recv_reduce from {}: {} = it op {}", peer, dst, src)
                                               : fmt::format("recv_reduce from {}: {} = {} op it", peer, dst, src);
    case Verb::copy:
      return fmt::format("copy: {} = {}", dst, src);
    case Verb::reduce:
      return fmt::format("reduce: {} = {} slots from {}, own {} as number {}", dst, step.slot_count(), step.slot, src,
                         step.own_slot());
    case Verb::wait:
      return "wait";
  }
  return {};
}

std::string print(const Program& program) {
  std::vector<std::vector<std::string>> waits(program.size());
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    for (const Edge edge : program.successors_of(i)) {
      waits[edge.step].push_back(fmt::format("{}{}", static_cast<std::uint32_t>(i), edge.when_posted != 0 ? "p" : ""));
    }
  }
  std::string text =
      fmt::format("{} rank {} of {}, {} segments of {} chunks, {} steps\n", to_string(program.collective),
                  index(program.self), program.ranks, program.segments, program.chunks, program.size());
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    const auto after = waits[i].empty() ? std::string() : fmt::format("   after {}", fmt::join(waits[i], " "));
    text += fmt::format("{:5}  {}{}\n", i, to_string(program.steps[i]), after);
  }
  return text;
}

}  // namespace tutti::plan
