#include "moe/choices.hpp"

#include <fmt/format.h>

#include <cmath>

namespace tutti::moe {
namespace {

BadChoice check_shape(const Choices& choices, const Limits& limits) {
  using Kind = BadChoice::Kind;
  if (choices.row_ptr == nullptr)
    return choices.topk > limits.topk ? BadChoice{Kind::too_many, 0, 0, choices.topk} : BadChoice{};
  for (std::int64_t token = 0; token < choices.tokens; ++token) {
    const std::int64_t count = choices.row_ptr[token + 1] - choices.row_ptr[token];
    if (choices.row_ptr[token] < 0 || count < 0) return {Kind::row_ptr, token, 0, choices.row_ptr[token + 1]};
    if (count > limits.topk) return {Kind::too_many, token, 0, count};
  }
  return {};
}

BadChoice check_weights(const Choices& choices) {
  if (choices.weights == nullptr) return {};
  for (std::int64_t token = 0; token < choices.tokens; ++token) {
    const Span span = span_of(choices, token);
    for (std::int64_t k = 0; k < span.count; ++k) {
      if (std::isnan(choices.weights[span.first + k])) return {BadChoice::Kind::weight, token, k, 0};
    }
  }
  return {};
}

}  // namespace

std::string describe(const BadChoice& bad, std::int64_t choices, std::int64_t most) {
  switch (bad.kind) {
    case BadChoice::Kind::none:
      return "no choice is wrong";
    case BadChoice::Kind::id:
      return fmt::format("token {}, choice {}: {} is not between -1 and {}", bad.token, bad.k, bad.value, choices - 1);
    case BadChoice::Kind::weight:
      return fmt::format("token {}, choice {}: its weight is not a number", bad.token, bad.k);
    case BadChoice::Kind::too_many:
      return fmt::format("token {} has {} choices, and the group was made for at most {}", bad.token, bad.value, most);
    case BadChoice::Kind::row_ptr:
      return fmt::format("token {}: its choices end at {}, before they begin", bad.token, bad.value);
  }
  return "unknown";
}

BadChoice check_form(const Choices& choices, const Limits& limits) {
  const BadChoice bad = check_shape(choices, limits);
  return bad.kind == BadChoice::Kind::none ? check_weights(choices) : bad;
}

}  // namespace tutti::moe
