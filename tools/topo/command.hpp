// `tutti topo`: the command line.
#pragma once

#include <CLI/CLI.hpp>

namespace tutti::topo {

/// Adds `topo` to `app`. When it was given, parsing leaves the exit code in `exit_code`.
void add_command(CLI::App& app, int& exit_code);

}  // namespace tutti::topo
