// The kernels' loops: what is computed for one vector, and how buffers of any length are filled with it.
#if defined(TUTTI_KERNELS_LOOPS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TUTTI_KERNELS_LOOPS_INL
#undef TUTTI_KERNELS_LOOPS_INL
#else
#define TUTTI_KERNELS_LOOPS_INL
#endif

#include <hwy/highway.h>

#include <cmath>
#include <cstring>
#include <span>

#include "kernels/vector/formats-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class F>
using VectorOf = hn::VFromD<typename F::Tag>;

/// Reads and writes a whole vector.
struct Whole {
  template <class F>
  HWY_INLINE auto load(const typename F::Stored* from) const {
    return F::load(from);
  }
  template <class F>
  HWY_INLINE void store(VectorOf<F> v, typename F::Stored* to) const {
    F::store(v, to);
  }
};

/// Reads and writes the first `count` elements of a vector, and not a byte more.
struct Part {
  std::size_t count;
  template <class F>
  HWY_INLINE auto load(const typename F::Stored* from) const {
    HWY_ALIGN typename F::Stored whole[hn::MaxLanes(typename F::Tag())] = {};
    std::memcpy(whole, from, count * sizeof(*from));
    return F::load(whole);
  }
  template <class F>
  HWY_INLINE void store(VectorOf<F> v, typename F::Stored* to) const {
    HWY_ALIGN typename F::Stored whole[hn::MaxLanes(typename F::Tag())];
    F::store(v, whole);
    std::memcpy(to, whole, count * sizeof(*to));
  }
};

template <class F>
HWY_INLINE const typename F::Stored* elements(const void* buffer) {
  return static_cast<const typename F::Stored*>(buffer);
}

/// Four vectors of elements, in the order of memory unless the format has a quicker one, which is its own affair: what
/// load_block mixes up, store_block of the same format puts back.
template <class F>
HWY_INLINE void load_block(const typename F::Stored* from, VectorOf<F>& v0, VectorOf<F>& v1, VectorOf<F>& v2,
                           VectorOf<F>& v3) {
  if constexpr (requires { F::kMixesBlocks; }) {
    F::load_block(from, v0, v1, v2, v3);
  } else {
    const std::size_t lanes = hn::Lanes(typename F::Tag());
    v0 = F::load(from);
    v1 = F::load(from + lanes);
    v2 = F::load(from + 2 * lanes);
    v3 = F::load(from + 3 * lanes);
  }
}

template <class F>
HWY_INLINE void store_block(VectorOf<F> v0, VectorOf<F> v1, VectorOf<F> v2, VectorOf<F> v3, typename F::Stored* to) {
  if constexpr (requires { F::kMixesBlocks; }) {
    F::store_block(v0, v1, v2, v3, to);
  } else {
    const std::size_t lanes = hn::Lanes(typename F::Tag());
    F::store(v0, to);
    F::store(v1, to + lanes);
    F::store(v2, to + 2 * lanes);
    F::store(v3, to + 3 * lanes);
  }
}

/// left op right.
template <class F, class Op>
struct Pair {
  const typename F::Stored* left;
  const typename F::Stored* right;

  template <class Access>
  HWY_INLINE VectorOf<F> vector(Access access, std::size_t i) const {
    return Op()(typename F::Tag(), access.template load<F>(left + i), access.template load<F>(right + i));
  }
  HWY_INLINE void block(std::size_t i, VectorOf<F>& v0, VectorOf<F>& v1, VectorOf<F>& v2, VectorOf<F>& v3) const {
    const typename F::Tag d;
    VectorOf<F> w0, w1, w2, w3;
    load_block<F>(left + i, v0, v1, v2, v3);
    load_block<F>(right + i, w0, w1, w2, w3);
    v0 = Op()(d, v0, w0);
    v1 = Op()(d, v1, w1);
    v2 = Op()(d, v2, w2);
    v3 = Op()(d, v3, w3);
  }
};

