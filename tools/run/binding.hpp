// Which processors each rank stays on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tutti::run {

/// Processors, by the system's numbers.
using Processors = std::vector<int>;

/// The cores that this process may use, each with those of its processors that it may use. `sys` is where the kernel
/// tells which processors are one core; where it does not, each is a core of its own.
std::vector<Processors> usable_cores(const std::string& sys = "/sys/devices/system/cpu");

/// What each rank stays on; nothing at all where ranks go where the scheduler puts them. `how` is
///   "core"   one core each, in order; neighbours share one where there are more ranks than cores
///   "share"  so many cores in a row as come to each rank
///   "none"
///   ""       "share" if there is a core for each rank, else "none"
/// Fails with invalid_argument on another word, and on "share" where there are more ranks than cores.
Result<std::vector<Processors>> binding_of(std::string_view how, std::int64_t ranks,
                                           const std::vector<Processors>& cores);

}  // namespace tutti::run
