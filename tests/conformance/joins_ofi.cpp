// ofi passes the suite, over every provider of libfabric that this machine has for it: at least TCP.
#include <algorithm>

#include "conformance/conformance.hpp"
#include "transports/ofi/ofi.hpp"

namespace tutti::transport::conformance {
namespace {

class OfiWorld final : public World {
 public:
  explicit OfiWorld(std::string provider) : provider_(std::move(provider)) {}
  std::unique_ptr<Transport> make(Rank rank) override {
    return ofi::create({.rank = rank, .addresses = {}, .provider = provider_, .log = {}}).value();
  }

 private:
  std::string provider_;
};

std::vector<Joiner> joiners() {
  std::vector<Joiner> all;
  for (const std::string& provider : ofi::providers()) {
    all.push_back({.name = "ofi",
                   .make_world = [provider] { return std::make_unique<OfiWorld>(provider); },
                   .largest = std::size_t{256} << 20,
                   .between_processes = true,
                   .sleeps_quietly = provider == "tcp;ofi_rxm",
                   .variant = provider});
  }
  return all;
}

std::string variant_of(const testing::TestParamInfo<Joiner>& test) {
  std::string name = test.param.variant;
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Ofi, Conformance, testing::ValuesIn(joiners()), variant_of);
INSTANTIATE_TEST_SUITE_P(OfiFaulty, Conformance, testing::ValuesIn(under_faults(joiners())), variant_of);

}  // namespace
}  // namespace tutti::transport::conformance
