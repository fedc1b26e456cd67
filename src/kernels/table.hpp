// The kernels of one element type for one instruction set, and where to get them.
#pragma once

#include <array>

#include "kernels/kernels.hpp"

namespace tutti::kernels {

/// Indexed by ReduceOp: sum, prod, max, min.
struct Table {
  std::array<Reduce2, 4> reduce2;
  std::array<ReduceMany, 4> reduce_many;
  Widen widen;
  Narrow narrow;
};

// Each returns the table for the best instruction set of this machine. A file per family, so that they compile in
// parallel.
const Table& i8_table();
const Table& u8_table();
const Table& i32_table();
const Table& u32_table();
const Table& i64_table();
const Table& u64_table();
const Table& f16_table();
const Table& bf16_table();
const Table& f8e4m3_table();
const Table& f8e5m2_table();
const Table& f32_table();
const Table& f64_table();

}  // namespace tutti::kernels
