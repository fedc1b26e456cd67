#include "tools/world/question.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/bytes.hpp"

namespace tutti::world {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

template <typename Value, typename All, typename Parse>
Result<Value> parse_name(std::string_view what, const std::string& text, const All& all, const Parse& parse) {
  if (const auto value = parse(text)) return *value;
  std::vector<std::string_view> names;
  for (const Value known : all) names.push_back(to_string(known));
  return wrong(fmt::format("there is no {} '{}'; known are {}", what, text, fmt::join(names, ", ")));
}

}  // namespace

std::string names_of_collectives() {
  std::vector<std::string_view> names;
  for (const plan::Collective collective : plan::kCollectives) names.push_back(to_string(collective));
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<plan::Query> make_query(const CallWords& words, std::int32_t ranks) {
  plan::Query query;
  query.collective = TUTTI_TRY(
      parse_name<plan::Collective>("collective", words.collective, plan::kCollectives, plan::parse_collective));
  query.type = TUTTI_TRY(parse_name<DataType>("type", words.type, kDataTypes, parse_data_type));
  query.op = TUTTI_TRY(parse_name<ReduceOp>("operator", words.op, kReduceOps, parse_reduce_op));
  query.deterministic = words.deterministic;
  if (words.root < 0 || words.root >= ranks)
    return wrong(fmt::format("--root {} is no rank: there are 0 to {}", words.root, ranks - 1));
  query.root = plan::has_root(query.collective) ? to_rank(words.root) : Rank{0};
  if (query.collective == plan::Collective::barrier) return query;
  if (words.bytes.empty()) return wrong("--bytes is missing");
  auto bytes = parse_bytes(words.bytes);
  if (!bytes) return std::move(bytes).error().within("--bytes");
  if (bytes->value == 0 || bytes->value > kMostBytes)
    return wrong(fmt::format("--bytes {}: 1 to 2^60 make sense", words.bytes));
  const std::uint64_t unit =
      size_of(query.type) * (plan::has_blocks(query.collective) ? static_cast<std::uint64_t>(ranks) : 1);
  query.count = (bytes->value + unit - 1) / unit;
  return query;
}

Result<plan::ForcedAlgorithms> parse_forced(const std::string& way, plan::Collective collective) {
  if (way.empty()) return plan::ForcedAlgorithms{};
  if (way.find_first_of(";:") != std::string::npos)
    return wrong(fmt::format("--algo '{}': one way, as in circulant>ring/8", way));
  auto forced = plan::ForcedAlgorithms::parse(fmt::format("{}:{}", to_string(collective), way));
  if (!forced) return std::move(forced).error().within("--algo");
  return forced;
}

}  // namespace tutti::world
