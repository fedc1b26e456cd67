// Every transport also passes the suite with harmless faults around it.
#include "conformance/conformance.hpp"
#include "transports/faulty/faulty.hpp"

namespace tutti::transport::conformance {
namespace {

class FaultyWorld final : public World {
 public:
  explicit FaultyWorld(std::unique_ptr<World> inner) : inner_(std::move(inner)) {}
  std::unique_ptr<Transport> make(Rank rank) override {
    const auto seed = static_cast<std::uint64_t>(index(rank)) + 1;
    return faulty::create(inner_->make(rank), faulty::harmless(seed)).value();
  }

 private:
  std::unique_ptr<World> inner_;
};

}  // namespace

std::vector<Joiner> under_faults(const std::vector<Joiner>& joiners) {
  std::vector<Joiner> all;
  for (Joiner joiner : joiners) {
    joiner.make_world = [inner = joiner.make_world] { return std::make_unique<FaultyWorld>(inner()); };
    joiner.largest = std::min(joiner.largest, std::size_t{16} << 20);
    joiner.variant += " faulty";
    all.push_back(std::move(joiner));
  }
  return all;
}

}  // namespace tutti::transport::conformance
