#include "api/ep_rings.hpp"

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(ExpertRing, SharesAMegabyteAmongThePeersOfTheNode) {
  const Config config;
  EXPECT_EQ(expert_ring(config, 1).value, std::uint64_t{1} << 20);
  EXPECT_EQ(expert_ring(config, 4).value, std::uint64_t{256} << 10);
  EXPECT_EQ(expert_ring(config, 500).value, std::uint64_t{64} << 10) << "a ring must hold a few rows";
  EXPECT_EQ(expert_ring(config, 0).value, std::uint64_t{1} << 20) << "alone on its node";
}

TEST(ExpertRing, IsAsLongAsTheUserSays) {
  Config config;
  config.shm_ring = {8192};
  config.origin["TUTTI_SHM_RING"] = "environment";
  EXPECT_EQ(expert_ring(config, 1).value, 8192U);
}

}  // namespace
}  // namespace tutti
