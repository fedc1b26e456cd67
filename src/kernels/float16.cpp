// The kernels of the 16-bit floating-point types, once per instruction set: foreach_target.h includes this file again
// for each.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/float16.cpp"
#include "kernels/targets.hpp"
// foreach_target.h comes first of Highway's headers.
#include <hwy/foreach_target.h>
// The rest is compiled for one instruction set at a time.
#include "kernels/vector/table-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {

const Table& f16_table_for_target() {
  return low_precision_table<F16, F16, Extreme<0x7c00, 0x7e00, true>, Extreme<0x7c00, 0x7e00, false>>();
}
const Table& bf16_table_for_target() {
  return low_precision_table<BF16, MixedBF16, Extreme<0x7f80, 0x7fc0, true>, Extreme<0x7f80, 0x7fc0, false>>();
}

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::kernels {

HWY_EXPORT(f16_table_for_target);
const Table& f16_table() {
  return HWY_DYNAMIC_DISPATCH(f16_table_for_target)();
}
HWY_EXPORT(bf16_table_for_target);
const Table& bf16_table() {
  return HWY_DYNAMIC_DISPATCH(bf16_table_for_target)();
}

}  // namespace tutti::kernels
#endif
