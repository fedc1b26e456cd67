#include "kernels/kernels.hpp"

#include "kernels/table.hpp"
#include "kernels/targets.hpp"
// After targets.hpp, which sets what they compile for.
#include <hwy/highway.h>

namespace tutti::kernels {
namespace {

const Table& table_of(DataType type) {
  switch (type) {
    case DataType::i8:
      return i8_table();
    case DataType::u8:
      return u8_table();
    case DataType::i32:
      return i32_table();
    case DataType::u32:
      return u32_table();
    case DataType::i64:
      return i64_table();
    case DataType::u64:
      return u64_table();
    case DataType::f16:
      return f16_table();
    case DataType::bf16:
      return bf16_table();
    case DataType::f8e4m3:
      return f8e4m3_table();
    case DataType::f8e5m2:
      return f8e5m2_table();
    case DataType::f32:
      return f32_table();
    case DataType::f64:
      return f64_table();
  }
  return f32_table();
}

std::size_t index_of(ReduceOp op) {
  const bool scaled_sum = op == ReduceOp::avg || op == ReduceOp::premul_sum;
  return static_cast<std::size_t>(scaled_sum ? ReduceOp::sum : op);
}

}  // namespace

Reduce2 reduce2(DataType type, ReduceOp op) {
  return op == ReduceOp::user ? nullptr : table_of(type).reduce2.at(index_of(op));
}

ReduceMany reduce_many(DataType type, ReduceOp op) {
  return op == ReduceOp::user ? nullptr : table_of(type).reduce_many.at(index_of(op));
}

Widen widen(DataType type) {
  return table_of(type).widen;
}

Narrow narrow(DataType type) {
  return table_of(type).narrow;
}

const char* instruction_set() {
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable == 0 ? HWY_STATIC_TARGET : usable & -usable);
}

}  // namespace tutti::kernels
