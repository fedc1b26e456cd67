#include "plan/verify/mutate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "plan/lower.hpp"
#include "plan/verify/races.hpp"

namespace tutti::plan {
namespace {

constexpr std::array<std::string_view, kMutations> kNames = {
    "dropped step", "doubled chunk", "lost chunk",         "wrong peer",         "off by one",
    "wrong length", "wrong buffer",  "missing dependency", "unordered messages", "swapped order"};

std::uint64_t below(std::uint64_t bound, std::mt19937_64& random) {
  return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random);
}

struct Place {
  std::size_t rank = 0;
  std::uint32_t step = 0;
};

// A random step for which `fits` holds.
bool pick(const std::vector<Program>& programs, std::mt19937_64& random,
          const std::function<bool(const Program&, std::uint32_t)>& fits, Place& place) {
  std::vector<Place> all;
  for (std::size_t rank = 0; rank < programs.size(); ++rank) {
    for (std::uint32_t i = 0; i < programs[rank].size(); ++i) {
      if (fits(programs[rank], i)) all.push_back({rank, i});
    }
  }
  if (all.empty()) return false;
  place = all[below(all.size(), random)];
  return true;
}

std::vector<Dependency> dependencies_of(const Program& program) {
  std::vector<Dependency> all;
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    for (const Edge edge : program.successors_of(i)) all.push_back({i, edge.step, edge.when_posted != 0});
  }
  return all;
}

void become_nothing(Step& step) {
  const Step old = step;
  step = Step{};
  step.verb = Verb::wait;
  step.dependencies = old.dependencies;
  step.successors = old.successors;
}

bool drop_dependency(Program& program, bool of_messages, std::mt19937_64& random) {
  auto all = dependencies_of(program);
  std::shuffle(all.begin(), all.end(), random);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].when_posted != of_messages) continue;
    if (!of_messages && is_redundant(program, all[i].from, all[i].to)) continue;
    auto rest = all;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    // Messages to one peer may be in order for the sake of their data as well: then nothing is lost.
    if (of_messages)
      std::erase_if(rest, [&](const Dependency& other) { return other.from == all[i].from && other.to == all[i].to; });
    relink(rest, program);
    return true;
  }
  return false;
}

// A later step that moves between the same ranks in the same direction, but not the same chunks.
std::uint32_t twin_of(const Program& program, std::uint32_t number) {
  const Step& step = program.steps[number];
  for (std::uint32_t i = number + 1; i < program.size(); ++i) {
    const Step& other = program.steps[i];
    if (other.verb == step.verb && other.peer == step.peer && step.moves() &&
        (other.src_first != step.src_first || other.dst_first != step.dst_first))
      return i;
  }
  return number;
}

bool is_data(const Step& step) {
  return step.verb != Verb::wait && step.src != Buffer::token && step.dst != Buffer::token;
}

bool apply(Mutation mutation, Program& program, std::uint32_t number, std::mt19937_64& random) {
  Step& step = program.steps[number];
  switch (mutation) {
    case Mutation::dropped_step:
      become_nothing(step);
      return true;
    case Mutation::doubled_chunk:
      step.verb = Verb::recv_reduce;
      step.src = step.dst;
      step.src_first = step.dst_first;
      return true;
    case Mutation::lost_chunk:
      step.verb = Verb::recv;
      step.src = Buffer::none;
      step.src_first = 0;
      return true;
    case Mutation::wrong_peer: {
      std::uint64_t peer = below(program.ranks, random);
      while (to_rank(static_cast<std::int64_t>(peer)) == step.peer) peer = below(program.ranks, random);
      step.peer = to_rank(static_cast<std::int64_t>(peer));
      return true;
    }
    case Mutation::off_by_one: {
      std::uint32_t& first = step.verb == Verb::recv ? step.dst_first : step.src_first;
      first = first > 0 && below(2, random) == 0 ? first - 1 : first + 1;
      return true;
    }
    case Mutation::wrong_length:
      step.chunks = step.chunks > 1 && below(2, random) == 0 ? step.chunks - 1 : step.chunks + 1;
      return true;
    case Mutation::wrong_buffer: {
      Buffer& buffer = step.verb == Verb::recv ? step.dst : step.src;
      buffer = buffer == Buffer::acc ? Buffer::out : Buffer::acc;
      return true;
    }
    case Mutation::missing_dependency:
      return drop_dependency(program, false, random);
    case Mutation::unordered_messages:
      return drop_dependency(program, true, random);
    case Mutation::swapped_order: {
      Step& other = program.steps[twin_of(program, number)];
      std::swap(step.src, other.src);
      std::swap(step.dst, other.dst);
      std::swap(step.src_first, other.src_first);
      std::swap(step.dst_first, other.dst_first);
      std::swap(step.chunks, other.chunks);
      return true;
    }
  }
  return false;
}

bool fits(Mutation mutation, const Program& program, std::uint32_t number) {
  const Step& step = program.steps[number];
  const auto has_edge = [&](bool when_posted) {
    return std::ranges::any_of(program.successors, [&](Edge edge) { return (edge.when_posted != 0) == when_posted; });
  };
  switch (mutation) {
    case Mutation::dropped_step:
      return step.verb != Verb::wait;
    case Mutation::doubled_chunk:
      return step.verb == Verb::recv && is_data(step) && step.dst != Buffer::slots && is_reduction(program.collective);
    case Mutation::lost_chunk:
      return step.verb == Verb::recv_reduce;
    case Mutation::wrong_peer:
      return step.moves() && program.ranks > 2;
    case Mutation::off_by_one:
      return is_data(step) && step.dst != Buffer::slots && program.chunks * program.segments > 1;
    case Mutation::wrong_length:
      return is_data(step) && program.chunks > 1;
    case Mutation::wrong_buffer:
      return is_data(step) && step.verb != Verb::recv_reduce && step.dst != Buffer::slots;
    case Mutation::missing_dependency:
      return has_edge(false);
    case Mutation::unordered_messages:
      return has_edge(true);
    case Mutation::swapped_order:
      return is_data(step) && twin_of(program, number) != number;
  }
  return false;
}

}  // namespace

std::string_view to_string(Mutation mutation) {
  return kNames.at(static_cast<std::size_t>(mutation));
}

std::string mutate(Mutation mutation, std::vector<Program>& programs, std::mt19937_64& random) {
  Place place;
  const auto possible = [&](const Program& program, std::uint32_t step) { return fits(mutation, program, step); };
  if (!pick(programs, random, possible, place)) return {};
  Program& program = programs[place.rank];
  const auto text = fmt::format("rank {} step {} ({}): {}", place.rank, place.step,
                                to_string(program.steps[place.step]), to_string(mutation));
  return apply(mutation, program, place.step, random) ? text : std::string();
}

}  // namespace tutti::plan
