#include "kernels/reference.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/integer_arithmetic.hpp"

namespace tutti::kernels::reference {
namespace {

/// How an element is held: T as itself, or a low-precision type by its code. Value is what is computed in.
template <class T>
struct Itself {
  using Value = T;
  static constexpr std::size_t kBytes = sizeof(T);
  static T load(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  static void store(T value, std::byte* to) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();  // positive, no payload
    }
    std::memcpy(to, &value, sizeof value);
  }
};

template <DataType kType, class Code>
struct Coded {
  using Value = float;
  static constexpr std::size_t kBytes = sizeof(Code);
  static float load(const std::byte* from) { return decode(kType, Itself<Code>::load(from)); }
  static void store(float value, std::byte* to) { Itself<Code>::store(static_cast<Code>(encode(kType, value)), to); }
};

template <class Action>
void with_element(DataType type, Action action) {
  switch (type) {
    case DataType::i8:
      return action(Itself<std::int8_t>());
    case DataType::u8:
      return action(Itself<std::uint8_t>());
    case DataType::i32:
      return action(Itself<std::int32_t>());
    case DataType::u32:
      return action(Itself<std::uint32_t>());
    case DataType::i64:
      return action(Itself<std::int64_t>());
    case DataType::u64:
      return action(Itself<std::uint64_t>());
    case DataType::f32:
      return action(Itself<float>());
    case DataType::f64:
      return action(Itself<double>());
    case DataType::f16:
      return action(Coded<DataType::f16, std::uint16_t>());
    case DataType::bf16:
      return action(Coded<DataType::bf16, std::uint16_t>());
    case DataType::f8e4m3:
      return action(Coded<DataType::f8e4m3, std::uint8_t>());
    case DataType::f8e5m2:
      return action(Coded<DataType::f8e5m2, std::uint8_t>());
  }
}

template <class T>
T sum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a + b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

template <class T>
T product(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a * b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

template <class T>
bool less(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a == 0 && b == 0) return std::signbit(a) && !std::signbit(b);
  }
  return a < b;
}

template <class T>
T apply(ReduceOp op, T a, T b) {
  if (op == ReduceOp::prod) return product(a, b);
  if (op != ReduceOp::max && op != ReduceOp::min) return sum(a, b);
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
  }
  return less(a, b) == (op == ReduceOp::max) ? b : a;
}

template <class T>
T divided(T value, double divisor) {
  if constexpr (std::is_floating_point_v<T>)
    return value / static_cast<T>(divisor);
  else if constexpr (std::is_signed_v<T>)
    return static_cast<T>(value / static_cast<std::int64_t>(divisor));
  else
    return static_cast<T>(value / static_cast<std::uint64_t>(divisor));
}

template <class T>
T scaled(T value, double scalar) {
  if constexpr (std::is_floating_point_v<T>)
    return value * static_cast<T>(scalar);
  else
    return product(value, integer_scalar<T>(scalar));
}

const std::byte* bytes(const void* buffer) {
  return static_cast<const std::byte*>(buffer);
}

}  // namespace

void reduce2(DataType type, ReduceOp op, void* out, const void* left, const void* right, std::size_t n) {
  const void* const sources[] = {left, right};
  reduce_many(type, op, out, sources, n, 1);
}

void reduce_many(DataType type, ReduceOp op, void* out, std::span<const void* const> sources, std::size_t n,
                 double divisor) {
  with_element(type, [&]<class E>(E) {
    for (std::size_t i = 0; i < n; ++i) {
      auto total = E::load(bytes(sources[0]) + i * E::kBytes);
      for (const void* source : sources.subspan(1)) total = apply(op, total, E::load(bytes(source) + i * E::kBytes));
      E::store(divided(total, divisor), static_cast<std::byte*>(out) + i * E::kBytes);
    }
  });
}

void widen(DataType type, void* out, const void* in, std::size_t n, double scalar) {
  with_element(type, [&]<class E>(E) {
    using Value = typename E::Value;
    for (std::size_t i = 0; i < n; ++i) {
      const Value value = scaled(E::load(bytes(in) + i * E::kBytes), scalar);
      Itself<Value>::store(value, static_cast<std::byte*>(out) + i * sizeof(Value));
    }
  });
}

void narrow(DataType type, void* out, const void* in, std::size_t n, double divisor) {
  with_element(type, [&]<class E>(E) {
    using Value = typename E::Value;
    for (std::size_t i = 0; i < n; ++i) {
      const Value value = divided(Itself<Value>::load(bytes(in) + i * sizeof(Value)), divisor);
      E::store(value, static_cast<std::byte*>(out) + i * E::kBytes);
    }
  });
}

}  // namespace tutti::kernels::reference
