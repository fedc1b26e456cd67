// How elements are held in memory, and the vectors they are computed in. Compiled once per instruction set.
//
// A format has: Stored, the element in memory; Tag, the vector that it is computed in; load and store of one vector.
#if defined(TUTTI_KERNELS_FORMATS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TUTTI_KERNELS_FORMATS_INL
#undef TUTTI_KERNELS_FORMATS_INL
#else
#define TUTTI_KERNELS_FORMATS_INL
#endif

#include <hwy/highway.h>

#include "kernels/vector/operators-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using FloatVector = hn::VFromD<Floats>;
using Words = hn::RebindToUnsigned<Floats>;
using WordVector = hn::VFromD<Words>;

/// Types that are computed in themselves.
template <class T>
struct Plain {
  using Stored = T;
  using Tag = hn::ScalableTag<T>;
  static HWY_INLINE auto load(const T* from) { return hn::LoadU(Tag(), from); }
  static HWY_INLINE void store(hn::VFromD<Tag> v, T* to) { hn::StoreU(canonical(Tag(), v), Tag(), to); }
};

/// Rounds to the nearest even code of a small floating-point format, in the low bits of each lane.
/// Overflow: F::kClamp is the largest finite value (saturates), or 2^(emax+1), whose code is infinity's.
template <class F>
HWY_INLINE WordVector encode(FloatVector v) {
  const Floats d;
  const Words w;
  constexpr int kDropped = 23 - F::kMantissaBits;
  constexpr std::uint32_t kRebias = static_cast<std::uint32_t>(127 - F::kBias) << 23;
  constexpr std::uint32_t kHalf = (1U << (kDropped - 1)) - 1;
  const auto clamped = hn::Min(hn::Abs(v), hn::Set(d, F::kClamp));
  const auto bits = hn::BitCast(w, clamped);

  const auto odd = hn::And(hn::ShiftRight<kDropped>(bits), hn::Set(w, 1));
  const auto normal = hn::ShiftRight<kDropped>(hn::Add(hn::Add(bits, odd), hn::Set(w, kHalf - kRebias)));
  // Adding the power of two whose last bit weighs as much as the smallest denormal makes the adder round to it.
  constexpr std::uint32_t kMagic = static_cast<std::uint32_t>(127 + 23 + 1 - F::kBias - F::kMantissaBits) << 23;
  const auto magic = hn::Set(w, kMagic);
  const auto denormal = hn::Sub(hn::BitCast(w, hn::Add(clamped, hn::BitCast(d, magic))), magic);

  constexpr std::uint32_t kMinNormal = static_cast<std::uint32_t>(128 - F::kBias) << 23;
  const auto is_denormal = hn::RebindMask(w, hn::Lt(clamped, hn::BitCast(d, hn::Set(w, kMinNormal))));
  const auto magnitude = hn::IfThenElse(is_denormal, denormal, normal);
  constexpr int kSignShift = 32 - 8 * static_cast<int>(sizeof(typename F::Stored));
  const auto sign = hn::And(hn::ShiftRight<kSignShift>(hn::BitCast(w, v)), hn::Set(w, 0x8000'0000U >> kSignShift));
  return hn::IfThenElse(hn::RebindMask(w, hn::Eq(v, v)), hn::Or(magnitude, sign), hn::Set(w, F::kNan));
}

using Halves = hn::Rebind<std::uint16_t, Floats>;
using Bytes = hn::Rebind<std::uint8_t, Floats>;

struct F16 {
  using Stored = std::uint16_t;
  using Tag = Floats;
  static constexpr int kMantissaBits = 10;
  static constexpr int kBias = 15;
  static constexpr float kClamp = 65536.0F;
  static constexpr std::uint32_t kNan = 0x7e00;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  static HWY_INLINE FloatVector decode(hn::VFromD<Halves> code) {
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
  static HWY_INLINE void store(FloatVector v, Stored* to) {
    hn::StoreU(hn::TruncateTo(Halves(), encode<F16>(v)), Halves(), to);
  }
#else
  // The instructions round to nearest even. They keep the upper bits of a NaN's payload, hence canonical().
  static HWY_INLINE FloatVector decode(hn::VFromD<Halves> code) {
    return hn::PromoteTo(Floats(), hn::BitCast(hn::Rebind<hwy::float16_t, Floats>(), code));
  }
  static HWY_INLINE void store(FloatVector v, Stored* to) {
    const hn::Rebind<hwy::float16_t, Floats> halves;
    hn::StoreU(hn::BitCast(Halves(), hn::DemoteTo(halves, canonical(Floats(), v))), Halves(), to);
  }
#endif
  static HWY_INLINE FloatVector load(const Stored* from) {
    return decode(hn::LoadU(Halves(), from));
  }
};

/// The upper half of an f32. Highway's DemoteTo truncates, and the instruction of AVX512-BF16 flushes denormals.
struct BF16 {
  using Stored = std::uint16_t;
  using Tag = Floats;
  static HWY_INLINE FloatVector load(const Stored* from) {
    return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(Words(), hn::LoadU(Halves(), from))));
  }
  static HWY_INLINE void store(FloatVector v, Stored* to) {
    const Words w;
    const auto bits = hn::BitCast(w, v);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(w, 1));
    const auto rounded = hn::ShiftRight<16>(hn::Add(hn::Add(bits, odd), hn::Set(w, 0x7fff)));
    const auto code = hn::IfThenElse(hn::RebindMask(w, hn::Eq(v, v)), rounded, hn::Set(w, 0x7fc0));
    hn::StoreU(hn::TruncateTo(Halves(), code), Halves(), to);
  }
};

