// Described fabrics: what is read, what is refused and where, and what the planner gets of it.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <new>
#include <string>

#include "topology/fabric/described.hpp"
#include "topology/fabric/presets.hpp"

namespace {
std::size_t live = 0;
std::size_t most_live = 0;
}  // namespace

// Counts what is allocated at the same time.
void* operator new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  live += malloc_usable_size(memory);
  most_live = std::max(most_live, live);
  return memory;
}
void operator delete(void* memory) noexcept {
  live -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  operator delete(memory);
}

namespace tutti::topology {
namespace {

std::string level(const std::string& name, const std::string& arity, const std::string& more = "") {
  const auto quantity = [](const char* value) {
    return std::string(R"({"value": )") + value + R"(, "provenance": "measured", "source": "here"})";
  };
  return "  {\"name\": \"" + name + "\", \"kind\": \"switch\", \"port\": \"" + name +
         "\",\n   \"arity\": " + quantity(arity.c_str()) + ",\n   \"bandwidth_up_GBps\": " + quantity("10") +
         ",\n   \"latency_us\": " + quantity("1") + ",\n   \"overhead_us\": " + quantity("0.1") + more + "}";
}

std::string fabric(const std::string& levels, const std::string& more = "") {
  return "{\"schema\": \"tutti.fabric/1\", \"name\": \"made-up\",\n \"levels\": [\n" + levels + "]" + more + "}";
}

std::string error_of(const std::string& json) {
  const auto read = read_description(json);
  return read ? "" : read.error().text;
}

Description made_up(const std::string& levels, const std::string& more = "") {
  auto read = read_description(fabric(levels, more));
  EXPECT_TRUE(read) << (read ? "" : read.error().text);
  return read ? *read : Description{};
}

TEST(Presets, AllAreSoundAndSayWhereEveryNumberComesFrom) {
  EXPECT_GE(presets().size(), 18U);
  for (const Preset& preset : presets()) {
    const auto description = read_preset(preset.name);
    ASSERT_TRUE(description) << preset.name << ": " << description.error().text;
    EXPECT_EQ(description->name, preset.name);
    EXPECT_FALSE(description->about.empty()) << preset.name;
    for (const NamedQuantity& named : quantities_of(*description)) {
      EXPECT_GT(named.quantity->source.size(), 5U) << preset.name << " " << named.where << " " << named.what;
      EXPECT_NE(named.quantity->source, "the description does not say") << preset.name << " " << named.what;
    }
    const auto planned = fabric_of(*description);
    ASSERT_TRUE(planned) << preset.name << ": " << planned.error().text;
    EXPECT_EQ(planned->ranks(), description->ranks());
    EXPECT_EQ(planned->links.size(), static_cast<std::size_t>(planned->levels->depth()));
  }
}

TEST(Presets, StayTheSameWhenTheyAreWrittenAndReadAgain) {
  for (const Preset& preset : presets()) {
    const std::string once = write_description(*read_preset(preset.name));
    const auto again = read_description(once);
    ASSERT_TRUE(again) << preset.name << ": " << again.error().text;
    EXPECT_EQ(write_description(*again), once);
    EXPECT_EQ(*fabric_of(*again)->levels, *fabric_of(*read_preset(preset.name))->levels);
  }
}

TEST(Presets, TakeLessThanOneMebibyteForAHundredThousandRanks) {
  const std::size_t before = live;
  most_live = live;
  const auto planned = fabric_of(*read_preset("baidu-hpn-100k"));
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->ranks(), 98304);
  EXPECT_EQ(meeting_level(*planned->levels, Rank{0}, Rank{98303}), 3);
  EXPECT_LT(most_live - before, std::size_t{1} << 20);
}

TEST(Presets, NameTheNearestWhenOneDoesNotExist) {
  const auto wrong = read_preset("dgx-superpod-h200");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().text.find("the nearest is dgx-superpod-h100"), std::string::npos) << wrong.error().text;
}

TEST(Described, RefusesUnknownKeysWithTheLineAndTheNearestOne) {
  const auto error = error_of(fabric(level("node", "8", ",\n   \"latencyus\": 1")));
  EXPECT_NE(error.find("line 8: latencyus"), std::string::npos) << error;
  EXPECT_NE(error.find("nearest is latency_us"), std::string::npos) << error;
  EXPECT_NE(error_of(fabric(level("node", "8"), ",\n \"hostz\": []")).find("nearest is hosts"), std::string::npos);
}

