// What was measured: how it is kept, looked up, read and written, and how it goes before the model.
#include "plan/select/tuning.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "plan/exchange/exchange.hpp"
#include "plan/select/select.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

using topology::Levels;

Site site(const char* levels = "4x2", const char* cpu = "Model 7") {
  return Site::of(*Levels::parse(levels), 2, "shm,ucx", cpu, 8);
}

TunedChoice choice(Collective collective, std::uint64_t least, std::uint64_t most, const char* way = "ring",
                   std::uint32_t segments = 1) {
  return {.collective = collective,
          .least_bytes = least,
          .most_bytes = most,
          .measured_bytes = (least + most) / 2,
          .best = {way, segments, 12.5},
          .model = {has_root(collective) ? "binomial" : "circulant", 1, 15.25}};
}

TEST(TuningSite, IsKnownByAllThatTimesDependOn) {
  const Site one = site();
  EXPECT_EQ(one, site());
  EXPECT_EQ(one.fingerprint.size(), 16U);
  EXPECT_EQ(one.describe(), "8 ranks on 2 nodes, 4 x 2, shm,ucx, 8 cores, Model 7");
  const Levels levels = *Levels::parse("4x2");
  for (const Site& other :
       {site("2x4"), site("8"), site("3+5"), site("4x2", "Model 8"), Site::of(levels, 1, "shm,ucx", "Model 7", 8),
        Site::of(levels, 2, "shm", "Model 7", 8), Site::of(levels, 2, "shm,ucx", "Model 7", 4)})
    EXPECT_NE(one.fingerprint, other.fingerprint) << other.describe();
}

TEST(TuningSite, WithRanksInAnotherOrderIsAnotherOne) {
  const auto placed = *Levels::from_runs({{{2, 2}}, {{1, 2}}}, {0, 2, 1, 3});
  EXPECT_NE(Site::of(placed, 2, "shm", "x", 1).fingerprint,
            Site::of(*Levels::parse("2x2"), 2, "shm", "x", 1).fingerprint);
}

TEST(TuningRanges, ReachHalfwayToTheirNeighboursAndLeaveNoGap) {
  const auto ranges = ranges_of({64, 1024, 16384, 16385});
  ASSERT_EQ(ranges.size(), 4U);
  EXPECT_EQ(ranges[0].least, 64U);
  EXPECT_EQ(ranges[0].most, 256U);
  EXPECT_EQ(ranges[3].most, 16385U);
  for (std::size_t i = 1; i < ranges.size(); ++i) EXPECT_EQ(ranges[i].least, ranges[i - 1].most + 1);
  EXPECT_EQ(ranges_of({0}).front().most, 0U);
  EXPECT_TRUE(ranges_of({}).empty());
}

TEST(TunedSites, FindWhatFitsAndForgetWhatIsMeasuredAnew) {
  TunedSite known{site(), {}, {}};
  known.put(choice(Collective::all_reduce, 64, 256, "ring"));
  known.put(choice(Collective::all_reduce, 257, 1000, "swing"));
  known.put(choice(Collective::all_gather, 64, 1000, "bruck"));
  EXPECT_EQ(known.find(Collective::all_reduce, 63), nullptr);
  EXPECT_EQ(known.find(Collective::all_reduce, 256)->best.way, "ring");
  EXPECT_EQ(known.find(Collective::all_reduce, 257)->best.way, "swing");
  EXPECT_EQ(known.find(Collective::all_reduce, 1001), nullptr);
  EXPECT_EQ(known.find(Collective::broadcast, 100), nullptr);
  known.put(choice(Collective::all_reduce, 200, 700, "circulant"));  // 628 lies in it, 160 does not
  EXPECT_EQ(known.find(Collective::all_reduce, 199)->best.way, "ring");
  EXPECT_EQ(known.find(Collective::all_reduce, 200)->best.way, "circulant");
  EXPECT_EQ(known.find(Collective::all_reduce, 701), nullptr);
  EXPECT_EQ(known.find(Collective::all_gather, 300)->best.way, "bruck");
}

TuningTable table() {
  TuningTable all;
  all.at(site()).put(choice(Collective::all_reduce, 0, 1000, "circulant>ring", 2));
  all.at(site()).put(choice(Collective::broadcast, 0, 1000, "binomial"));
  all.at(site("8")).put(choice(Collective::all_gather, 5, 7, "bruck(3)"));
  return all;
}

TEST(TuningDocuments, ComeBackAsTheyWere) {
  const auto again = read_tuning(write_tuning(table()));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_TRUE(*again == table());
  EXPECT_EQ(again->sites.size(), 2U);
  EXPECT_TRUE(read_tuning(write_tuning({}))->sites.empty());
}

