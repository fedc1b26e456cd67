#include "plan/exchange/json_reader.hpp"

#include <fmt/format.h>

#include <set>

namespace tutti::plan {
namespace {

using nlohmann::json;

Error invalid(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

// Stops at what the library would let pass: depth, and names that come twice.
class Guard {
 public:
  explicit Guard(int most_depth) : most_depth_(most_depth) {}

  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    if (depth > most_depth_) problem_ = fmt::format("values are nested more than {} deep", most_depth_);
    if (event == json::parse_event_t::object_start) names_.emplace_back();
    if (event == json::parse_event_t::object_end && !names_.empty()) names_.pop_back();
    if (event == json::parse_event_t::key && !names_.empty()) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names_.back().insert(name).second)
        problem_ = fmt::format("\"{}\" is there twice in one object", name.substr(0, 64));
    }
    return problem_.empty();
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  int most_depth_;
  std::string problem_;
  std::vector<std::set<std::string>> names_;
};

}  // namespace

Error JsonValue::wrong(std::string_view what) const {
  return invalid(fmt::format("{}: {}", pointer_.empty() ? "/" : pointer_, what));
}

Status JsonValue::is_object(std::initializer_list<std::string_view> known) const {
  if (!json_->is_object()) return wrong("must be an object");
  for (const auto& [name, value] : json_->items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string names;
    for (const auto one : known) names += fmt::format("{}{}", names.empty() ? "" : ", ", one);
    return wrong(fmt::format("there is no field \"{}\"; known are {}", name.substr(0, 64), names));
  }
  return {};
}

Result<JsonValue> JsonValue::at(const char* name) const {
  if (!json_->is_object()) return wrong("must be an object");
  const auto found = json_->find(name);
  if (found == json_->end()) return wrong(fmt::format("\"{}\" is missing", name));
  return JsonValue(*found, pointer_ + "/" + name);
}

Result<std::int64_t> JsonValue::integer(std::int64_t low, std::int64_t high) const {
  const bool fits =
      json_->is_number_integer() &&
      !(json_->is_number_unsigned() && json_->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX));
  if (!fits) return wrong(fmt::format("must be an integer from {} to {}", low, high));
  const auto value = json_->get<std::int64_t>();
  if (value < low || value > high) return wrong(fmt::format("{} is not between {} and {}", value, low, high));
  return value;
}

Result<double> JsonValue::number(double low, double high) const {
  if (!json_->is_number()) return wrong("must be a number");
  const auto value = json_->get<double>();
  if (!(value >= low && value <= high)) return wrong(fmt::format("{} is not between {} and {}", value, low, high));
  return value;
}

Result<bool> JsonValue::boolean() const {
  if (!json_->is_boolean()) return wrong("must be true or false");
  return json_->get<bool>();
}

Result<std::string> JsonValue::text(std::size_t longest) const {
  if (!json_->is_string()) return wrong("must be a string");
  auto text = json_->get<std::string>();
  if (text.size() > longest) return wrong(fmt::format("is longer than {} bytes", longest));
  return text;
}

Result<std::vector<JsonValue>> JsonValue::items(std::size_t most) const {
  if (!json_->is_array()) return wrong("must be an array");
  if (json_->size() > most) return wrong(fmt::format("{} items, where at most {} are possible", json_->size(), most));
  std::vector<JsonValue> all;
  all.reserve(json_->size());
  for (std::size_t i = 0; i < json_->size(); ++i) all.emplace_back((*json_)[i], fmt::format("{}/{}", pointer_, i));
  return all;
}

Result<std::int64_t> JsonValue::integer_or(const char* name, std::int64_t otherwise, std::int64_t low,
                                           std::int64_t high) const {
  if (!has(name)) return otherwise;
  return TUTTI_TRY(at(name)).integer(low, high);
}

Result<bool> JsonValue::boolean_or(const char* name, bool otherwise) const {
  if (!has(name)) return otherwise;
  return TUTTI_TRY(at(name)).boolean();
}

Result<json> parse_json(std::string_view text, const ExchangeLimits& limits) {
  if (text.size() > limits.bytes)
    return invalid(fmt::format("the text has {} bytes, where at most {} are possible", text.size(), limits.bytes));
  Guard guard(limits.depth);
  try {
    json parsed = json::parse(text.begin(), text.end(), std::ref(guard));
    if (!guard.problem().empty()) return invalid(guard.problem());
    return parsed;
  } catch (const json::exception& error) {
    if (!guard.problem().empty()) return invalid(guard.problem());
    std::string what = error.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    if (const auto end = what.find("] "); end != std::string::npos) what.erase(0, end + 2);
    if (what.size() > 200) what = what.substr(0, 200) + " ...";
    return invalid("no JSON: " + what);
  }
}

Result<JsonValue> document(const json& parsed, std::string_view schema) {
  JsonValue root(parsed, "");
  const JsonValue field = TUTTI_TRY(root.at("schema"));
  const std::string found = TUTTI_TRY(field.text());
  if (found != schema) return field.wrong(fmt::format("\"{}\" where \"{}\" is expected", found, schema));
  return root;
}

}  // namespace tutti::plan
