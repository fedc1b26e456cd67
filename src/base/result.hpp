// The one error channel inside the library: a value or an Error that already says what, where and who.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/rank.hpp"

namespace tutti {

/// What the caller must do about a failure. The numbers are those of tuttiResult_t.
enum class Code : std::uint8_t {
  ok = 0,
  transport = 1,         // a network or shared-memory path failed
  system = 2,            // the operating system refused something
  internal = 3,          // a bug in Tutti
  invalid_argument = 4,  // this call's arguments are wrong; nothing was done
  invalid_usage = 5,     // ranks called different things, or an object is used after it failed
  peer_lost = 6,         // a rank died or left; the communicator is unusable
  in_progress = 7,       // not an error: a non-blocking call has not finished
  timeout = 8,           // a deadline passed; the communicator is unusable
  unsupported = 9,       // not possible here; the text says what is missing
  aborted = 10,          // the user, or another rank, aborted the communicator
};

/// The words of a code, as users read them: "invalid argument".
const char* to_string(Code code);

/// A failure. Who first knows the cause writes the text; callers may put context in front of it with `within`.
struct Error {
  Code code = Code::internal;
  std::string text;
  std::optional<Rank> culprit = std::nullopt;  // the rank that caused it, where one is known

  /// The same error with "context: " in front.
  [[nodiscard]] Error within(const std::string& context) const { return {code, context + ": " + text, culprit}; }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  explicit operator bool() const { return state_.index() == 0; }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose

  explicit operator bool() const { return !error_.has_value(); }
  void value() const {}
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace tutti

#define TUTTI_JOIN2(a, b) a##b
#define TUTTI_JOIN(a, b) TUTTI_JOIN2(a, b)
// NOLINTBEGIN(bugprone-macro-parentheses): the name of a variable cannot stand in parentheses where it is declared.
#define TUTTI_TRY_IN(name, expression)         \
  __extension__({                              \
    auto name = (expression);                  \
    if (!name) return std::move(name).error(); \
    std::move(name).value();                   \
  })
// NOLINTEND(bugprone-macro-parentheses)
/// The value of a Result, or a return of its error from the enclosing function. Not inside a braced initialiser: GCC
/// does not destroy the members that it has already made when the function returns from there.
#define TUTTI_TRY(expression) TUTTI_TRY_IN(TUTTI_JOIN(tutti_try_, __COUNTER__), expression)
