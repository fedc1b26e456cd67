#include "tools/perf/exit_code.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace tutti::perf {

int complain(const std::string& who, const Error& error) {
  fmt::print(stderr, "tutti perf: {}{}{}\n", who, who.empty() ? "" : ": ", error.text);
  return error.code == Code::invalid_argument ? kUsage : kFailed;
}

}  // namespace tutti::perf
