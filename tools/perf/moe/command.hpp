// `tutti perf moe`: the command line.
#pragma once

#include <CLI/CLI.hpp>

namespace tutti::perf::moe {

/// Adds `moe` to the `perf` command. When it was given, parsing leaves the exit code in `exit_code`.
CLI::App* add_command(CLI::App& perf, int& exit_code);

}  // namespace tutti::perf::moe
