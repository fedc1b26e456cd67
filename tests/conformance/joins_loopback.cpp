// loopback passes the suite, without and with buffers in flight.
#include "conformance/conformance.hpp"
#include "transports/loopback/loopback.hpp"

namespace tutti::transport::conformance {
namespace {

class LoopbackWorld final : public World {
 public:
  explicit LoopbackWorld(loopback::HubOptions options) : hub_(options) {}
  std::unique_ptr<Transport> make(Rank rank) override { return loopback::create(hub_, rank).value(); }

 private:
  loopback::Hub hub_;
};

Joiner joiner(std::size_t buffer) {
  return {.name = "loopback",
          .make_world = [buffer] { return std::make_unique<LoopbackWorld>(loopback::HubOptions{.buffer = buffer}); }};
}

INSTANTIATE_TEST_SUITE_P(Loopback, Conformance, testing::Values(joiner(0)));
INSTANTIATE_TEST_SUITE_P(LoopbackWithBuffers, Conformance, testing::Values(joiner(4096)));
INSTANTIATE_TEST_SUITE_P(LoopbackFaulty, Conformance, testing::ValuesIn(under_faults({joiner(0), joiner(4096)})));

}  // namespace
}  // namespace tutti::transport::conformance
