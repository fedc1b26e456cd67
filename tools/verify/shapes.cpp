#include "tools/verify/shapes.hpp"

#include <fmt/format.h>

#include "plan/algorithms/catalogue.hpp"

namespace tutti::prove {
namespace {

constexpr const char* kShapes[] = {
    "2x2",   "1+2",       "3x2",     "1+7",           "7+1",           "4x2",       "2x4",       "2x2x2",
    "3+5",   "3+3+2",     "1+2+3+4", "3x3",           "4x3",           "3x4",       "3+5x1+1",   "5x1x2",
    "8x2",   "2x3x2",     "3x2x2",   "2*3+4x2+2x2",   "3+1+2",         "3+5+2x2+1", "2x2x2x2",   "3+5+8*2",
    "2x3x4", "5x7",       "4+5+6x3", "8+8+7",         "8x4",           "4x4x2",     "2x2x2x2x2", "16x2+16x2",
    "6x6",   "8x2x3",     "12+4*8",  "7*5+3x4+2x2",   "8x8",           "4x4x4",     "16*3+15",   "2x2x2x2x2x2",
    "8*7+4", "9x9",       "12x8",    "5x5x4",         "8*8+8*4x8+4x2", "16x8",      "8x4x4",     "16*7+8*2",
    "32x4",  "32*3+31+1", "4x4x4x2", "2x2x2x2x2x2x2", "64x2",          "8x16",      "8x8x4",     "16x4x4",
    "32x8",  "16*15+9"};

// Methods that can be one tier of several.
std::vector<std::string> methods_of(plan::Collective collective) {
  std::vector<std::string> names;
  for (const plan::Method& method : plan::methods()) {
    if (method.collective != collective || method.all_levels) continue;
    names.emplace_back(method.name);
    if (method.has_radix) names.push_back(fmt::format("{}(3)", method.name));
  }
  return names;
}

bool has_levels(plan::Collective collective) {
  return collective != plan::Collective::all_to_all;
}
bool has_stripes(plan::Collective collective) {
  return collective == plan::Collective::all_reduce || collective == plan::Collective::reduce_scatter ||
         collective == plan::Collective::all_gather;
}

// One method a level, taken in turn from the list.
std::string by_turns(const std::vector<std::string>& methods, std::size_t first, std::size_t step, int depth) {
  std::string way;
  for (int level = 0; level < depth; ++level)
    way += (level == 0 ? "" : ">") + methods[(first + step * static_cast<std::size_t>(level)) % methods.size()];
  return way;
}

// Every level with the next one's turn: stripes that begin at different levels.
std::string turned(const std::string& method, int depth) {
  std::string way;
  for (int first = 0; first < depth; ++first) {
    if (first > 0) way += "|";
    way += fmt::format("{}*", first + 1);
    for (int i = 0; i < depth; ++i) way += fmt::format("{}{}@{}", i == 0 ? "" : ">", method, (first + i) % depth);
  }
  return way;
}

}  // namespace

std::vector<Shape> shapes(std::int32_t max_ranks) {
  std::vector<Shape> all;
  for (const char* const text : kShapes) {
    const auto levels = topology::Levels::parse(text);
    if (levels && levels->ranks() <= max_ranks && levels->depth() > 1) all.push_back(make_shape(text));
  }
  return all;
}

std::vector<std::string> ways(plan::Collective collective, int depth, bool reordered) {
  const auto methods = methods_of(collective);
  std::vector<std::string> all;
  if (!has_levels(collective)) return {"rail"};
  if (depth == 2) {
    for (const auto& inner : methods) {
      for (const auto& outer : methods) {
        all.push_back(fmt::format("{}>{}", inner, outer));
        if (reordered) all.push_back(fmt::format("{}@1>{}@0", outer, inner));
      }
    }
  } else {
    for (std::size_t first = 0; first < methods.size(); ++first) {
      for (std::size_t step = 0; step < methods.size(); ++step) all.push_back(by_turns(methods, first, step, depth));
    }
  }
  for (const auto& method : usual_ways(collective, depth)) all.push_back(method);
  if (has_stripes(collective) && reordered) {
    for (const auto& method : methods) all.push_back(turned(method, depth));
  }
  if (collective == plan::Collective::all_reduce && reordered && depth <= 4) all.emplace_back("bucket");
  return all;
}

std::vector<std::string> usual_ways(plan::Collective collective, int depth) {
  if (!has_levels(collective)) return {"rail"};
  std::vector<std::string> all;
  const auto methods = methods_of(collective);
  for (std::size_t first = 0; first < methods.size(); ++first) all.push_back(by_turns(methods, first, 3, depth));
  if (!has_stripes(collective)) return all;
  all.push_back(by_turns({"circulant", "ring"}, 0, 1, depth) + "|" + by_turns({"ring", "circulant"}, 0, 1, depth));
  all.push_back("3*" + by_turns({"circulant"}, 0, 1, depth) + "|" +
                by_turns({"ring_reversed", "circulant"}, 0, 1, depth));
  all.emplace_back("ring|ring_reversed");
  if (collective == plan::Collective::all_reduce) all.emplace_back("double_tree");
  return all;
}

}  // namespace tutti::prove
