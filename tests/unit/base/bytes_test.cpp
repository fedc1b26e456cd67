#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(ParseBytes, ReadsPowersOfTwo) {
  EXPECT_EQ(parse_bytes("8")->value, 8U);
  EXPECT_EQ(parse_bytes("4K")->value, 4096U);
  EXPECT_EQ(parse_bytes("64m")->value, 64U << 20);
  EXPECT_EQ(parse_bytes("1GiB")->value, 1U << 30);
  EXPECT_EQ(parse_bytes("2T")->value, std::uint64_t{2} << 40);
}

TEST(ParseBytes, RefusesWhatIsNotASize) {
  for (const char* text : {"", "-1", "K", "1Q", "1 K", "1KK", "99999999999999999999", "18446744073709551615T"}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
}

TEST(ParseBytes, InvertsToString) {
  for (const std::uint64_t value : {0ULL, 1ULL, 1023ULL, 1024ULL, 1536ULL, 1ULL << 30, (1ULL << 40) + 1}) {
    EXPECT_EQ(parse_bytes(to_string(Bytes{value}))->value, value);
  }
}

TEST(ParseDuration, ReadsUnits) {
  EXPECT_EQ(*parse_duration("30s"), std::chrono::seconds(30));
  EXPECT_EQ(*parse_duration("5"), std::chrono::seconds(5));
  EXPECT_EQ(*parse_duration("200ms"), std::chrono::milliseconds(200));
  EXPECT_EQ(*parse_duration("2h"), std::chrono::hours(2));
}

TEST(ParseDuration, RefusesZeroNegativeAndNonsense) {
  for (const char* text : {"", "0", "0s", "-1s", "1x", "s", "1 s", "99999999h"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(ParseDuration, InvertsToString) {
  for (const Duration value :
       {Duration(1), Duration(std::chrono::milliseconds(1500)), Duration(std::chrono::hours(3))}) {
    EXPECT_EQ(*parse_duration(to_string(value)), value);
  }
}

TEST(ParseInteger, KeepsToItsRange) {
  EXPECT_EQ(*parse_integer("7", 0, 7), 7);
  for (const char* text : {"8", "-1", "", "7x", " 7", "0x7"}) EXPECT_FALSE(parse_integer(text, 0, 7)) << text;
}

}  // namespace
}  // namespace tutti