TEST(TuningDocuments, ErrorsNameThePlace) {
  const auto right = nlohmann::json::parse(write_tuning(table()));
  const auto refused = [&](const char* pointer, const nlohmann::json& value, const std::string& words) {
    auto changed = right;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    const auto read = read_tuning(changed.dump());
    ASSERT_FALSE(read) << words;
    EXPECT_NE(read.error().text.find(words), std::string::npos) << read.error().text;
  };
  refused("/schema", "tutti.plan/1", "/schema");
  refused("/sites/0/fingerprint", "xyz", "/sites/0/fingerprint: must be 16 hexadecimal digits");
  refused("/sites/1/fingerprint", right["sites"][0]["fingerprint"], "/sites/1: ");
  refused("/sites/0/ranks", 0, "/sites/0/ranks: 0 is not between");
  refused("/sites/0/colour", 1, "there is no field \"colour\"");
  refused("/sites/0/choices/0/collective", "all_reduced", "/sites/0/choices/0/collective");
  refused("/sites/0/choices/0/bytes", nlohmann::json::array({1}), "/sites/0/choices/0/bytes");
  refused("/sites/0/choices/0/bytes/0", -1, "/sites/0/choices/0/bytes/0");
  refused("/sites/0/choices/0/measured_bytes", 5000, "5000 is not between 0 and 1000");
  refused("/sites/0/choices/0/best/way", "rong", "/sites/0/choices/0/best/way");
  refused("/sites/0/choices/0/best/segments", 0, "/sites/0/choices/0/best/segments");
  refused("/sites/0/choices/0/best/us", "fast", "/sites/0/choices/0/best/us: must be a number");
  refused("/sites/0/choices/1", right["sites"][0]["choices"][0], "some of these sizes");
}

Selection select_with(const TunedSite* tuned, const Query& query, const char* forced = "", const char* levels = "4x2") {
  const auto fabric = topology::assumed_fabric(std::make_shared<const Levels>(*Levels::parse(levels)));
  auto selection = select(query, fabric, *ForcedAlgorithms::parse(forced), tuned);
  EXPECT_TRUE(selection) << (selection ? "" : selection.error().text);
  return *selection;
}

TEST(TunedSelection, PrefersWhatWasMeasuredAndSaysSo) {
  TunedSite known{site(), {}, {}};
  known.put(choice(Collective::all_reduce, 1000, 100000, "ring>ring", 2));
  const Query small{.collective = Collective::all_reduce, .count = 100};
  const Query middle{.collective = Collective::all_reduce, .count = 5000};
  ASSERT_NE(way_of(select_with(nullptr, middle).plan), "ring>ring");
  const auto selection = select_with(&known, middle);
  EXPECT_EQ(way_of(selection.plan), "ring>ring");
  EXPECT_EQ(selection.plan.segments, 2U);
  EXPECT_TRUE(selection.tuned);
  EXPECT_NE(selection.reason.find("measured: 12.5 us against 15.2 us of the model's choice, circulant"),
            std::string::npos)
      << selection.reason;
  EXPECT_FALSE(select_with(&known, small).tuned);
  EXPECT_EQ(way_of(select_with(&known, small).plan), way_of(select_with(nullptr, small).plan));
}

TEST(TunedSelection, GoesBehindWhatIsForcedAndNeverAroundARestriction) {
  TunedSite known{site(), {}, {}};
  known.put(choice(Collective::all_reduce, 0, 100000, "ring>ring"));
  const Query query{.collective = Collective::all_reduce, .count = 5000};
  EXPECT_EQ(way_of(select_with(&known, query, "all_reduce:circulant").plan), "circulant");
  Query deterministic = query;
  deterministic.deterministic = true;
  const auto selection = select_with(&known, deterministic);
  EXPECT_FALSE(selection.tuned);
  EXPECT_NE(selection.reason.find("what was measured, ring>ring, is not used: "), std::string::npos)
      << selection.reason;
}

TEST(TunedSelection, ServesEveryRootAndType) {
  TunedSite known{site(), {}, {}};
  known.put(choice(Collective::reduce, 0, 1 << 20, "binomial"));
  const auto selection =
      select_with(&known, {.collective = Collective::reduce, .count = 1000, .type = DataType::bf16, .root = Rank{5}});
  EXPECT_TRUE(selection.tuned);
  EXPECT_EQ(selection.plan.root, Rank{5});
  EXPECT_TRUE(selection.plan.widened);
}

const char* const kLinks =
    R"({"provenance": "measured", "levels": [{"latency_us": 1, "overhead_us": 0.5, "bandwidth_GBps": 4, "uplink_GBps": 0,
        "error": 0.1}], "reduce_GBps": 8, "copy_GBps": 9, "probes": 3, "seconds": 0.5})";

