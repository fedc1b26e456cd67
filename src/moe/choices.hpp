// What a user says about where tokens go. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace tutti::moe {

/// A batch of choices: dense, `topk` for each token with `stride` between tokens, or rows of any length (CSR), where
/// token t has the choices row_ptr[t] to row_ptr[t + 1]. A choice of -1 is none. `weights` has the form of the choices.
struct Choices {
  const std::int32_t* ids32 = nullptr;  // one of the two
  const std::int64_t* ids64 = nullptr;
  std::int64_t tokens = 0;
  std::int32_t topk = 0;
  std::int64_t stride = 0;                // 0: topk
  const std::int64_t* row_ptr = nullptr;  // null: dense
  const std::uint8_t* active = nullptr;   // of each token; null: all are
  const float* weights = nullptr;         // null: 1
};

/// A choice that cannot be followed.
struct BadChoice {
  enum class Kind : std::uint64_t { none, id, weight, too_many, row_ptr };
  Kind kind = Kind::none;
  std::int64_t token = 0;
  std::int64_t k = 0;
  std::int64_t value = 0;
};

/// "token 17, choice 3: 999 is not between -1 and 255".
std::string describe(const BadChoice& bad, std::int64_t choices, std::int64_t most);

/// What a group allows.
struct Limits {
  std::int64_t tokens = 0;
  std::int32_t topk = 0;
};

/// Says what is wrong with the form of the choices, or with their weights.
BadChoice check_form(const Choices& choices, const Limits& limits);

// Where a token's choices are.
struct Span {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

inline Span span_of(const Choices& choices, std::int64_t token) {
  if (choices.active != nullptr && choices.active[token] == 0) return {};
  if (choices.row_ptr != nullptr) return {choices.row_ptr[token], choices.row_ptr[token + 1] - choices.row_ptr[token]};
  return {token * (choices.stride == 0 ? choices.topk : choices.stride), choices.topk};
}

// Whether choices lie one after the other, `topk` a token and each token in use.
inline bool is_packed(const Choices& choices) {
  return choices.row_ptr == nullptr && choices.active == nullptr &&
         (choices.stride == 0 || choices.stride == choices.topk);
}

// And can be cut in two.
inline bool is_in_halves(const Choices& choices) {
  return is_packed(choices) && choices.tokens % 2 == 0;
}

inline std::int64_t choices_in(const Choices& choices) {
  if (choices.row_ptr == nullptr) return choices.tokens * choices.topk;
  return choices.tokens > 0 ? choices.row_ptr[choices.tokens] - choices.row_ptr[0] : 0;
}

// Calls `body(token, k, at)` for each choice.
template <typename Body>
void for_choices(const Choices& choices, Body&& body) {
  const auto tokens = static_cast<std::uint32_t>(choices.tokens);
  for (std::uint32_t token = 0; token < tokens; ++token) {
    const Span span = span_of(choices, token);
    for (std::int64_t k = 0; k < span.count; ++k) body(token, static_cast<std::uint32_t>(k), span.first + k);
  }
}

// The least choice that there is, -1, and all others as numbers from 0.
template <typename Id>
std::make_unsigned_t<Id> from_none(Id id) {
  return static_cast<std::make_unsigned_t<Id>>(id) + 1;
}

}  // namespace tutti::moe
