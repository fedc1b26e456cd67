// Sizes on a command line: "4K", "64M".
#pragma once

#include <CLI/CLI.hpp>

namespace tutti::perf {

/// Turns the text into a plain number of bytes.
CLI::Validator size_text();

}  // namespace tutti::perf
