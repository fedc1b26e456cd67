// Sums of 8-bit floating-point numbers. Compiled once per instruction set.
#if defined(TUTTI_KERNELS_BYTE_SUMS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TUTTI_KERNELS_BYTE_SUMS_INL
#undef TUTTI_KERNELS_BYTE_SUMS_INL
#else
#define TUTTI_KERNELS_BYTE_SUMS_INL
#endif

#include <hwy/highway.h>

#include <cmath>
#include <span>
#include <type_traits>

#include "kernels/vector/loops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR  // without vectors nothing is gained

template <class F>
void add_two(void* out, const void* left, const void* right, std::size_t n) {
  fill<F>(out, n, Pair<F, Sum>{elements<F>(left), elements<F>(right)});
}
template <class F>
void add_many(void* out, std::span<const void* const> sources, std::size_t n, double divisor) {
  fill<F>(out, n, Fold<F, Sum>{sources, Division<F>(static_cast<float>(divisor))});
}

#else

/// Codes as f32 that are all too small by the same power of two: so that the exponent of a code, put where that of f32
/// is, means what it says, and 0 in it means a denormal number in both. Then shifts decode and encode, and adding such
/// numbers is exact wherever adding the real ones is. kExponentBits are the code's, kLargest what overflow becomes,
/// and all up to kLast are numbers. Four vectors have the elements of a block, each every fourth.
template <int kExponentBits, std::uint8_t kLast, std::uint8_t kLargest>
struct SmallFloats {
  using Pairs = hn::Repartition<std::uint16_t, Floats>;
  using Codes = hn::Repartition<std::uint8_t, Floats>;
  using PairVector = hn::VFromD<Pairs>;
  using CodeVector = hn::VFromD<Codes>;
  static constexpr int kShift = 8 - kExponentBits;

  /// Returns the codes without their signs.
  static HWY_INLINE CodeVector load(const std::uint8_t* from, FloatVector& v0, FloatVector& v1, FloatVector& v2,
                                    FloatVector& v3) {
    const auto codes = hn::LoadU(Codes(), from);
    const auto pairs = hn::BitCast(Pairs(), codes);
    decode(hn::ShiftLeft<8>(pairs), v0, v1);
    decode(pairs, v2, v3);
    return hn::And(codes, hn::Set(Codes(), 0x7f));
  }

  /// To odd where encode cuts off. The sum of two needs it not: all its bits that matter are kept.
  static HWY_INLINE FloatVector rounded_to_odd(FloatVector v) {
    const auto cut_off = hn::Set(Words(), (1U << (16 - kShift)) - 1);
    const auto bits = hn::BitCast(Words(), v);
    return hn::BitCast(Floats(), hn::Or(bits, hn::Add(hn::And(bits, cut_off), cut_off)));
  }

  static HWY_INLINE void store(FloatVector v0, FloatVector v1, FloatVector v2, FloatVector v3, std::uint8_t* to) {
    const auto upper = hn::And(encode(v2, v3), hn::Set(Pairs(), 0xff00));
    hn::StoreU(hn::BitCast(Codes(), hn::Or(upper, hn::ShiftRight<8>(encode(v0, v1)))), Codes(), to);
  }

  static HWY_INLINE bool are_numbers(CodeVector magnitudes) {
    const hn::RebindToSigned<Codes> d;  // magnitudes are positive, and signed comparison is the cheaper one
    return hn::AllFalse(d, hn::Gt(hn::BitCast(d, magnitudes), hn::Set(d, kLast)));
  }