TEST(Described, RefusesWhatIsImpossibleOrContradictsItself) {
  const std::string node = level("node", "8");
  std::string slow = node;
  slow.replace(slow.find("\"value\": 10"), 11, "\"value\": 0");
  EXPECT_NE(error_of(fabric(slow)).find("line 5: value: 0 is not between"), std::string::npos)
      << error_of(fabric(slow));
  EXPECT_NE(error_of(fabric("")).find("at least one level"), std::string::npos);
  EXPECT_NE(error_of(fabric(node + ",\n" + node)).find("two levels are named node"), std::string::npos);
  EXPECT_NE(error_of(fabric(level("node", "\"3+5\"") + ",\n" + level("pod", "3"))).find("2 groups are described"),
            std::string::npos);
  EXPECT_NE(error_of(fabric(node, ", \"ranks\": 9")).find("hold 8 ranks"), std::string::npos);
  EXPECT_NE(error_of(fabric(node, ", \"node\": \"nod\"")).find("nearest is node"), std::string::npos);
  EXPECT_NE(error_of(fabric(node, ", \"hosts\": [\"a\", \"b\"]")).find("2 hosts"), std::string::npos);
  EXPECT_NE(error_of(fabric(node + ",\n" + level("pod", "2"), ", \"hosts\": [\"a\", \"a\"]")).find("named twice"),
            std::string::npos);
  EXPECT_NE(error_of(fabric(level("node", "2"), ", \"placement\": [1, 1]")).find("missing or doubled"),
            std::string::npos);
  const auto rails = level("pod", "2", R"(, "rails": {"value": 9, "provenance": "assumed", "source": "x"})");
  EXPECT_NE(error_of(fabric(node + ",\n" + rails)).find("9 rails"), std::string::npos);
  for (const char* const arity : {"0", "-1", "2.5", "\"3+\"", "\"*2\"", "\"\"", "true", "99999999999"})
    EXPECT_NE(error_of(fabric(level("node", arity))), "") << arity;
  EXPECT_NE(error_of(fabric(level("a", "9999999") + "," + level("b", "999999"))).find("more than"), std::string::npos);
}

TEST(Described, RefusesOtherSchemasKindsAndOrigins) {
  EXPECT_NE(error_of(R"({"schema": "tutti.plan/1"})").find("tutti.fabric/1"), std::string::npos);
  std::string json = fabric(level("node", "8"));
  json.replace(json.find("measured"), 8, "mesured");
  EXPECT_NE(error_of(json).find("nearest is measured"), std::string::npos) << error_of(json);
  json = fabric(level("node", "8"));
  json.replace(json.find("\"switch\""), 8, "\"swicth\"");
  EXPECT_NE(error_of(json).find("nearest is switch"), std::string::npos) << error_of(json);
}

TEST(Described, OversubscriptionBecomesAnUplinkThatAUnitShares) {
  const auto more = R"(, "oversubscription": {"value": 4, "provenance": "measured", "source": "here"})";
  const auto planned = fabric_of(made_up(level("node", "8") + "," + level("pod", "4", more)));
  ASSERT_TRUE(planned);
  EXPECT_DOUBLE_EQ(planned->link(1).uplink_GBps, 20);  // 8 ranks of 10 GB/s, a fourth of it
  EXPECT_EQ(planned->link(0).uplink_GBps, 0);
  EXPECT_NE(planned->link(0).port, planned->link(1).port);
}

TEST(Described, RingsAndToriHaveHopsAndOthersHaveOne) {
  EXPECT_EQ(hops_between(LevelKind::torus, 16, 1, 15), 2);
  EXPECT_EQ(hops_between(LevelKind::ring, 5, 0, 3), 2);
  EXPECT_EQ(hops_between(LevelKind::torus, 16, 3, 3), 0);
  EXPECT_EQ(hops_between(LevelKind::clos, 16, 1, 15), 1);
  for (const std::int32_t units : {2, 3, 4, 5, 16, 17}) {
    double all = 0;
    for (std::int32_t other = 1; other < units; ++other) all += hops_between(LevelKind::ring, units, 0, other);
    EXPECT_DOUBLE_EQ(average_hops(LevelKind::ring, units), all / (units - 1)) << units;
  }
  EXPECT_EQ(average_hops(LevelKind::single, 64), 1);
  EXPECT_EQ(average_hops(LevelKind::torus, 1), 1);
  EXPECT_DOUBLE_EQ(fabric_of(*read_preset("tpu-v4"))->link(0).hops, 64.0 / 15);
  EXPECT_DOUBLE_EQ(fabric_of(*read_preset("meta-roce-24k"))->link(0).hops, 1);
}

