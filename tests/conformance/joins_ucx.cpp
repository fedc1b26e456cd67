// ucx passes the suite, over what this machine has: at least TCP; also over two rails, and where long messages are
// fetched by their receivers, as over RDMA.
#include "conformance/conformance.hpp"
#include "transports/ucx/ucx.hpp"

namespace tutti::transport::conformance {
namespace {

class UcxWorld final : public World {
 public:
  explicit UcxWorld(ucx::UcxOptions options) : options_(std::move(options)) {}
  std::unique_ptr<Transport> make(Rank rank) override {
    auto options = options_;
    options.rank = rank;
    return ucx::create(options).value();
  }

 private:
  ucx::UcxOptions options_;
};

Joiner joiner(const std::string& variant, const ucx::UcxOptions& options) {
  return {.name = "ucx",
          .make_world = [options] { return std::make_unique<UcxWorld>(options); },
          .largest = std::size_t{256} << 20,
          .between_processes = true,
          .variant = variant};
}

std::vector<Joiner> joiners() {
  if (!ucx::available()) return {};
  ucx::UcxOptions two_rails;
  two_rails.per_device = 2;
  ucx::UcxOptions fetching;
  fetching.fetching = ucx::UcxOptions::Where::always;
  return {joiner("", {}), joiner("two_rails", two_rails), joiner("fetching", fetching)};
}

std::string variant_of(const testing::TestParamInfo<Joiner>& test) {
  return test.param.variant.empty() ? "ucx" : test.param.variant;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Conformance);
INSTANTIATE_TEST_SUITE_P(Ucx, Conformance, testing::ValuesIn(joiners()), variant_of);

std::string faulty_variant_of(const testing::TestParamInfo<Joiner>& test) {
  return test.param.variant == " faulty" ? "ucx" : test.param.variant.substr(0, test.param.variant.find(' '));
}
INSTANTIATE_TEST_SUITE_P(UcxFaulty, Conformance, testing::ValuesIn(under_faults(joiners())), faulty_variant_of);

}  // namespace
}  // namespace tutti::transport::conformance
