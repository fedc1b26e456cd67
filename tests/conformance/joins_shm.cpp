// shm passes the suite, also with a ring so small that everything wraps all the time, and where a receiver reads what
// it can out of the sender's memory.
#include "conformance/conformance.hpp"
#include "transports/shm/shm.hpp"

namespace tutti::transport::conformance {
namespace {

class ShmWorld final : public World {
 public:
  ShmWorld(std::size_t ring_bytes, std::size_t least_read) {
    options_.ring_bytes = ring_bytes;
    options_.least_read = least_read;
  }
  std::unique_ptr<Transport> make(Rank rank) override {
    auto options = options_;
    options.rank = rank;
    return shm::create(std::move(options)).value();
  }

 private:
  shm::ShmOptions options_{
      .rank = {}, .node_id = "test", .ring_bytes = 0, .key = {std::byte{42}}, .epoch = 3, .log = {}};
};

Joiner joiner(std::size_t ring_bytes, std::size_t largest, std::size_t least_read = 0) {
  return {.name = "shm",
          .make_world = [=] { return std::make_unique<ShmWorld>(ring_bytes, least_read); },
          .largest = largest,
          .between_processes = true,
          .variant = least_read > 0 ? "reading" : ""};
}

INSTANTIATE_TEST_SUITE_P(Shm, Conformance, testing::Values(joiner(256 << 10, 256 << 20)));
INSTANTIATE_TEST_SUITE_P(ShmWithSmallRings, Conformance, testing::Values(joiner(4096, 1 << 20)));
INSTANTIATE_TEST_SUITE_P(ShmReading, Conformance, testing::Values(joiner(256 << 10, 16 << 20, 64)));
INSTANTIATE_TEST_SUITE_P(ShmFaulty, Conformance, testing::ValuesIn(under_faults({joiner(256 << 10, 64 << 20)})));

}  // namespace
}  // namespace tutti::transport::conformance
