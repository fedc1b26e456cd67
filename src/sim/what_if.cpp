#include "sim/what_if.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/bytes.hpp"
#include "topology/fabric/levels.hpp"

namespace tutti::sim {
namespace {

constexpr double kMostSlowness = 1e6;

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

}  // namespace

Status add_failure(std::string_view text, WhatIf& what_if) {
  const auto colon = text.find(':');
  const std::string_view what = text.substr(0, colon);
  if (colon == std::string_view::npos)
    return wrong(fmt::format("'{}': nic:R, rail:I, leaf:I, plane:I or node:I", text.substr(0, 64)));
  auto number = parse_integer(text.substr(colon + 1), 0, topology::Levels::kMostRanks - 1);
  if (!number) return std::move(number).error().within(std::string(text.substr(0, 64)));
  const auto value = static_cast<std::int32_t>(*number);
  if (what == "nic") {
    what_if.nics.push_back(to_rank(value));
    return {};
  }
  const std::array<std::pair<std::string_view, std::vector<std::int32_t>*>, 4> kinds = {
      {{"rail", &what_if.rails}, {"leaf", &what_if.leaves}, {"plane", &what_if.planes}, {"node", &what_if.nodes}}};
  for (const auto& [name, list] : kinds) {
    if (what != name) continue;
    list->push_back(value);
    return {};
  }
  return wrong(fmt::format("'{}': nothing of that kind can fail here; known are nic, rail, leaf, plane, node",
                           text.substr(0, 64)));
}

Status add_straggler(std::string_view text, WhatIf& what_if) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return wrong(fmt::format("'{}': RANK:FACTOR, as in 5:1.5", text.substr(0, 64)));
  auto rank = parse_integer(text.substr(0, colon), 0, topology::Levels::kMostRanks - 1);
  if (!rank) return std::move(rank).error().within(std::string(text.substr(0, 64)));
  const std::string factor(text.substr(colon + 1));
  char* end = nullptr;
  const double value = std::strtod(factor.c_str(), &end);
  if (factor.empty() || *end != '\0' || !(value >= 1 && value <= kMostSlowness))
    return wrong(fmt::format("'{}': the factor is a number from 1 to {:g}", text.substr(0, 64), kMostSlowness));
  what_if.stragglers.push_back({to_rank(*rank), value});
  return {};
}

}  // namespace tutti::sim
