// What one rank's program must be by itself, before it is run with the others.
#pragma once

#include "base/result.hpp"
#include "plan/program.hpp"

namespace tutti::plan {

/// Every field makes sense: peers exist, slices lie in their buffers, edges lead forward and are counted right, nothing
/// is written to the user's input or to an output that this rank does not have. What passes cannot make an engine touch
/// memory that is not the call's.
Status check_form(const Program& program);

/// A slice that is copied or reduced has the length of its target, whatever the count of the call.
Status check_lengths(const Program& program);

/// Whether `chunks` chunks from `a` on are as long as those from `b` on, whatever the count of the call.
bool are_alike(const Program& program, std::uint32_t a, std::uint32_t b, std::uint32_t chunks);

/// The chunks of the vector that a step's source, or target, holds or stands for.
std::uint32_t src_place(const Step& step);
std::uint32_t dst_place(const Step& step);

/// Whether the buffer holds partial results: of the accumulator's type, in widened programs.
constexpr bool is_partial(Buffer buffer) {
  return buffer == Buffer::acc || buffer == Buffer::acc2 || buffer == Buffer::slots;
}

/// Steps that use one slice, one of them writing, are ordered by dependencies, and so are messages to one peer: for
/// every order of events, not only for one. In time proportional to steps * edges / 64.
Status check_races(const Program& program, bool in_place);

/// Whether the dependency is implied by others: without it, the one step is over before the other begins all the same.
bool is_redundant(const Program& program, std::uint32_t from, std::uint32_t to);

/// Chunks of a segment that are this rank's own block.
std::vector<std::uint32_t> own_chunks(const Program& program);

}  // namespace tutti::plan
