// How a measurement that could not be made ends.
#pragma once

#include <string>

#include "base/result.hpp"

namespace tutti::perf {

inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

/// Prints the error, behind `who` if that is not empty. The exit code: kUsage for invalid_argument, else kFailed.
int complain(const std::string& who, const Error& error);

}  // namespace tutti::perf
