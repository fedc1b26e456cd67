#include "tools/perf/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <functional>
#include <string_view>

#include "base/bytes.hpp"

namespace tutti::perf {
namespace {

// nccl-tests' operators, in its order; `user` has no name on a command line.
constexpr std::array kOps = {ReduceOp::sum, ReduceOp::prod, ReduceOp::max,
                             ReduceOp::min, ReduceOp::avg,  ReduceOp::premul_sum};

template <typename T, typename All, typename Parse>
Result<std::vector<T>> parse_list(std::string_view what, std::string_view text, const All& all, const Parse& parse) {
  if (text == "all") return std::vector<T>(all.begin(), all.end());
  std::vector<T> list;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto value = parse(text.substr(begin, end - begin));
    if (!value) {
      std::vector<std::string_view> names;
      for (const T known : all) names.push_back(to_string(known));
      return Error{Code::invalid_argument, fmt::format("there is no {} '{}'; known are all, {}", what,
                                                       text.substr(begin, end - begin), fmt::join(names, ", "))};
    }
    list.push_back(*value);
    begin = end + 1;
  }
  return list;
}

Result<std::vector<int>> parse_roots(const std::string& text, int ranks) {
  std::vector<int> roots;
  if (text == "all") {
    for (int rank = 0; rank < ranks; ++rank) roots.push_back(rank);
    return roots;
  }
  auto root = parse_integer(text, 0, ranks - 1);
  if (!root) return root.error().within("root");
  roots.push_back(static_cast<int>(*root));
  return roots;
}

}  // namespace

std::vector<std::size_t> sizes_of(const Options& options) {
  if (options.collective.kind == Kind::barrier) return {0};
  std::vector<std::size_t> sizes;
  for (std::size_t size = options.min_bytes; size <= options.max_bytes;) {
    sizes.push_back(size);
    const bool doubles = options.factor > 1 && size > 0;
    if (doubles && size > SIZE_MAX / options.factor) break;
    const std::size_t next = doubles ? size * options.factor : size + options.step_bytes;
    if (next <= size) break;
    size = next;
  }
  return sizes;
}

Result<std::vector<Case>> cases_of(const Options& options, int ranks) {
  auto types = TUTTI_TRY(parse_list<DataType>("type", options.type, kDataTypes, parse_data_type));
  auto ops = TUTTI_TRY(parse_list<ReduceOp>("operator", options.op, kOps, parse_reduce_op));
  auto roots = TUTTI_TRY(parse_roots(options.root, ranks));
  if (options.collective.kind == Kind::barrier) types = {DataType::i8};
  if (!options.collective.reduces) ops = {ReduceOp::sum};
  if (!options.collective.has_root) roots = {0};
  std::vector<Case> cases;
  for (const DataType type : types) {
    for (const ReduceOp op : ops) {
      for (const int root : roots) cases.push_back({type, op, root});
    }
  }
  return cases;
}

}  // namespace tutti::perf
