// A document as a tree of values that know their line, so that every error names its place.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tutti::reading {

/// What a document may hold; more is refused, so that no input costs more than this.
struct Limits {
  std::size_t bytes = std::size_t{16} << 20;
  int depth = 32;
  std::size_t values = std::size_t{1} << 20;
};

enum class Kind : std::uint8_t { null, boolean, number, text, list, object };

/// A value. `name` is its key where it is the field of an object.
struct Value {
  Kind kind = Kind::null;
  int line = 1;
  std::string name;
  double number = 0;            // also of a boolean: 0 or 1
  std::string letters;          // of a text; and of a plain YAML scalar as it was written
  std::vector<Value> children;  // of a list or an object, in the order of the document

  /// "line 7: latency_us: WHAT", with the code invalid_argument.
  [[nodiscard]] Error wrong(std::string_view what) const;

  /// Fails unless this is an object that has no field but these; names the nearest.
  [[nodiscard]] Status is_object(std::initializer_list<std::string_view> known) const;
  /// A field of an object; null if there is none.
  [[nodiscard]] const Value* find(std::string_view field) const;
  /// A field of an object, or an error that says that it is missing.
  [[nodiscard]] Result<const Value*> at(std::string_view field) const;

  [[nodiscard]] Result<double> number_in(double low, double high) const;
  [[nodiscard]] Result<std::int64_t> integer_in(std::int64_t low, std::int64_t high) const;
  [[nodiscard]] Result<bool> truth() const;
  /// A text of 1 to `longest` bytes.
  [[nodiscard]] Result<std::string> text(std::size_t longest = 256) const;
  /// The items of a list of at most `most`.
  [[nodiscard]] Result<const std::vector<Value>*> items(std::size_t most) const;
};

/// Fails with invalid_argument and the line: no JSON, a name twice in one object, beyond a limit.
Result<Value> parse_json(std::string_view text, const Limits& limits = {});

/// The first document of a YAML text. Anchors, aliases and tags are refused: nothing that is read here needs them.
Result<Value> parse_yaml(std::string_view text, const Limits& limits = {});

}  // namespace tutti::reading
