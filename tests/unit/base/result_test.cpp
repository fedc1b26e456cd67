#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace tutti {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Code::invalid_argument, "odd"};
  return number / 2;
}
Result<int> quarter(int number) {
  return TUTTI_TRY(half(TUTTI_TRY(half(number))));
}
Status check(int number) {
  TUTTI_TRY(quarter(number));
  return {};
}

TEST(Try, GivesTheValueOrReturnsTheError) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().text, "odd");
  EXPECT_TRUE(check(4));
  EXPECT_FALSE(check(2));
}

TEST(Result, CarriesMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const auto taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Error, PutsContextInFrontAndKeepsCodeAndCulprit) {
  const Error error = Error{Code::peer_lost, "gone", Rank{3}}.within("all_reduce seq 4");
  EXPECT_EQ(error.text, "all_reduce seq 4: gone");
  EXPECT_EQ(error.code, Code::peer_lost);
  EXPECT_EQ(error.culprit, Rank{3});
}

}  // namespace
}  // namespace tutti
