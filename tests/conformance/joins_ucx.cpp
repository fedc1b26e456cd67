// ucx passes the suite, over what this machine has: at least TCP.
#include "conformance/conformance.hpp"
#include "transports/ucx/ucx.hpp"

namespace tutti::transport::conformance {
namespace {

class UcxWorld final : public World {
 public:
  std::unique_ptr<Transport> make(Rank rank) override {
    return ucx::create({.rank = rank, .devices = {}, .log = {}}).value();
  }
};

std::vector<Joiner> joiners() {
  if (!ucx::available()) return {};
  return {{.name = "ucx",
           .make_world = [] { return std::make_unique<UcxWorld>(); },
           .largest = std::size_t{256} << 20,
           .between_processes = true}};
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Conformance);
INSTANTIATE_TEST_SUITE_P(Ucx, Conformance, testing::ValuesIn(joiners()));
INSTANTIATE_TEST_SUITE_P(UcxFaulty, Conformance, testing::ValuesIn(under_faults(joiners())));

}  // namespace
}  // namespace tutti::transport::conformance
