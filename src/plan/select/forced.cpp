#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "plan/select/select.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

constexpr std::int64_t kMostSegments = 256;

Error unknown(std::string_view way) {
  std::string names;
  for (const Method& method : methods()) {
    if (names.find(method.name) == std::string::npos)
      names += fmt::format("{}{}", names.empty() ? "" : ", ", method.name);
  }
  return {Code::invalid_argument, fmt::format("no algorithm '{}': there are {}", way, names)};
}

Result<ForcedAlgorithms::Choice> parse_choice(std::string_view text) {
  const auto slash = text.find('/');
  ForcedAlgorithms::Choice choice{std::string(text.substr(0, slash)), 0};
  if (slash != std::string_view::npos) {
    choice.segments = static_cast<std::uint32_t>(TUTTI_TRY(parse_integer(text.substr(slash + 1), 1, kMostSegments)));
  }
  return choice;
}

}  // namespace

Result<ForcedAlgorithms> ForcedAlgorithms::parse(std::string_view text) {
  ForcedAlgorithms forced;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto colon = part.find(':');
    const Choice choice = TUTTI_TRY(parse_choice(colon == std::string_view::npos ? part : part.substr(colon + 1)));
    if (colon != std::string_view::npos) {
      const auto collective = parse_collective(part.substr(0, colon));
      if (!collective) return Error{Code::invalid_argument, fmt::format("no collective '{}'", part.substr(0, colon))};
      TUTTI_TRY(check_way(choice.way, *collective));
      forced.choices_[*collective] = choice;
      continue;
    }
    bool found = false;
    for (const Collective collective : kCollectives) {
      if (!check_way(choice.way, collective)) continue;
      forced.choices_[collective] = choice;
      found = true;
    }
    if (!found) return unknown(choice.way);
  }
  return forced;
}

const ForcedAlgorithms::Choice* ForcedAlgorithms::of(Collective collective) const {
  const auto at = choices_.find(collective);
  return at == choices_.end() ? nullptr : &at->second;
}

}  // namespace tutti::plan
