// `tutti sim step`: its command line.
#pragma once

#include <CLI/CLI.hpp>

namespace tutti::predict {

void add_training_command(CLI::App& sim, int& exit_code);

}  // namespace tutti::predict
