// A process's variables, as the launchers look them up.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tutti::bootstrap {

/// Does not own the texts.
class Environment {
 public:
  explicit Environment(std::span<const char* const> entries) : entries_(entries) {}

  /// The value of a variable; one that is empty counts as not set.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
    for (const std::string_view entry : entries_) {
      if (entry.size() <= name.size() || entry[name.size()] != '=' || !entry.starts_with(name)) continue;
      const auto value = entry.substr(name.size() + 1);
      if (!value.empty()) return value;
    }
    return std::nullopt;
  }

 private:
  std::span<const char* const> entries_;
};

}  // namespace tutti::bootstrap
