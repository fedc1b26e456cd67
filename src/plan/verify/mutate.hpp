// Programs that are wrong on purpose: a verifier must be able to fail.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "plan/program.hpp"

namespace tutti::plan {

enum class Mutation : std::uint8_t {
  dropped_step,        // a copy, a reduction or both ends of nothing: one step does nothing any more
  doubled_chunk,       // what replaced a value is added to it
  lost_chunk,          // what was added to a value replaces it
  wrong_peer,          // a message goes to, or is awaited from, another rank
  off_by_one,          // a slice begins one chunk too late or too early
  wrong_length,        // a slice is one chunk longer or shorter
  wrong_buffer,        // a value is taken from, or put into, another buffer
  missing_dependency,  // a step no longer waits for one that it needs
  unordered_messages,  // two messages to one peer may overtake each other
  swapped_order        // two messages to one peer change places
};
inline constexpr std::size_t kMutations = 10;
std::string_view to_string(Mutation mutation);

/// Damages one of the programs, and says what was done: "rank 3 step 5 (send to 4: in[2]): wrong peer". Empty if this
/// kind of damage cannot be done to them. Seeded: the same number gives the same damage.
std::string mutate(Mutation mutation, std::vector<Program>& programs, std::mt19937_64& random);

}  // namespace tutti::plan
