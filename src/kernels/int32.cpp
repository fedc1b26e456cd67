// The kernels of 32-bit integers, once per instruction set: foreach_target.h includes this file again for each.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int32.cpp"
#include "kernels/targets.hpp"
// foreach_target.h comes first of Highway's headers.
#include <hwy/foreach_target.h>
// The rest is compiled for one instruction set at a time.
#include "kernels/vector/table-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {

const Table& i32_table_for_target() {
  return integer_table<std::int32_t>();
}
const Table& u32_table_for_target() {
  return integer_table<std::uint32_t>();
}

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::kernels {

HWY_EXPORT(i32_table_for_target);
const Table& i32_table() {
  return HWY_DYNAMIC_DISPATCH(i32_table_for_target)();
}
HWY_EXPORT(u32_table_for_target);
const Table& u32_table() {
  return HWY_DYNAMIC_DISPATCH(u32_table_for_target)();
}

}  // namespace tutti::kernels
#endif
