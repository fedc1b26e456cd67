// Vectors of f16 codes from and to f32: by instruction where there is one, else by integer arithmetic.
#if defined(TUTTI_KERNELS_HALVES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TUTTI_KERNELS_HALVES_INL
#undef TUTTI_KERNELS_HALVES_INL
#else
#define TUTTI_KERNELS_HALVES_INL
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Words = hn::RebindToUnsigned<Floats>;
using Halves = hn::Rebind<std::uint16_t, Floats>;
using Bytes = hn::Rebind<std::uint8_t, Floats>;
using FloatVector = hn::VFromD<Floats>;
using HalfVector = hn::VFromD<Halves>;

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

HWY_INLINE FloatVector from_half(HalfVector code) {
  return hn::PromoteTo(Floats(), hn::BitCast(hn::Rebind<hwy::float16_t, Floats>(), code));
}

/// Rounds to nearest even. NaN keeps its sign and the upper bits of its payload.
HWY_INLINE HalfVector to_half(FloatVector v) {
  return hn::BitCast(Halves(), hn::DemoteTo(hn::Rebind<hwy::float16_t, Floats>(), v));
}

#else  // Highway's emulation truncates, and knows neither infinity nor NaN

HWY_INLINE FloatVector from_half(HalfVector code) {
  const Words w;
  const auto wide = hn::PromoteTo(w, code);
  const auto magnitude = hn::And(wide, hn::Set(w, 0x7fff));
  const auto sign = hn::ShiftLeft<16>(hn::And(wide, hn::Set(w, 0x8000)));
  const auto rebias = hn::Set(w, 112U << 23);
  const auto normal = hn::Add(hn::ShiftLeft<13>(magnitude), rebias);
  const auto special = hn::Add(normal, rebias);  // exponent 31 becomes 255: infinity and NaN
  const auto count = hn::ConvertTo(Floats(), hn::BitCast(hn::RebindToSigned<Floats>(), magnitude));
  const auto denormal = hn::BitCast(w, hn::Mul(count, hn::Set(Floats(), 0x1p-24F)));
  const auto finite = hn::IfThenElse(hn::Lt(magnitude, hn::Set(w, 0x0400)), denormal, normal);
  const auto decoded = hn::IfThenElse(hn::Lt(magnitude, hn::Set(w, 0x7c00)), finite, special);
  return hn::BitCast(Floats(), hn::Or(decoded, sign));
}

/// Rounds to nearest even. NaN becomes 0x7e00.
HWY_INLINE HalfVector to_half(FloatVector v) {
  const Floats d;
  const Words w;
  const auto clamped = hn::Min(hn::Abs(v), hn::Set(d, 65536.0F));  // whose code is infinity's
  const auto bits = hn::BitCast(w, clamped);
  const auto odd = hn::And(hn::ShiftRight<13>(bits), hn::Set(w, 1));
  const auto normal = hn::ShiftRight<13>(hn::Add(hn::Add(bits, odd), hn::Set(w, 0x0fffU - (112U << 23))));
  // The last bit of 0.5 weighs as much as the smallest denormal, so that adding it makes the adder round to one.
  const auto half = hn::Set(d, 0.5F);
  const auto denormal = hn::Sub(hn::BitCast(w, hn::Add(clamped, half)), hn::BitCast(w, half));
  const auto is_denormal = hn::RebindMask(w, hn::Lt(clamped, hn::Set(d, 0x1p-14F)));
  const auto sign = hn::And(hn::ShiftRight<16>(hn::BitCast(w, v)), hn::Set(w, 0x8000));
  const auto code = hn::Or(hn::IfThenElse(is_denormal, denormal, normal), sign);
  const auto is_number = hn::RebindMask(w, hn::Eq(v, v));
  return hn::TruncateTo(Halves(), hn::IfThenElse(is_number, code, hn::Set(w, 0x7e00)));
}

#endif

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
