// How elements are held in memory, and the vectors they are computed in. Compiled once per instruction set.
//
// A format has: Stored, the element in memory; Tag, the vector that it is computed in; load and store of one vector.
// Every store writes NaN in its canonical form. One with kMixesBlocks also has load_block and store_block
// (loops-inl.hpp).
#if defined(TUTTI_KERNELS_FORMATS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TUTTI_KERNELS_FORMATS_INL
#undef TUTTI_KERNELS_FORMATS_INL
#else
#define TUTTI_KERNELS_FORMATS_INL
#endif

#include <hwy/highway.h>

#include "kernels/vector/halves-inl.hpp"
#include "kernels/vector/operators-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Types that are computed in themselves.
template <class T>
struct Plain {
  using Stored = T;
  using Tag = hn::ScalableTag<T>;
  static HWY_INLINE auto load(const T* from) { return hn::LoadU(Tag(), from); }
  static HWY_INLINE void store(hn::VFromD<Tag> v, T* to) { hn::StoreU(canonical(Tag(), v), Tag(), to); }
};

struct F16 {
  using Stored = std::uint16_t;
  using Tag = Floats;
  static HWY_INLINE FloatVector load(const Stored* from) { return from_half(hn::LoadU(Halves(), from)); }
  static HWY_INLINE void store(FloatVector v, Stored* to) { hn::StoreU(to_half(canonical(Floats(), v)), Halves(), to); }
};

/// The upper half of an f32. Highway's DemoteTo truncates, and the instruction of AVX512-BF16 flushes denormals.
struct BF16 {
  using Stored = std::uint16_t;
  using Tag = Floats;
  static HWY_INLINE FloatVector load(const Stored* from) {
    return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(Words(), hn::LoadU(Halves(), from))));
  }
  static HWY_INLINE void store(FloatVector v, Stored* to) {
    hn::StoreU(hn::TruncateTo(Halves(), hn::ShiftRight<16>(rounded(v))), Halves(), to);
  }

 protected:
  /// The code in the upper half.
  static HWY_INLINE hn::VFromD<Words> rounded(FloatVector v) {
    const Words w;
    const auto bits = hn::BitCast(w, v);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(w, 1));
    const auto nearest = hn::Add(hn::Add(bits, odd), hn::Set(w, 0x7fff));
    return hn::IfThenElse(hn::RebindMask(w, hn::Eq(v, v)), nearest, hn::Set(w, 0x7fc0'0000));
  }
};

#if HWY_TARGET == HWY_SCALAR
using MixedBF16 = BF16;
#else
/// The same in blocks whose vectors hold every other element: where two lie in a word, a shift or a mask is enough.
struct MixedBF16 : BF16 {
  static constexpr bool kMixesBlocks = true;
  using Pairs = hn::Repartition<std::uint16_t, Words>;
  static HWY_INLINE void load_block(const Stored* from, FloatVector& v0, FloatVector& v1, FloatVector& v2,
                                    FloatVector& v3) {
    load_pairs(from, v0, v1);
    load_pairs(from + hn::Lanes(Pairs()), v2, v3);
  }
  static HWY_INLINE void store_block(FloatVector v0, FloatVector v1, FloatVector v2, FloatVector v3, Stored* to) {
    store_pairs(v0, v1, to);
    store_pairs(v2, v3, to + hn::Lanes(Pairs()));
  }

