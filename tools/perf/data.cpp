#include "tools/perf/data.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tools/perf/encode.hpp"

namespace tutti::perf {
namespace {

std::uint64_t mix(std::uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t noise(const DataSpec& spec, int rank, std::size_t i) {
  return mix(mix(spec.seed * 0x10001 + static_cast<std::uint64_t>(rank)) ^ i);
}

bool is_signed(DataType type) {
  return is_floating(type) || type == DataType::i8 || type == DataType::i32 || type == DataType::i64;
}

// What is left of a number when a 1-, 4- or 8-byte integer has wrapped.
std::int64_t wrapped(DataType type, std::uint64_t bits) {
  const int unused = 64 - 8 * static_cast<int>(size_of(type));
  const auto top = static_cast<std::int64_t>(bits << unused);
  return is_signed(type) ? top >> unused : static_cast<std::int64_t>(bits << unused >> unused);
}

// The share of `rank` when magnitudes may add up to `allowance` over all ranks: with enough for everybody, 1 to
// allowance / ranks; else 1 for the ranks in a window that moves along with the element, and 0 for the others.
std::int64_t share(const DataSpec& spec, std::int64_t allowance, std::int64_t most, int rank, std::size_t i) {
  const std::int64_t each = std::min(allowance / spec.ranks, most);
  const std::uint64_t random = noise(spec, rank, i);
  if (each >= 1) return 1 + static_cast<std::int64_t>((random >> 8) % static_cast<std::uint64_t>(each));
  const auto ranks = static_cast<std::uint64_t>(spec.ranks);
  const std::uint64_t start = i * static_cast<std::uint64_t>(allowance) % ranks;
  return (static_cast<std::uint64_t>(rank) + ranks - start) % ranks < static_cast<std::uint64_t>(allowance) ? 1 : 0;
}

std::int64_t with_sign(const DataSpec& spec, std::int64_t magnitude, int rank, std::size_t i) {
  return is_signed(spec.type) && (noise(spec, rank, i) & 1) != 0 ? -magnitude : magnitude;
}

constexpr std::int64_t kMost = 1 << 20;  // enough variety for wide types

// What magnitudes may add up to without an inexact sum or, for an average of integers, a wrapped one.
std::int64_t allowance_of(const DataSpec& spec) {
  if (!is_floating(spec.type)) return size_of(spec.type) == 1 ? 127 : std::int64_t{1} << 30;
  const std::int64_t exact = std::int64_t{1} << std::min(precision_of(spec.type), 40);
  return spec.op == ReduceOp::premul_sum ? exact / 2 : exact;
}

std::int64_t integer_value(const DataSpec& spec, int rank, std::size_t i) {
  if (spec.op == ReduceOp::avg) return with_sign(spec, share(spec, allowance_of(spec), kMost, rank, i), rank, i);
  const std::uint64_t bits = noise(spec, rank, i);
  return wrapped(spec.type, spec.op == ReduceOp::prod ? bits | 1 : bits);
}

double floating_value(const DataSpec& spec, int rank, std::size_t i) {
  if (spec.op == ReduceOp::prod) {
    const bool has_fraction = static_cast<int>(i % static_cast<std::size_t>(spec.ranks)) == rank;
    const auto exponent = with_sign(spec, share(spec, exponent_reach_of(spec.type), 4, rank, i), rank, i);
    const double magnitude = std::ldexp(has_fraction ? 1.5 : 1.0, static_cast<int>(exponent));
    return (noise(spec, rank, i) & 2) != 0 ? -magnitude : magnitude;
  }
  if (spec.op == ReduceOp::max || spec.op == ReduceOp::min) {
    const std::int64_t reach = std::min(std::int64_t{1} << std::min(precision_of(spec.type), 40), kMost);
    return static_cast<double>(
        static_cast<std::int64_t>((noise(spec, rank, i) >> 1) % static_cast<std::uint64_t>(2 * reach + 1)) - reach);
  }
  return static_cast<double>(with_sign(spec, share(spec, allowance_of(spec), kMost, rank, i), rank, i));
}

template <typename Number>
Number combine(ReduceOp op, Number left, Number right) {
  switch (op) {
    case ReduceOp::prod:
      return left * right;
    case ReduceOp::max:
      return std::max(left, right);
    case ReduceOp::min:
      return std::min(left, right);
    default:
      return left + right;
  }
}

std::uint64_t reduced_integer(const DataSpec& spec, std::size_t i) {
  const bool scaled = spec.op == ReduceOp::premul_sum;
  const bool compares = spec.op == ReduceOp::max || spec.op == ReduceOp::min;
  std::uint64_t total = 0;
  for (int rank = 0; rank < spec.ranks; ++rank) {
    const std::int64_t value = integer_value(spec, rank, i);
    const std::uint64_t bits =
        static_cast<std::uint64_t>(value) * static_cast<std::uint64_t>(scaled ? scalar_of(rank) : 1);
    if (rank == 0) {
      total = bits;
    } else if (!compares || !is_signed(spec.type)) {
      total = combine(spec.op, total, bits);
    } else {
      total = static_cast<std::uint64_t>(combine(spec.op, static_cast<std::int64_t>(total), value));
    }
  }
  if (spec.op != ReduceOp::avg) return total;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(total) / spec.ranks);  // truncates
}

std::uint64_t reduced_floating(const DataSpec& spec, std::size_t i) {
  double total = 0;
  for (int rank = 0; rank < spec.ranks; ++rank) {
    const double scale = spec.op == ReduceOp::premul_sum ? scalar_of(rank) : 1;
    const double value = scale * floating_value(spec, rank, i);
    total = rank == 0 ? value : combine(spec.op, total, value);  // exact
  }
  return encode(spec.type, spec.op == ReduceOp::avg ? total / spec.ranks : total);
}

template <typename Bits>
Pattern make_pattern(const DataSpec& spec, const Bits& bits) {
  Pattern pattern(spec.elements * size_of(spec.type));
  for (std::size_t i = 0; i < spec.elements; ++i) store(pattern.data(), i, spec.type, bits(i));
  return pattern;
}

// Calls act(element offset, element in the pattern, elements) for every run between two ends of the period.
template <typename Act>
void over_runs(std::size_t first, std::size_t count, const Act& act) {
  for (std::size_t done = 0; done < count;) {
    const std::size_t at = (first + done) % kPeriod;
    const std::size_t run = std::min(kPeriod - at, count - done);
    act(done, at, run);
    done += run;
  }
}

}  // namespace

Pattern contribution_of(const DataSpec& spec, int rank) {
  return make_pattern(spec, [&](std::size_t i) {
    if (!is_floating(spec.type)) return static_cast<std::uint64_t>(integer_value(spec, rank, i));
    return encode(spec.type, floating_value(spec, rank, i));
  });
}

Pattern reduction_of(const DataSpec& spec) {
  return make_pattern(spec, [&](std::size_t i) {
    return is_floating(spec.type) ? reduced_floating(spec, i) : reduced_integer(spec, i);
  });
}

Pattern message_of(const DataSpec& spec, int rank) {
  return make_pattern(spec, [&](std::size_t i) { return noise(spec, rank, i); });
}

int scalar_of(int rank) {
  return rank % 2 == 0 ? 1 : 2;
}

void fill(std::byte* out, const Pattern& pattern, std::size_t size, std::size_t first, std::size_t count) {
  over_runs(first, count, [&](std::size_t done, std::size_t at, std::size_t run) {
    std::memcpy(out + done * size, pattern.data() + at * size, run * size);
  });
}

std::size_t count_wrong(const std::byte* data, const Pattern& pattern, std::size_t size, std::size_t first,
                        std::size_t count) {
  std::size_t wrong = 0;
  over_runs(first, count, [&](std::size_t done, std::size_t at, std::size_t run) {
    const std::byte* left = data + done * size;
    const std::byte* right = pattern.data() + at * size;
    if (std::memcmp(left, right, run * size) == 0) return;
    for (std::size_t i = 0; i < run; ++i) {
      if (std::memcmp(left + i * size, right + i * size, size) != 0) ++wrong;
    }
  });
  return wrong;
}

}  // namespace tutti::perf
