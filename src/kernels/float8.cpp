// The kernels of the 8-bit floating-point types, once per instruction set: foreach_target.h includes this file again
// for each.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/float8.cpp"
#include "kernels/targets.hpp"
// foreach_target.h comes first of Highway's headers.
#include <hwy/foreach_target.h>
// The rest is compiled for one instruction set at a time.
#include "kernels/vector/byte_sums-inl.hpp"
#include "kernels/vector/table-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {

template <class F, std::uint16_t kInfinity, std::uint16_t kNan>
const Table& table_of_bytes() {
  return low_precision_table<F, F, Extreme<kInfinity, kNan, true>, Extreme<kInfinity, kNan, false>, add_two<F>,
                             add_many<F>>();
}

const Table& f8e4m3_table_for_target() {
  return table_of_bytes<F8E4M3, 0x7e, 0x7f>();
}
const Table& f8e5m2_table_for_target() {
  return table_of_bytes<F8E5M2, 0x7c, 0x7e>();
}

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::kernels {

HWY_EXPORT(f8e4m3_table_for_target);
const Table& f8e4m3_table() {
  return HWY_DYNAMIC_DISPATCH(f8e4m3_table_for_target)();
}
HWY_EXPORT(f8e5m2_table_for_target);
const Table& f8e5m2_table() {
  return HWY_DYNAMIC_DISPATCH(f8e5m2_table_for_target)();
}

}  // namespace tutti::kernels
#endif
