// Why two ranks of a running job reach each other as they do: asked of the library, at both of them.
#pragma once

#include <optional>
#include <string>

#include "tools/job/member.hpp"

namespace tutti::topo {

/// All ranks call it, after two ranks that are there were named. What is to be printed: at rank `one` only.
Result<std::optional<std::string>> ask(job::Member& member, int one, int other, bool as_json);

}  // namespace tutti::topo
