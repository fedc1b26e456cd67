#include "topology/reading/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/config.hpp"

namespace tutti::reading {

Error Value::wrong(std::string_view what) const {
  const std::string shown = name.substr(0, 64);
  return {Code::invalid_argument, fmt::format("line {}: {}{}{}", line, shown, shown.empty() ? "" : ": ", what)};
}

Status Value::is_object(std::initializer_list<std::string_view> known) const {
  if (kind != Kind::object) return wrong("must be an object");
  for (const Value& field : children) {
    if (std::find(known.begin(), known.end(), field.name) != known.end()) continue;
    return field.wrong(
        fmt::format("there is no such field; the nearest is {}", nearest(field.name, {known.begin(), known.size()})));
  }
  return {};
}

const Value* Value::find(std::string_view field) const {
  if (kind != Kind::object) return nullptr;
  const auto found = std::find_if(children.begin(), children.end(), [&](const Value& v) { return v.name == field; });
  return found == children.end() ? nullptr : &*found;
}

Result<const Value*> Value::at(std::string_view field) const {
  if (kind != Kind::object) return wrong("must be an object");
  if (const Value* const found = find(field)) return found;
  return wrong(fmt::format("{} is missing", field));
}

Result<double> Value::number_in(double low, double high) const {
  if (kind != Kind::number) return wrong("must be a number");
  if (!(number >= low && number <= high)) return wrong(fmt::format("{} is not between {} and {}", number, low, high));
  return number;
}

Result<std::int64_t> Value::integer_in(std::int64_t low, std::int64_t high) const {
  if (kind != Kind::number || number != std::floor(number)) return wrong("must be a whole number");
  if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high)))
    return wrong(fmt::format("{} is not between {} and {}", number, low, high));
  return static_cast<std::int64_t>(number);
}

Result<bool> Value::truth() const {
  if (kind != Kind::boolean) return wrong("must be true or false");
  return number != 0;
}

Result<std::string> Value::text(std::size_t longest) const {
  const bool scalar = kind == Kind::text || ((kind == Kind::number || kind == Kind::boolean) && !letters.empty());
  if (!scalar) return wrong("must be a text");
  if (letters.empty()) return wrong("must not be empty");
  if (letters.size() > longest) return wrong(fmt::format("is longer than {} bytes", longest));
  return letters;
}

Result<const std::vector<Value>*> Value::items(std::size_t most) const {
  if (kind != Kind::list) return wrong("must be a list");
  if (children.size() > most)
    return wrong(fmt::format("{} items, where at most {} are possible", children.size(), most));
  return &children;
}

}  // namespace tutti::reading
