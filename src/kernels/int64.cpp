// The kernels of 64-bit integers, once per instruction set: foreach_target.h includes this file again for each.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int64.cpp"
#include "kernels/targets.hpp"
// foreach_target.h comes first of Highway's headers.
#include <hwy/foreach_target.h>
// The rest is compiled for one instruction set at a time.
#include "kernels/vector/table-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {

const Table& i64_table_for_target() {
  return integer_table<std::int64_t>();
}
const Table& u64_table_for_target() {
  return integer_table<std::uint64_t>();
}

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::kernels {

HWY_EXPORT(i64_table_for_target);
const Table& i64_table() {
  return HWY_DYNAMIC_DISPATCH(i64_table_for_target)();
}
HWY_EXPORT(u64_table_for_target);
const Table& u64_table() {
  return HWY_DYNAMIC_DISPATCH(u64_table_for_target)();
}

}  // namespace tutti::kernels
#endif
