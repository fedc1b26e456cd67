// ofi passes the suite, over every provider of libfabric that this machine has for it: at least TCP; also over two
// rails, and where long puts are written by libfabric, as over RDMA.
#include <algorithm>

#include "conformance/conformance.hpp"
#include "transports/ofi/ofi.hpp"

namespace tutti::transport::conformance {
namespace {

class OfiWorld final : public World {
 public:
  explicit OfiWorld(ofi::OfiOptions options) : options_(std::move(options)) {}
  std::unique_ptr<Transport> make(Rank rank) override {
    auto options = options_;
    options.rank = rank;
    return ofi::create(options).value();
  }

 private:
  ofi::OfiOptions options_;
};

Joiner joiner(const ofi::OfiOptions& options, const std::string& suffix) {
  return {.name = "ofi",
          .make_world = [options] { return std::make_unique<OfiWorld>(options); },
          .largest = std::size_t{256} << 20,
          .between_processes = true,
          .sleeps_quietly = options.provider == "tcp;ofi_rxm",
          .guards_windows = options.direct != ofi::OfiOptions::Direct::always,
          .variant = options.provider + suffix};
}

std::vector<Joiner> joiners() {
  std::vector<Joiner> all;
  for (const std::string& provider : ofi::providers()) {
    ofi::OfiOptions options;
    options.provider = provider;
    all.push_back(joiner(options, ""));
    if (provider != "tcp;ofi_rxm") continue;
    options.per_device = 2;
    all.push_back(joiner(options, " two rails"));
    options.direct = ofi::OfiOptions::Direct::always;
    all.push_back(joiner(options, " direct"));
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
