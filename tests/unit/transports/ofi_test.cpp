// What is particular to ofi.
#include <gtest/gtest.h>

#include "transports/ofi/ofi.hpp"

namespace tutti::transport::ofi {
namespace {

TEST(Ofi, SaysWhyItIsNotThere) {
  if (const auto usable = available(); !usable) {
    EXPECT_EQ(usable.error().code, Code::unsupported);
    EXPECT_TRUE(usable.error().text.starts_with("ofi: ")) << usable.error().text;
    EXPECT_FALSE(create({.rank = {}, .addresses = {}, .provider = {}, .log = {}}));
    EXPECT_TRUE(providers().empty());
  }
}

TEST(Ofi, RefusesWhatDoesNotExist) {
  if (!available()) GTEST_SKIP() << available().error().text;
  EXPECT_FALSE(create({.rank = Rank{-1}, .addresses = {}, .provider = {}, .log = {}}));
  const auto nowhere = create({.rank = {}, .addresses = {"203.0.113.77"}, .provider = {}, .log = {}});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Code::invalid_argument);
  EXPECT_NE(nowhere.error().text.find("203.0.113.77"), std::string::npos) << nowhere.error().text;
  const auto nobody = create({.rank = {}, .addresses = {}, .provider = "smoke", .log = {}});
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().text.find("smoke"), std::string::npos) << nobody.error().text;
}

TEST(Ofi, UsesTheAddressThatItIsGiven) {
  if (!available()) GTEST_SKIP() << available().error().text;
  const auto made = create({.rank = {}, .addresses = {"127.0.0.1"}, .provider = {}, .log = {}}).value();
  EXPECT_TRUE(made->describe().ends_with(" lo")) << made->describe();
}

TEST(Ofi, HoldsAsManyPacketsAsItsMemoryAllows) {
  if (!available()) GTEST_SKIP() << available().error().text;
  const auto held = [](std::size_t memory) {
    return create({.rank = {}, .addresses = {"127.0.0.1"}, .provider = {}, .memory = memory, .log = {}})
        .value()
        ->memory();
  };
  EXPECT_EQ(held(std::size_t{2} << 20), std::size_t{1} << 20) << "half of it waits for what comes";
  EXPECT_EQ(held(std::size_t{512} << 10), std::size_t{256} << 10);
}

}  // namespace
}  // namespace tutti::transport::ofi
