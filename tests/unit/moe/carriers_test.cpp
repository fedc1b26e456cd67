// The batches that break others, over each transport that carries groups of experts, with faults that nobody may
// notice: everything arrives, late, split and in another order.
#include <gtest/gtest.h>

#include <numeric>

#include "transports/ofi/ofi.hpp"
#include "transports/shm/shm.hpp"
#include "transports/ucx/ucx.hpp"
#include "unit/moe/oracle.hpp"

namespace tutti::moe {
namespace {

using transport::Transport;

std::unique_ptr<Transport> make_shm(Rank rank) {
  return transport::shm::create(
             {.rank = rank, .node_id = "experts", .ring_bytes = 4096, .key = {std::byte{7}}, .epoch = 5, .log = {}})
      .value();
}

std::unique_ptr<Transport> make_ucx(Rank rank) {
  transport::ucx::UcxOptions options;
  options.rank = rank;
  return transport::ucx::create(options).value();
}

std::unique_ptr<Transport> make_ofi(Rank rank) {
  return transport::ofi::create({.rank = rank, .addresses = {}, .provider = "tcp;ofi_rxm", .per_device = 1, .log = {}})
      .value();
}

struct Carrier {
  const char* name;
  std::unique_ptr<Transport> (*make)(Rank);
};

void PrintTo(const Carrier& carrier, std::ostream* out) {
  *out << carrier.name;
}

std::vector<Carrier> carriers() {
  std::vector<Carrier> all = {{"shm", make_shm}};
  if (transport::ucx::available()) all.push_back({"ucx", make_ucx});
  if (!transport::ofi::providers().empty()) all.push_back({"ofi", make_ofi});
  return all;
}

// Doubles in one token, and some choices that are none.
std::int64_t any_of(std::int32_t experts, std::uint64_t rank, std::uint64_t token, std::uint64_t k) {
  const auto drawn = mix(rank, token, k);
  return drawn % 11 == 0 ? -1 : static_cast<std::int64_t>(drawn / 11 % static_cast<std::uint64_t>(experts));
}

class Carriers : public testing::TestWithParam<std::tuple<Carrier, Route>> {
 protected:
  static constexpr std::int32_t kTopk = 3;

  static WorldOptions options(const std::vector<std::int32_t>& nodes, std::int32_t experts) {
    WorldOptions all;
    all.nodes = nodes;
    all.faulty = true;
    all.carrier = std::get<0>(GetParam()).make;
    all.settings.experts = experts;
    all.settings.limits = {.tokens = 64, .topk = kTopk};
    all.settings.row_bytes = 4096;
    all.settings.staging = {std::uint64_t{1} << 20};
    all.settings.route = std::get<1>(GetParam());
    return all;
  }

  static void check(const WorldOptions& options, const Batch& batch, const Shape& shape,
                    const std::vector<std::size_t>& columns) {
    World world(options);
    Trial trial(world, batch, shape);
    for (const Status& outcome : trial.plan()) ASSERT_TRUE(outcome) << outcome.error().text;
    trial.check_dispatch(columns);
    (void)trial.check_combine(57, Wire::f32, is_by_expert(shape.layout));
    trial.check_dispatch(columns);  // the same plan again
  }
};

TEST_P(Carriers, BringEveryRowOfEveryLayoutAndEveryShapeOfNodes) {
  std::size_t turn = 0;
  for (const std::vector<std::int32_t>& nodes :
       std::vector<std::vector<std::int32_t>>{{1}, {2}, {3}, {2, 2}, {1, 2, 3}}) {
    const auto ranks = std::accumulate(nodes.begin(), nodes.end(), 0);
    for (const std::int32_t experts : {1, ranks, 2 * ranks + 1}) {
      const auto layout = static_cast<Layout>(turn++ % 4);
      std::vector<std::int64_t> tokens;
      for (std::int64_t rank = 0; rank < ranks; ++rank) tokens.push_back(rank == 1 ? 0 : 9 - rank);
      const auto batch = make_batch(
          tokens, kTopk,
          [=](auto rank, auto token, auto k) {
            return any_of(experts, static_cast<std::uint64_t>(rank), token, static_cast<std::uint64_t>(k));
          },
          true);
      SCOPED_TRACE(testing::Message() << ranks << " ranks, " << experts << " experts, layout " << turn - 1);
      const Shape shape{
          .layout = layout, .align = layout == Layout::expert_major ? 16 : 1, .capacity = std::int64_t{64} * 8 * ranks};
      check(options(nodes, experts), batch, shape, {1500, 33, 4});
      if (HasFailure()) return;
    }
  }
}

TEST_P(Carriers, BringAllTokensToOneExpertWithTheLeastStagingMemory) {
  auto options = this->options({2, 2}, 9);
  options.settings.row_bytes = 256;
  options.settings.staging = {4 * 3 * 256};
  options.settings.in_flight = {1};
  const auto batch = make_batch(
      {40, 0, 64, 1}, kTopk, [](auto, auto, auto) { return 7; }, true);
  check(options, batch, {.layout = Layout::expert_major}, {256});
}

TEST_P(Carriers, DoWithoutTokensAndWithoutChoices) {
  check(options({2, 1}, 4),
        make_batch(
            {0, 0, 0}, kTopk, [](auto, auto, auto) { return 0; }, false),
        {}, {8});
  check(options({2, 1}, 4),
        make_batch(
            {5, 5, 5}, kTopk, [](auto, auto, auto) { return -1; }, false),
        {}, {8});
}

TEST_P(Carriers, BringRowsFromOneByteTo64KiB) {
  for (const std::size_t bytes : {1U, 1023U, 65536U}) {
    auto options = this->options({2, 2}, 8);
    options.settings.row_bytes = 65536;
    options.settings.staging = {std::uint64_t{4} << 20};
    const auto choose = [](auto rank, auto token, auto k) {
      return any_of(8, static_cast<std::uint64_t>(rank), token, static_cast<std::uint64_t>(k));
    };
    check(options, make_batch({6, 5, 4, 3}, kTopk, choose, false), {}, {bytes});
  }
}

INSTANTIATE_TEST_SUITE_P(Faulty, Carriers,
                         testing::Combine(testing::ValuesIn(carriers()),
                                          testing::Values(Route::direct, Route::hierarchical)),
                         [](const auto& test) {
                           const bool direct = std::get<1>(test.param) == Route::direct;
                           return std::string(std::get<0>(test.param).name) + (direct ? "_direct" : "_hierarchical");
                         });

}  // namespace
}  // namespace tutti::moe
