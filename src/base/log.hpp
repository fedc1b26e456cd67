// Lines for people who run jobs: lower case, rank first, `name value` pairs. The data path never logs.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/config.hpp"
#include "base/result.hpp"

namespace tutti {

/// How much each room says.
struct LogLevels {
  LogLevel everywhere = LogLevel::warn;
  std::map<std::string, LogLevel, std::less<>> rooms;

  /// Reads "info" or "warn,bootstrap:debug,shm:info".
  static Result<LogLevels> parse(std::string_view text);
  [[nodiscard]] LogLevel of(std::string_view room) const;
};

/// Writes whole lines to standard error, or to `sink`. Thread-safe: one write a line. Cheap to copy.
class Log {
 public:
  Log() = default;
  Log(LogLevels levels, std::string who, std::function<void(const std::string&)> sink = {})
      : levels_(std::move(levels)), who_(std::move(who)), sink_(std::move(sink)) {}

  template <typename... Args>
  void warn(std::string_view room, fmt::format_string<Args...> text, Args&&... args) const {
    write(LogLevel::warn, room, text, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void info(std::string_view room, fmt::format_string<Args...> text, Args&&... args) const {
    write(LogLevel::info, room, text, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void debug(std::string_view room, fmt::format_string<Args...> text, Args&&... args) const {
    write(LogLevel::debug, room, text, std::forward<Args>(args)...);
  }

  /// The same log under another name, as "rank 3".
  [[nodiscard]] Log named(std::string who) const { return {levels_, std::move(who), sink_}; }

 private:
  template <typename... Args>
  void write(LogLevel level, std::string_view room, fmt::format_string<Args...> text, Args&&... args) const {
    if (levels_.of(room) >= level) put(level, room, fmt::format(text, std::forward<Args>(args)...));
  }
  void put(LogLevel level, std::string_view room, const std::string& text) const;

  LogLevels levels_;
  std::string who_;
  std::function<void(const std::string&)> sink_;
};

}  // namespace tutti
