// Puts a tree together from what a parser meets, one event after the other.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <set>
#include <utility>

#include "topology/reading/value.hpp"

namespace tutti::reading {

/// After the first `false` the parser must stop: `error` says why.
class Builder {
 public:
  explicit Builder(const Limits& limits) : limits_(limits) {}

  bool key(std::string name, int line) {
    if (!names_.back().insert(name).second)
      return refuse(line, fmt::format("\"{}\" is there twice in one object", name.substr(0, 64)));
    key_ = std::move(name);
    return true;
  }
  bool scalar(Value value) {
    if (++count_ > limits_.values) return refuse(value.line, fmt::format("more than {} values", limits_.values));
    value.name = std::exchange(key_, {});
    if (open_.empty()) {
      root_ = std::move(value);
    } else {
      open_.back().children.push_back(std::move(value));
    }
    return true;
  }
  bool open(Kind kind, int line) {
    if (static_cast<int>(open_.size()) >= limits_.depth)
      return refuse(line, fmt::format("values are nested more than {} deep", limits_.depth));
    Value value;
    value.kind = kind;
    value.line = line;
    value.name = std::exchange(key_, {});
    open_.push_back(std::move(value));
    names_.emplace_back();
    return true;
  }
  bool close() {
    Value value = std::move(open_.back());
    open_.pop_back();
    names_.pop_back();
    key_ = value.name;
    return scalar(std::move(value));
  }
  bool refuse(int line, const std::string& what) {
    if (!error_) error_ = Error{Code::invalid_argument, fmt::format("line {}: {}", line, what)};
    return false;
  }

  [[nodiscard]] int depth() const { return static_cast<int>(open_.size()); }
  [[nodiscard]] bool in_object() const { return !open_.empty() && open_.back().kind == Kind::object; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  Value take() { return std::move(root_); }

 private:
  Limits limits_;
  std::vector<Value> open_;
  std::vector<std::set<std::string>> names_;
  std::string key_;
  std::size_t count_ = 0;
  Value root_;
  std::optional<Error> error_;
};

}  // namespace tutti::reading
