// `tutti tune`: its command line.
#pragma once

#include <CLI/CLI.hpp>

namespace tutti::tune {

void add_command(CLI::App& app, int& exit_code);

}  // namespace tutti::tune
