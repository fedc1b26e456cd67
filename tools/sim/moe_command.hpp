// `tutti sim moe`: its command line.
#pragma once

#include <CLI/CLI.hpp>

namespace tutti::predict {

void add_moe_command(CLI::App& sim, int& exit_code);

}  // namespace tutti::predict
