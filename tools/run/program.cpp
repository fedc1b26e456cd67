#include "tools/run/program.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace tutti::run {
namespace {

enum class Found : std::uint8_t { no, not_executable, yes };

Found look(const std::string& file) {
  struct stat state {};
  if (::stat(file.c_str(), &state) != 0 || S_ISDIR(state.st_mode)) return Found::no;
  return ::access(file.c_str(), X_OK) == 0 ? Found::yes : Found::not_executable;
}

}  // namespace

bool seats_a_rank(std::string_view entry) {
  static constexpr std::array<std::string_view, 5> kSeat = {
      "TUTTI_RANK=", "TUTTI_WORLD_SIZE=", "TUTTI_UNIQUE_ID_FILE=", "TUTTI_ADDRESS=", "TUTTI_KEY_FILE="};
  return std::any_of(kSeat.begin(), kSeat.end(), [&](std::string_view name) { return entry.starts_with(name); });
}

Result<std::string> find_program(const std::string& command, const std::string& path) {
  Found best = Found::no;
  if (command.find('/') != std::string::npos) {
    best = look(command);
    if (best == Found::yes) return command;
  } else if (!command.empty()) {
    for (std::size_t begin = 0; begin <= path.size();) {
      const auto end = std::min(path.find(':', begin), path.size());
      const std::string folder = path.substr(begin, end - begin);
      const std::string file = (folder.empty() ? "." : folder) + "/" + command;
      const Found found = look(file);
      if (found == Found::yes) return file;
      best = std::max(best, found);
      begin = end + 1;
    }
  }
  const char* why = best == Found::not_executable ? "it is not executable" : "there is no such command";
  return Error{Code::invalid_argument, fmt::format("cannot run '{}': {}", command, why)};
}

std::vector<std::string> environment_of(const Seat& seat, std::span<const char* const> inherited) {
  std::vector<std::string> all;
  for (const std::string_view entry : inherited) {
    const bool other_node = !seat.node_id.empty() && entry.starts_with("TUTTI_NODE_ID=");
    if (!seats_a_rank(entry) && !other_node) all.emplace_back(entry);
  }
  all.push_back(fmt::format("TUTTI_RANK={}", seat.rank));
  all.push_back(fmt::format("TUTTI_WORLD_SIZE={}", seat.world_size));
  if (!seat.unique_id_file.empty()) all.push_back("TUTTI_UNIQUE_ID_FILE=" + seat.unique_id_file);
  if (!seat.node_id.empty()) all.push_back("TUTTI_NODE_ID=" + seat.node_id);
  return all;
}

}  // namespace tutti::run