/// OCP E5M2: the upper half of an f16.
struct F8E5M2 {
  using Stored = std::uint8_t;
  using Tag = Floats;
  static constexpr int kMantissaBits = 2;
  static constexpr int kBias = 15;
  static constexpr float kClamp = 65536.0F;
  static constexpr std::uint32_t kNan = 0x7e;
  static HWY_INLINE FloatVector load(const Stored* from) {
    return F16::decode(hn::ShiftLeft<8>(hn::PromoteTo(Halves(), hn::LoadU(Bytes(), from))));
  }
  static HWY_INLINE void store(FloatVector v, Stored* to) {
    hn::StoreU(hn::TruncateTo(Bytes(), encode<F8E5M2>(v)), Bytes(), to);
  }
};

/// OCP E4M3: no infinity, NaN is S.1111.111.
struct F8E4M3 {
  using Stored = std::uint8_t;
  using Tag = Floats;
  static constexpr int kMantissaBits = 3;
  static constexpr int kBias = 7;
  static constexpr float kClamp = 448.0F;
  static constexpr std::uint32_t kNan = 0x7f;
  static HWY_INLINE FloatVector load(const Stored* from) {
    // Exponent and mantissa, put where f16 has them, are worth 2^-8 of what they mean (the biases are 7 and 15). Sign
    // extension and the shift bring the sign to its place.
    const hn::RebindToSigned<Halves> signed_halves;
    const hn::Rebind<std::int8_t, Floats> signed_bytes;
    const auto extended = hn::PromoteTo(signed_halves, hn::BitCast(signed_bytes, hn::LoadU(Bytes(), from)));
    const auto half = hn::And(hn::BitCast(Halves(), hn::ShiftLeft<7>(extended)), hn::Set(Halves(), 0xbf80));
    const Floats d;
    const auto value = hn::Mul(F16::decode(half), hn::Set(d, 256.0F));
    return hn::IfThenElse(hn::Gt(hn::Abs(value), hn::Set(d, kClamp)), hn::NaN(d),
                          value);  // the code of NaN reads as 480
  }
  static HWY_INLINE void store(FloatVector v, Stored* to) {
    hn::StoreU(hn::TruncateTo(Bytes(), encode<F8E4M3>(v)), Bytes(), to);
  }
};

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