 private:
  static HWY_INLINE void load_pairs(const Stored* from, FloatVector& even, FloatVector& odd) {
    const Words w;
    const auto both = hn::BitCast(w, hn::LoadU(Pairs(), from));
    even = hn::BitCast(Floats(), hn::ShiftLeft<16>(both));
    odd = hn::BitCast(Floats(), hn::And(both, hn::Set(w, 0xffff'0000U)));
  }
  static HWY_INLINE void store_pairs(FloatVector even, FloatVector odd, Stored* to) {
    const auto upper = hn::And(rounded(odd), hn::Set(Words(), 0xffff'0000U));
    hn::StoreU(hn::BitCast(Pairs(), hn::Or(upper, hn::ShiftRight<16>(rounded(even)))), Pairs(), to);
  }
};
#endif

// The 8-bit types go through f16, which holds all their values and whose exponent and mantissa lie as theirs do.

/// Rounds to odd: the mantissa is cut to 6 bits, and the last one is set if anything was cut off. Rounding that to an
/// fp8 type's nearest even is rounding `v` to it (Boldo and Melquiond 2008: two more bits than the type has are
/// enough), and f16 holds it exactly wherever it matters: down to 2^-18, below the least tie of both types.
HWY_INLINE FloatVector rounded_to_odd(FloatVector v) {
  const Words w;
  const auto cut_off = hn::Set(w, 0x1'ffff);
  const auto bits = hn::BitCast(w, v);
  const auto sticky = hn::Add(hn::And(bits, cut_off), cut_off);  // carries into the last kept bit
  return hn::BitCast(Floats(), hn::AndNot(cut_off, hn::Or(bits, hn::And(sticky, hn::Set(w, 0x2'0000)))));
}

/// Rounds f16 codes to nearest even, to the 8-bit type that lies kDropped bits higher.
template <int kDropped, std::uint16_t kLargest, std::uint16_t kNan>
HWY_INLINE auto drop_bits(HalfVector half) {
  const hn::RebindToSigned<Halves> h;  // magnitudes are positive, and signed comparison is the cheaper one
  const auto bits = hn::BitCast(h, half);
  const auto magnitude = hn::And(bits, hn::Set(h, 0x7fff));
  const auto bounded = hn::Min(magnitude, hn::Set(h, static_cast<std::int16_t>(kLargest)));
  const auto odd = hn::And(hn::ShiftRight<kDropped>(bounded), hn::Set(h, 1));
  const auto below_tie = hn::Set(h, (1 << (kDropped - 1)) - 1);
  const auto code = hn::ShiftRight<kDropped>(hn::Add(hn::Add(bounded, odd), below_tie));
  const auto sign = hn::And(hn::ShiftRight<8>(bits), hn::Set(h, 0x80));
  const auto is_nan = hn::Gt(magnitude, hn::Set(h, 0x7c00));
  const auto result = hn::IfThenElse(is_nan, hn::Set(h, static_cast<std::int16_t>(kNan)), hn::Or(code, sign));
  return hn::TruncateTo(Bytes(), hn::BitCast(Halves(), result));
}

/// OCP E5M2: the upper half of an f16.
struct F8E5M2 {
  using Stored = std::uint8_t;
  using Tag = Floats;
  static HWY_INLINE FloatVector load(const Stored* from) {
    return from_half(hn::ShiftLeft<8>(hn::PromoteTo(Halves(), hn::LoadU(Bytes(), from))));
  }
  static HWY_INLINE void store(FloatVector v, Stored* to) {
    hn::StoreU(drop_bits<8, 0x7c00, 0x7e>(to_half(rounded_to_odd(v))), Bytes(), to);
  }
};

/// OCP E4M3: no infinity, NaN is S.1111.111. Its exponent and mantissa, put where f16 has them, are worth 2^-8 of what
/// they mean, for the biases are 7 and 15.
struct F8E4M3 {
  using Stored = std::uint8_t;
  using Tag = Floats;
  static HWY_INLINE FloatVector load(const Stored* from) {
    const hn::RebindToSigned<Halves> h;
    const hn::Rebind<std::int8_t, Floats> signed_bytes;
    // Sign extension and the shift bring the sign to its place.
    const auto extended = hn::PromoteTo(h, hn::BitCast(signed_bytes, hn::LoadU(Bytes(), from)));
    const auto finite = hn::And(hn::ShiftLeft<7>(extended), hn::Set(h, static_cast<std::int16_t>(0xbf80)));
    const auto is_nan = hn::Eq(hn::And(extended, hn::Set(h, 0x7f)), hn::Set(h, 0x7f));
    const auto half = hn::IfThenElse(is_nan, hn::Set(h, 0x7e00), finite);
    return hn::Mul(from_half(hn::BitCast(Halves(), half)), hn::Set(Floats(), 256.0F));
  }
  static HWY_INLINE void store(FloatVector v, Stored* to) {
    const auto half = to_half(hn::Mul(rounded_to_odd(v), hn::Set(Floats(), 1.0F / 256)));
    hn::StoreU(drop_bits<7, 0x3f00, 0x7f>(half), Bytes(), to);  // 0x3f00 is 448 / 256
  }
};

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
