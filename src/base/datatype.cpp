#include "base/datatype.hpp"

namespace tutti {
namespace {

constexpr std::array<std::string_view, 12> kTypeNames = {"int8", "uint8", "int32",  "uint32",   "int64",  "uint64",
                                                         "half", "float", "double", "bfloat16", "f8e4m3", "f8e5m2"};
constexpr std::array<std::string_view, 7> kOpNames = {"sum", "prod", "max", "min", "avg", "mulsum", "user"};

}  // namespace

std::string_view to_string(DataType type) {
  return kTypeNames.at(static_cast<std::size_t>(type));
}

std::optional<DataType> parse_data_type(std::string_view text) {
  for (const DataType type : kDataTypes) {
    if (to_string(type) == text) return type;
  }
  return std::nullopt;
}

std::string_view to_string(ReduceOp op) {
  return kOpNames.at(static_cast<std::size_t>(op));
}

std::optional<ReduceOp> parse_reduce_op(std::string_view text) {
  for (const ReduceOp op : kReduceOps) {
    if (to_string(op) == text) return op;
  }
  return std::nullopt;
}

}  // namespace tutti
