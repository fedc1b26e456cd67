// `tutti sim`: its command line.
#pragma once

#include <CLI/CLI.hpp>

namespace tutti::predict {

void add_command(CLI::App& app, int& exit_code);

}  // namespace tutti::predict
