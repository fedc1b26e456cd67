#include "plan/verify/heard.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::plan {

void Heard::add(const Heard& other) {
  runs_.insert(runs_.end(), other.runs_.begin(), other.runs_.end());
  std::sort(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) { return a.first < b.first; });
  std::vector<Run> joined;
  for (const Run& run : runs_) {
    if (!joined.empty() && run.first <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, run.end);
    } else {
      joined.push_back(run);
    }
  }
  runs_ = std::move(joined);
}

std::string Heard::describe() const {
  std::string text;
  for (const Run& run : runs_) {
    if (text.size() > 100) return text + ", ...";
    text += fmt::format("{}{}", text.empty() ? "" : ", ", run.first);
    if (run.end > run.first + 1) text += fmt::format("-{}", run.end - 1);
  }
  return text.empty() ? "nobody" : text;
}

}  // namespace tutti::plan
