// What one rank's program must be by itself, before it is run with the others.
#pragma once

#include "base/result.hpp"
#include "plan/program.hpp"

namespace tutti::plan {

/// Every field makes sense: peers exist, slices lie in their buffers, edges lead forward and are counted right, nothing
/// is written to the user's input or to an output that this rank does not have. What passes cannot make an engine touch
/// memory that is not the call's.
Status check_form(const Program& program);

/// Steps that use one slice, one of them writing, are ordered by dependencies, and so are messages to one peer: for
/// every order of events, not only for one. In time proportional to steps * edges / 64.
Status check_races(const Program& program, bool in_place);

/// Whether the dependency is implied by others: without it, the one step is over before the other begins all the same.
bool is_redundant(const Program& program, std::uint32_t from, std::uint32_t to);

/// Chunks of a segment that are this rank's own block.
std::vector<std::uint32_t> own_chunks(const Program& program);

}  // namespace tutti::plan