TEST(Described, TheFirstRanksKeepWholeNodesAndARest) {
  const auto description = made_up(level("node", "8") + "," + level("leaf", "4") + "," + level("pod", "3"));
  EXPECT_EQ(fabric_of(description, 96)->levels->describe(), "8 x 4 x 3");
  EXPECT_EQ(fabric_of(description, 75)->levels->describe(), "(9*8 3) x (2*4 2) x 3");
  EXPECT_EQ(fabric_of(description, 5)->levels->describe(), "5");
  EXPECT_EQ(fabric_of(description, 1)->levels->ranks(), 1);
  EXPECT_EQ(fabric_of(description, 5)->links.size(), 1U);
  EXPECT_FALSE(fabric_of(description, 97));
}

TEST(DescribedJob, NodesTakeTheirPlacesAndRanksFollow) {
  const auto description = made_up(level("node", "2") + "," + level("leaf", "2") + "," + level("pod", "2"));
  const Layout layout = Layout::regular(3, 2);
  const auto first = fabric_of(description, Job{.layout = &layout, .nodes = {}, .links = {.cores = 8}});
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_EQ(first->levels->describe(), "2 x (2 1) x 2");
  const auto placed = fabric_of(description, Job{.layout = &layout, .nodes = {3, 0, 2}, .links = {.cores = 8}});
  ASSERT_TRUE(placed) << placed.error().text;
  EXPECT_EQ(placed->levels->describe(), "2 x (1 2) x 2");
  EXPECT_EQ(placed->levels->rank_at(0), Rank{2});  // the job's second node is the first of the fabric
  EXPECT_EQ(meeting_level(*placed->levels, Rank{0}, Rank{4}), 1);
  EXPECT_EQ(meeting_level(*placed->levels, Rank{0}, Rank{2}), 2);
}

TEST(DescribedJob, HasAsManyRanksANodeAsItLikes) {
  const auto description =
      made_up(level("socket", "4") + "," + level("node", "2") + "," + level("pod", "4"), ", \"node\": \"node\"");
  const Layout whole = Layout::regular(2, 8);
  EXPECT_EQ(fabric_of(description, Job{.layout = &whole, .nodes = {}, .links = {.cores = 8}})->levels->describe(),
            "4 x 2 x 2");
  const Layout few = Layout::regular(2, 3);
  EXPECT_EQ(fabric_of(description, Job{.layout = &few, .nodes = {}, .links = {.cores = 8}})->levels->describe(),
            "3 x 2");
}

TEST(DescribedJob, RefusesMoreNodesThanThereAre) {
  const auto description = made_up(level("node", "2") + "," + level("pod", "2"));
  const Layout layout = Layout::regular(3, 2);
  const auto planned = fabric_of(description, Job{.layout = &layout, .nodes = {}, .links = {.cores = 8}});
  ASSERT_FALSE(planned);
  EXPECT_NE(planned.error().text.find("3 nodes, but fabric made-up describes 2"), std::string::npos);
}

TEST(DescribedJob, PaysForRanksThatShareCores) {
  const auto description = made_up(level("node", "8") + "," + level("pod", "2"));
  const Layout layout = Layout::regular(2, 8);
  const auto free = fabric_of(description, Job{.layout = &layout, .nodes = {}, .links = {.cores = 8}});
  const auto crowded = fabric_of(description, Job{.layout = &layout, .nodes = {}, .links = {.cores = 2}});
  EXPECT_DOUBLE_EQ(crowded->link(0).bandwidth_GBps, free->link(0).bandwidth_GBps / 4);
  EXPECT_GT(crowded->link(0).latency_us, free->link(0).latency_us);
  EXPECT_DOUBLE_EQ(crowded->link(1).overhead_us, 4 * free->link(1).overhead_us);
}

}  // namespace
}  // namespace tutti::topology
