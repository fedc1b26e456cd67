// Strict reading of JSON: every error names its place, and nothing that is not asked for passes.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "plan/exchange/exchange.hpp"

namespace tutti::plan {

/// A value of a document with its JSON pointer. It must not outlive the document.
class JsonValue {
 public:
  JsonValue(const nlohmann::json& json, std::string pointer) : json_(&json), pointer_(std::move(pointer)) {}

  /// Fails unless it is an object that has no field but these.
  Status is_object(std::initializer_list<std::string_view> known) const;
  [[nodiscard]] bool has(const char* name) const { return json_->contains(name); }
  /// A field of an object, or an error that says that it is missing.
  [[nodiscard]] Result<JsonValue> at(const char* name) const;

  [[nodiscard]] Result<std::int64_t> integer(std::int64_t low, std::int64_t high) const;
  [[nodiscard]] Result<double> number(double low, double high) const;
  [[nodiscard]] Result<bool> boolean() const;
  /// At most `longest` bytes.
  [[nodiscard]] Result<std::string> text(std::size_t longest = 256) const;
  /// The items of an array of at most `most`.
  [[nodiscard]] Result<std::vector<JsonValue>> items(std::size_t most) const;

  // Fields that may be missing.
  [[nodiscard]] Result<std::int64_t> integer_or(const char* name, std::int64_t otherwise, std::int64_t low,
                                                std::int64_t high) const;
  [[nodiscard]] Result<bool> boolean_or(const char* name, bool otherwise) const;

  [[nodiscard]] Error wrong(std::string_view what) const;

 private:
  const nlohmann::json* json_;
  std::string pointer_;
};

/// Fails with invalid_argument: no JSON, too long, nested too deeply, a name twice in one object.
Result<nlohmann::json> parse_json(std::string_view text, const ExchangeLimits& limits = {});

/// The document's root, if its `schema` is this one.
Result<JsonValue> document(const nlohmann::json& json, std::string_view schema);

}  // namespace tutti::plan