std::string with_links(const std::string& links) {
  return R"({"schema": "tutti.tuning/1", "sites": [{"fingerprint": "0123456789abcdef", "ranks": 4, "nodes": 1, "levels": "4",
            "transports": "shm", "cores": 4, "cpu": "x", "links": )" +
         links + R"(, "choices": []}]})";
}

TEST(TuningDocument, KeepsMeasuredLinks) {
  const auto table = read_tuning(with_links(kLinks));
  ASSERT_TRUE(table) << table.error().text;
  ASSERT_TRUE(table->sites.front().links);
  EXPECT_EQ(table->sites.front().links->levels.front().bandwidth_GBps, 4);
  EXPECT_EQ(*read_tuning(write_tuning(*table)), *table);
}

const char* const kMessages =
    R"({"provenance": "measured", "levels": [{"latency_us": 0.1, "overhead_us": 0.02, "bandwidth_GBps": 6, "uplink_GBps": 0,
        "error": 0, "exchange_us": [0, 0.1, 0.3, 0.7, 3, 10, 40, 160, 700, 3000],
        "window_us": [0, 0.1, 0.3, 0.7, 2, 4, 11, 40, 300, 2000], "combine_GBps": 30}],
        "call_us": 0.2, "reduce_GBps": 8, "copy_GBps": 9, "probes": 3, "seconds": 0.5})";

TEST(TuningDocument, KeepsWhatMessagesOfASizeTake) {
  const auto table = read_tuning(with_links(kMessages));
  ASSERT_TRUE(table) << table.error().text;
  const auto& links = *table->sites.front().links;
  EXPECT_EQ(links.call_us, 0.2);
  EXPECT_EQ(links.levels.front().exchange.of(65536), 10);
  EXPECT_EQ(links.levels.front().window.of(65536), 4);
  EXPECT_EQ(links.levels.front().combine_GBps, 30);
  EXPECT_EQ(*read_tuning(write_tuning(*table)), *table);
}

TEST(TuningDocument, RefusesTimesOfMessagesThatCannotBe) {
  const std::string right = "[0, 0.1, 0.3, 0.7, 3, 10, 40, 160, 700, 3000]";
  for (const char* const wrong :
       {"[1, 2, 3]", "[0, 0.1, 0.3, 0.7, 3, 10, 40, 160, 700, 0]", "[0, 0.1, -0.3, 0.7, 3, 10, 40, 160, 700, 3000]",
        "[0, 0.1, \"x\", 0.7, 3, 10, 40, 160, 700, 3000]", "[0, 0.1, 0.3, 0.7, 3, 10, 40, 160, 700, 3000, 9000]",
        "7"}) {
    std::string text = kMessages;
    text.replace(text.find(right), right.size(), wrong);
    const auto table = read_tuning(with_links(text));
    ASSERT_FALSE(table) << wrong;
    EXPECT_NE(table.error().text.find("exchange_us"), std::string::npos) << table.error().text;
  }
}

TEST(TuningDocument, RefusesLinksThatNobodyCanHaveMeasured) {
  const auto damaged = [](const std::string& from, const std::string& to) {
    std::string text = kLinks;
    text.replace(text.find(from), from.size(), to);
    return read_tuning(with_links(text)).error().text;
  };
  EXPECT_NE(damaged("\"measured\"", "\"assumed\"").find("/sites/0/links/provenance"), std::string::npos);
  EXPECT_NE(damaged("\"bandwidth_GBps\": 4", "\"bandwidth_GBps\": 0").find("bandwidth_GBps"), std::string::npos);
  EXPECT_NE(damaged("\"reduce_GBps\": 8", "\"reduce_GBps\": -8").find("reduce_GBps"), std::string::npos);
  EXPECT_NE(damaged("\"latency_us\": 1", "\"latency_us\": 1e300").find("latency_us"), std::string::npos);
  EXPECT_NE(damaged("\"probes\": 3, ", "").find("probes"), std::string::npos);
  EXPECT_NE(read_tuning(with_links(R"({"provenance": "measured", "levels": []})")).error().text.find("levels"),
            std::string::npos);
}

TEST(MeasuredLinks, TakeThePlaceOfAllNumbersAndSaySo) {
  topology::Fabric fabric;
  fabric.levels = std::make_shared<const topology::Levels>(*Levels::parse("4"));
  const auto table = read_tuning(with_links(kLinks));
  const auto measured = with_measured(fabric, *table->sites.front().links);
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->provenance, topology::Provenance::measured);
  EXPECT_EQ(measured->link(0).latency_us, 1);
  EXPECT_EQ(measured->link(0).bandwidth_GBps, 4);
  EXPECT_EQ(measured->reduce_GBps, 8);
  fabric.links.emplace_back();
  EXPECT_EQ(with_measured(fabric, *table->sites.front().links).error().text, "1 levels were measured, and there are 2");
}

}  // namespace
}  // namespace tutti::plan
