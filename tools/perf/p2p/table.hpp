// The table of `tutti perf p2p`: a line a size, and columns for what was measured.
#pragma once

#include <string>

#include "tools/perf/p2p/row.hpp"

namespace tutti::perf::p2p {

std::string format_head(const Options& options, const Site& site);
std::string format_row(const Options& options, const Row& row);
std::string format_tail(std::uint64_t wrong);

}  // namespace tutti::perf::p2p
