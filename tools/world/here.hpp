// Questions about this machine: what a job on it would go by.
#pragma once

#include "tools/world/world.hpp"

namespace tutti::world {

/// Makes words that say nothing but how many ranks a question about a job on this machine: the processors that this
/// process may use, and what `tutti tune` has measured for such jobs, if its file is there and right.
void ask_about_here(ClusterWords& words);

}  // namespace tutti::world
