// Element types and reduction operators: the vocabulary that plans, kernels and the API share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tutti {

/// The numbers are those of tuttiDataType_t.
enum class DataType : std::uint8_t {
  i8 = 0,
  u8 = 1,
  i32 = 2,
  u32 = 3,
  i64 = 4,
  u64 = 5,
  f16 = 6,
  f32 = 7,
  f64 = 8,
  bf16 = 9,
  f8e4m3 = 10,
  f8e5m2 = 11,
};
inline constexpr std::array kDataTypes = {DataType::i8,  DataType::u8,   DataType::i32,    DataType::u32,
                                          DataType::i64, DataType::u64,  DataType::f16,    DataType::f32,
                                          DataType::f64, DataType::bf16, DataType::f8e4m3, DataType::f8e5m2};

/// The numbers are those of tuttiRedOp_t; `user` stands for every operator that a user made.
enum class ReduceOp : std::uint8_t { sum = 0, prod = 1, max = 2, min = 3, avg = 4, premul_sum = 5, user = 6 };
inline constexpr std::array kReduceOps = {ReduceOp::sum, ReduceOp::prod, ReduceOp::max,
                                          ReduceOp::min, ReduceOp::avg,  ReduceOp::premul_sum};

constexpr std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::i8:
    case DataType::u8:
    case DataType::f8e4m3:
    case DataType::f8e5m2:
      return 1;
    case DataType::f16:
    case DataType::bf16:
      return 2;
    case DataType::i32:
    case DataType::u32:
    case DataType::f32:
      return 4;
    case DataType::i64:
    case DataType::u64:
    case DataType::f64:
      return 8;
  }
  return 0;
}

/// Types whose sums are accumulated in f32 and rounded once.
constexpr bool is_low_precision(DataType type) {
  return type == DataType::f16 || type == DataType::bf16 || type == DataType::f8e4m3 || type == DataType::f8e5m2;
}

constexpr bool is_floating(DataType type) {
  return is_low_precision(type) || type == DataType::f32 || type == DataType::f64;
}

/// The type in which contributions of `type` are accumulated.
constexpr DataType accumulator_of(DataType type) {
  return is_low_precision(type) ? DataType::f32 : type;
}

/// nccl-tests' names: int8, uint8, int32, uint32, int64, uint64, half, float, double, bfloat16, f8e4m3, f8e5m2.
std::string_view to_string(DataType type);
std::optional<DataType> parse_data_type(std::string_view text);

/// nccl-tests' names: sum, prod, max, min, avg, mulsum; user.
std::string_view to_string(ReduceOp op);
std::optional<ReduceOp> parse_reduce_op(std::string_view text);

}  // namespace tutti