 private:
  /// The codes in the upper bytes.
  static HWY_INLINE void decode(PairVector pairs, FloatVector& even, FloatVector& odd) {
    const hn::RebindToSigned<Pairs> d;
    const auto spread =
        hn::BitCast(Pairs(), hn::ShiftRight<kShift>(hn::BitCast(d, pairs)));  // the sign stays where it is
    const auto halves = hn::BitCast(Words(), hn::And(spread, hn::Set(Pairs(), 0x8000 | 0x7f00 >> kShift)));
    even = hn::BitCast(Floats(), hn::ShiftLeft<16>(halves));
    odd = hn::BitCast(Floats(), hn::And(halves, hn::Set(Words(), 0xffff'0000U)));
  }

  /// Into the upper bytes, to nearest even; what is in the lower ones means nothing.
  static HWY_INLINE PairVector encode(FloatVector even, FloatVector odd) {
    const Pairs d;
    const auto low = hn::BitCast(Words(), even);
    const auto high = hn::BitCast(Words(), odd);
    const auto cut = both(hn::ShiftRight<16 - kShift>(low), hn::ShiftLeft<kShift>(high));
    const auto is_odd = hn::And(hn::ShiftRight<8>(cut), hn::Set(d, 1));
    const auto nearest = hn::Add(hn::Add(cut, is_odd), hn::Set(d, 0x007f));
    const auto finite = hn::Min(nearest, hn::Set(d, kLargest << 8 | 0xff));
    const auto sign = hn::Set(d, 0x8000);
    return hn::Or(hn::AndNot(sign, finite), hn::And(sign, both(hn::ShiftRight<16>(low), high)));
  }
  static HWY_INLINE PairVector both(hn::VFromD<Words> low, hn::VFromD<Words> high) {
    const auto upper = hn::Set(Words(), 0xffff'0000U);
    return hn::BitCast(Pairs(), hn::Or(hn::And(upper, high), hn::AndNot(upper, low)));
  }
};

/// The sum / divisor. Blocks with infinities or NaN, and what is less than a block, are left to F.
template <class F, class Small, std::size_t kSources>
HWY_INLINE void add_bytes(void* buffer, std::span<const void* const, kSources> sources, std::size_t n, double divisor) {
  auto* const out = static_cast<std::uint8_t*>(buffer);
  const Division<F> divided(static_cast<float>(divisor));
  const std::size_t block = hn::Lanes(typename Small::Codes());
  std::size_t i = 0;
  for (; i + block <= n; i += block) {
    FloatVector v0, v1, v2, v3, w0, w1, w2, w3;
    auto largest = Small::load(elements<F>(sources[0]) + i, v0, v1, v2, v3);
    for (std::size_t s = 1; s < sources.size(); ++s) {
      largest = hn::Max(largest, Small::load(elements<F>(sources[s]) + i, w0, w1, w2, w3));
      v0 = hn::Add(v0, w0);
      v1 = hn::Add(v1, w1);
      v2 = hn::Add(v2, w2);
      v3 = hn::Add(v3, w3);
    }
    if (HWY_UNLIKELY(!Small::are_numbers(largest))) {
      fill<F>(out + i, block, Fold<F, Sum>{sources, divided, i});
      continue;
    }
    if (kSources != 2 && divisor != 1) {
      v0 = divided(v0);
      v1 = divided(v1);
      v2 = divided(v2);
      v3 = divided(v3);
    }
    if constexpr (kSources != 2) {
      v0 = Small::rounded_to_odd(v0);
      v1 = Small::rounded_to_odd(v1);
      v2 = Small::rounded_to_odd(v2);
      v3 = Small::rounded_to_odd(v3);
    }
    Small::store(v0, v1, v2, v3, out + i);
  }
  if (i < n) fill<F>(out + i, n - i, Fold<F, Sum>{sources, divided, i});
}

template <class F>
using SmallOf = std::conditional_t<std::is_same_v<F, F8E4M3>, SmallFloats<4, 0x7e, 0x7e>, SmallFloats<5, 0x7b, 0x7c> >;

template <class F>
void add_two(void* out, const void* left, const void* right, std::size_t n) {
  const void* const sources[] = {left, right};
  add_bytes<F, SmallOf<F>, 2>(out, sources, n, 1);
}

template <class F>
void add_many(void* out, std::span<const void* const> sources, std::size_t n, double divisor) {
  // Quotients of whole divisors are so far from where rounding decides, or just there, that the digits which the
  // smallest ones lack do not count: by at least the weight of a code's last bit / 2 / divisor, and they have 20 bits
  // below it. encode has room for the sum of 2^15 of the largest numbers.
  constexpr double kMostDivisor = 65536;
  constexpr std::size_t kMostSources = 1 << 14;
  const bool is_whole = divisor >= 1 && divisor <= kMostDivisor && std::floor(divisor) == divisor;
  if (is_whole && sources.size() <= kMostSources) {
    add_bytes<F, SmallOf<F>, std::dynamic_extent>(out, sources, n, divisor);
  } else {
    fill<F>(out, n, Fold<F, Sum>{sources, Division<F>(static_cast<float>(divisor))});
  }
}

#endif

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
