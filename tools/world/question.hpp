// A call that somebody asks about, from words to what selection takes.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "plan/select/select.hpp"

namespace tutti::world {

struct CallWords {
  std::string collective;
  std::string bytes;  // of the whole vector: of all blocks together for collectives of blocks
  std::string type = "float";
  std::string op = "sum";
  std::int64_t root = 0;
  bool deterministic = false;
};

/// The call on that many ranks. Sizes that are no whole number of elements (of blocks) are rounded up.
/// Fails with invalid_argument, and says what is known.
Result<plan::Query> make_query(const CallWords& words, std::int32_t ranks);

/// What `--algo` forces: a way, with "/SEGMENTS" behind it if need be. Empty text forces nothing.
Result<plan::ForcedAlgorithms> parse_forced(const std::string& way, plan::Collective collective);

/// "all_reduce, reduce, ...".
std::string names_of_collectives();

}  // namespace tutti::world
