// The kernels of 8-bit integers, once per instruction set: foreach_target.h includes this file again for each.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int8.cpp"
#include "kernels/targets.hpp"
// foreach_target.h comes first of Highway's headers.
#include <hwy/foreach_target.h>
// The rest is compiled for one instruction set at a time.
#include "kernels/vector/table-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {

const Table& i8_table_for_target() {
  return integer_table<std::int8_t>();
}
const Table& u8_table_for_target() {
  return integer_table<std::uint8_t>();
}

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::kernels {

HWY_EXPORT(i8_table_for_target);
const Table& i8_table() {
  return HWY_DYNAMIC_DISPATCH(i8_table_for_target)();
}
HWY_EXPORT(u8_table_for_target);
const Table& u8_table() {
  return HWY_DYNAMIC_DISPATCH(u8_table_for_target)();
}

}  // namespace tutti::kernels
#endif
