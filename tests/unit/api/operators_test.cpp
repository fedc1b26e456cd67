#include <atomic>
#include <vector>

#include "unit/api/ranks.hpp"

namespace tutti {
namespace {

void greatest_common_divisor(const void* in, void* inout, std::size_t count, tuttiDataType_t, void* context) {
  const auto* const left = static_cast<const std::int64_t*>(in);
  auto* const right = static_cast<std::int64_t*>(inout);
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t a = left[i];
    std::int64_t b = right[i];
    while (b != 0) std::swap(a, b), b %= a;
    right[i] = a;
  }
  ++*static_cast<std::atomic<int>*>(context);
}

TEST(Operator, OfTheUserReducesAnyType) {
  std::atomic<int> calls = 0;  // some ranks may only send and receive
  run_ranks(3, [&](tuttiComm_t comm, int rank) {
    tuttiRedOp_t op = tuttiSum;
    expect_ok(tuttiRedOpCreateUser(&op, greatest_common_divisor, &calls, 1, comm));
    std::vector<std::int64_t> value(5000, (rank + 1) * 12);
    expect_ok(tuttiAllReduce(value.data(), value.data(), value.size(), tuttiInt64, op, comm, nullptr), comm);
    EXPECT_EQ(value, std::vector<std::int64_t>(5000, 12));
    expect_ok(tuttiRedOpDestroy(op, comm));
    EXPECT_EQ(tuttiAllReduce(value.data(), value.data(), 1, tuttiInt64, op, comm, nullptr), tuttiInvalidArgument);
    EXPECT_EQ(tuttiRedOpDestroy(op, comm), tuttiInvalidArgument);
    EXPECT_EQ(tuttiRedOpDestroy(tuttiSum, comm), tuttiInvalidArgument);
  });
  EXPECT_GT(calls, 0);
}

TEST(Operator, PreMultipliedSumTakesEachRanksOwnScalar) {
  run_ranks(3, [](tuttiComm_t comm, int rank) {
    float scalar = static_cast<float>(rank) + 0.5F;
    tuttiRedOp_t op = tuttiSum;
    expect_ok(tuttiRedOpCreatePreMulSum(&op, &scalar, tuttiFloat, tuttiScalarHostImmediate, comm));
    std::vector<float> value(100, 2.0F);
    expect_ok(tuttiAllReduce(value.data(), value.data(), value.size(), tuttiFloat, op, comm, nullptr), comm);
    EXPECT_EQ(value, std::vector<float>(100, 9.0F));  // 2 * (0.5 + 1.5 + 2.5)
    std::int32_t whole = 1;
    EXPECT_EQ(tuttiAllReduce(&whole, &whole, 1, tuttiInt32, op, comm, nullptr), tuttiInvalidArgument);
    expect_ok(tuttiRedOpDestroy(op, comm));
  });
}

}  // namespace
}  // namespace tutti