/// Divides by a power of two, 1 included, with a multiplication: the same bits, and several times as fast.
template <class F>
class Division {
 public:
  using Lane = hn::TFromD<typename F::Tag>;
  explicit Division(Lane divisor) {
    if constexpr (hwy::IsFloat<Lane>()) {
      int exponent = 0;
      multiplies_ = std::frexp(divisor, &exponent) == Lane{0.5} && std::isnormal(1 / divisor);
      scalar_ = multiplies_ ? 1 / divisor : divisor;
    }
  }
  HWY_INLINE VectorOf<F> operator()(VectorOf<F> v) const {
    if constexpr (hwy::IsFloat<Lane>()) {
      const auto scalar = hn::Set(typename F::Tag(), scalar_);
      return multiplies_ ? hn::Mul(v, scalar) : hn::Div(v, scalar);
    } else {
      return v;  // integers have Quotient
    }
  }

 private:
  Lane scalar_ = 1;
  bool multiplies_ = true;
};

/// (sources[0] op sources[1] op ...) / divisor, of the elements from `first` on.
template <class F, class Op>
struct Fold {
  std::span<const void* const> sources;
  Division<F> divided;
  std::size_t first = 0;

  template <class Access>
  HWY_INLINE VectorOf<F> vector(Access access, std::size_t i) const {
    VectorOf<F> total = access.template load<F>(elements<F>(sources[0]) + first + i);
    for (std::size_t s = 1; s < sources.size(); ++s) {
      total = Op()(typename F::Tag(), total, access.template load<F>(elements<F>(sources[s]) + first + i));
    }
    return divided(total);
  }
  // Four vectors at a time, so that the walk over the sources is paid once for them.
  HWY_INLINE void block(std::size_t i, VectorOf<F>& v0, VectorOf<F>& v1, VectorOf<F>& v2, VectorOf<F>& v3) const {
    const typename F::Tag d;
    VectorOf<F> w0, w1, w2, w3;
    load_block<F>(elements<F>(sources[0]) + first + i, v0, v1, v2, v3);
    for (std::size_t s = 1; s < sources.size(); ++s) {
      load_block<F>(elements<F>(sources[s]) + first + i, w0, w1, w2, w3);
      v0 = Op()(d, v0, w0);
      v1 = Op()(d, v1, w1);
      v2 = Op()(d, v2, w2);
      v3 = Op()(d, v3, w3);
    }
    v0 = divided(v0);
    v1 = divided(v1);
    v2 = divided(v2);
    v3 = divided(v3);
  }
};

/// in * scalar.
template <class F>
struct Scaled {
  const typename F::Stored* in;
  hn::TFromD<typename F::Tag> scalar;

  template <class Access>
  HWY_INLINE VectorOf<F> vector(Access access, std::size_t i) const {
    const typename F::Tag d;
    return Prod()(d, access.template load<F>(in + i), hn::Set(d, scalar));
  }
  HWY_INLINE void block(std::size_t i, VectorOf<F>& v0, VectorOf<F>& v1, VectorOf<F>& v2, VectorOf<F>& v3) const {
    const std::size_t lanes = hn::Lanes(typename F::Tag());
    v0 = vector(Whole(), i);
    v1 = vector(Whole(), i + lanes);
    v2 = vector(Whole(), i + 2 * lanes);
    v3 = vector(Whole(), i + 3 * lanes);
  }
};

/// out[i] = computation's element i. The last vector overlaps the one before it where `n` is no multiple of the lanes;
/// it is computed before anything is stored, so that `out` may be an input.
template <class F, class Computation>
HWY_INLINE void fill(void* buffer, std::size_t n, const Computation& computation) {
  auto* out = static_cast<typename F::Stored*>(buffer);
  const std::size_t lanes = hn::Lanes(typename F::Tag());
  if (n < lanes) {
    if (n > 0) Part{n}.store<F>(computation.vector(Part{n}, 0), out);
    return;
  }
  const VectorOf<F> last = computation.vector(Whole(), n - lanes);
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    VectorOf<F> v0, v1, v2, v3;
    computation.block(i, v0, v1, v2, v3);
    store_block<F>(v0, v1, v2, v3, out + i);
  }
  for (; i + lanes < n; i += lanes) F::store(computation.vector(Whole(), i), out + i);
  if (i < n) F::store(last, out + n - lanes);
}

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
