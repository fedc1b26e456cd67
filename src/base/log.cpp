#include "base/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace tutti {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"off", "warn", "info", "debug"};

Result<LogLevel> parse_level(std::string_view name) {
  const auto* const at = std::find(kLevelNames.begin(), kLevelNames.end(), name);
  if (at == kLevelNames.end()) {
    return Error{Code::invalid_argument,
                 fmt::format("'{}' is not a log level: expected off, warn, info or debug", name)};
  }
  return static_cast<LogLevel>(at - kLevelNames.begin());
}

}  // namespace

Result<LogLevels> LogLevels::parse(std::string_view text) {
  LogLevels levels;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto part = text.substr(begin, end - begin);
    const auto colon = part.find(':');
    if (colon == std::string_view::npos) {
      levels.everywhere = TUTTI_TRY(parse_level(part));
    } else {
      levels.rooms[std::string(part.substr(0, colon))] = TUTTI_TRY(parse_level(part.substr(colon + 1)));
    }
    begin = end + 1;
  }
  return levels;
}

LogLevel LogLevels::of(std::string_view room) const {
  const auto at = rooms.find(room);
  return at == rooms.end() ? everywhere : at->second;
}

void Log::put(LogLevel level, std::string_view room, const std::string& text) const {
  const auto line =
      fmt::format("tutti {} {} {}: {}\n", who_, kLevelNames.at(static_cast<std::size_t>(level)), room, text);
  if (sink_) {
    sink_(line);
    return;
  }
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace tutti
