// What a rank runs: the executable, its arguments and its environment.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tutti::run {

struct Seat {
  int rank = 0;
  int world_size = 1;
  std::string unique_id_file;
  std::string node_id;  // empty: as inherited
};

/// The file that `command` means: itself when it holds a slash, else the first executable of that name in `path`.
/// Fails with invalid_argument, saying whether it is missing or may not be executed.
Result<std::string> find_program(const std::string& command, const std::string& path);

/// Whether "NAME=value" seats a process in a job: a new job's ranks must not inherit it.
bool seats_a_rank(std::string_view entry);

/// `inherited` with the seat's variables, and without those that would contradict them.
std::vector<std::string> environment_of(const Seat& seat, std::span<const char* const> inherited);

}  // namespace tutti::run
