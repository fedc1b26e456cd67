// The kernels of f32 and f64, once per instruction set: foreach_target.h includes this file again for each.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/float32_64.cpp"
#include "kernels/targets.hpp"
// foreach_target.h comes first of Highway's headers.
#include <hwy/foreach_target.h>
// The rest is compiled for one instruction set at a time.
#include "kernels/vector/table-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {

const Table& f32_table_for_target() {
  return floating_table<Plain<float>>();
}
const Table& f64_table_for_target() {
  return floating_table<Plain<double>>();
}

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::kernels {

HWY_EXPORT(f32_table_for_target);
const Table& f32_table() {
  return HWY_DYNAMIC_DISPATCH(f32_table_for_target)();
}
HWY_EXPORT(f64_table_for_target);
const Table& f64_table() {
  return HWY_DYNAMIC_DISPATCH(f64_table_for_target)();
}

}  // namespace tutti::kernels
#endif
