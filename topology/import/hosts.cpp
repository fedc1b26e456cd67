#include "topology/import/hosts.hpp"

#include <fmt/format.h>

#include "base/bytes.hpp"

namespace tutti::topology {
namespace {

constexpr std::size_t kMostNames = 1000000;
constexpr std::size_t kLongestName = 255;

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

// "001-004,7": numbers keep their zeros.
Result<std::vector<std::string>> numbers_in(std::string_view text) {
  std::vector<std::string> all;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const auto dash = part.find('-');
    const std::string_view low = part.substr(0, dash);
    const auto first = TUTTI_TRY(parse_integer(low, 0, 999999999));
    const auto last =
        dash == std::string_view::npos ? first : TUTTI_TRY(parse_integer(part.substr(dash + 1), first, 999999999));
    if (static_cast<std::size_t>(last - first) >= kMostNames - all.size()) return wrong("more than a million names");
    for (auto number = first; number <= last; ++number) all.push_back(fmt::format("{:0{}}", number, low.size()));
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

Result<std::vector<std::string>> expand_one(std::string_view pattern) {
  std::vector<std::string> all{std::string()};
  while (!pattern.empty()) {
    const auto open = pattern.find('[');
    std::vector<std::string> tails{std::string(pattern.substr(0, open))};
    pattern.remove_prefix(open == std::string_view::npos ? pattern.size() : open);
    if (!pattern.empty()) {
      const auto close = pattern.find(']');
      if (close == std::string_view::npos) return wrong("a '[' without its ']'");
      const std::string head = tails.front();
      tails.clear();
      for (const std::string& number : TUTTI_TRY(numbers_in(pattern.substr(1, close - 1))))
        tails.push_back(head + number);
      pattern.remove_prefix(close + 1);
    }
    if (all.size() * tails.size() > kMostNames) return wrong("more than a million names");
    std::vector<std::string> longer;
    for (const std::string& head : all) {
      for (const std::string& tail : tails) longer.push_back(head + tail);
    }
    if (longer.front().size() > kLongestName) return wrong(fmt::format("a name of more than {} letters", kLongestName));
    all = std::move(longer);
  }
  return all;
}

}  // namespace

Result<std::vector<std::string>> expand_hosts(std::string_view list) {
  std::vector<std::string> all;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= list.size(); ++at) {
    if (at < list.size() && list[at] == '[') ++depth;
    if (at < list.size() && list[at] == ']') --depth;
    if (depth < 0 || depth > 1) return wrong(fmt::format("'{}': brackets do not match", list.substr(0, 64)));
    if (at < list.size() && (list[at] != ',' || depth > 0)) continue;
    const std::string_view pattern = list.substr(begin, at - begin);
    begin = at + 1;
    if (pattern.empty()) return wrong(fmt::format("'{}': a name is empty", list.substr(0, 64)));
    auto names = expand_one(pattern);
    if (!names) return names.error().within(std::string(pattern.substr(0, 64)));
    if (all.size() + names->size() > kMostNames) return wrong("more than a million names");
    all.insert(all.end(), names->begin(), names->end());
  }
  return all;
}

}  // namespace tutti::topology
