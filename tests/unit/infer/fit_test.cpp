// A link's numbers come back from exchanges that they made.
#include "topology/infer/fit.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tutti::topology {
namespace {

std::vector<ExchangeSample> samples_of(double latency, double overhead, double gbps, double noise = 0) {
  std::vector<ExchangeSample> samples;
  int sign = 1;
  for (const auto& [messages, bytes] :
       std::vector<std::pair<double, double>>{{1, 8}, {16, 8}, {1, 1024}, {1, 65536}, {1, 1 << 22}}) {
    const double us = latency + 2 * messages * overhead + messages * bytes / gbps * 1e-3;
    samples.push_back({messages, bytes, us * (1 + noise * sign)});
    sign = -sign;
  }
  return samples;
}

TEST(FitLink, FindsTheNumbersThatMadeTheSamples) {
  const LinkFit fit = fit_link(samples_of(1.5, 0.2, 6));
  EXPECT_NEAR(fit.latency_us, 1.5, 1e-6);
  EXPECT_NEAR(fit.overhead_us, 0.2, 1e-6);
  EXPECT_NEAR(fit.GBps, 6, 1e-6);
  EXPECT_NEAR(fit.error, 0, 1e-9);
}

TEST(FitLink, OfASlowWireIsAsExactAsOfAFastOne) {
  for (const double gbps : {0.0125, 0.125, 400.0}) EXPECT_NEAR(fit_link(samples_of(30, 5, gbps)).GBps / gbps, 1, 1e-6);
}

TEST(FitLink, SaysHowFarSamplesAreFromIt) {
  const LinkFit fit = fit_link(samples_of(1.5, 0.2, 6, 0.1));
  EXPECT_GT(fit.error, 0.05);
  EXPECT_LT(fit.error, 0.2);
  EXPECT_NEAR(fit.GBps, 6, 1);
}

TEST(FitLink, NeverGetsANegativeNumber) {
  // Sixteen messages that take less than one, and large ones that take no longer than small ones.
  const LinkFit fit = fit_link(std::vector<ExchangeSample>{{1, 8, 10}, {16, 8, 5}, {1, 1 << 20, 9}});
  EXPECT_GT(fit.latency_us, 0);
  EXPECT_EQ(fit.overhead_us, 0);
  EXPECT_GT(fit.GBps, 0);
  EXPECT_GT(fit.error, 0.1);
}

}  // namespace
}  // namespace tutti::topology
