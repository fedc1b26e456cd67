#include <gtest/gtest.h>

#include "tools/perf/p2p/document.hpp"
#include "tools/perf/p2p/table.hpp"

namespace tutti::perf::p2p {
namespace {

Site two_nodes() {
  return {.ranks = 4,
          .ends = {1, 3},
          .from_host = "a",
          .to_host = "b",
          .same_node = false,
          .transports = {"ucx"},
          .paths = {"ucx tcp eth0"}};
}

Row measured_row() {
  Row row;
  row.bytes = 1000;
  row.window = 10;
  for (const Mode mode : kModes) take_in(row, mode, {100, 300});
  row.wrong = 0;
  return row;
}

TEST(PerfP2pOptions, ModesAreAllOrNamesEachOnce) {
  EXPECT_EQ(parse_modes("all")->size(), kModes.size());
  EXPECT_EQ(*parse_modes("rate,latency,rate"), (std::vector<Mode>{Mode::rate, Mode::latency}));
  for (const Mode mode : kModes) EXPECT_EQ(*parse_modes(to_string(mode)), std::vector<Mode>{mode});
}

TEST(PerfP2pOptions, RefuseAModeThatIsNoneAndNameThoseThatAre) {
  for (const char* text : {"", "latency,", "fast", "latency bandwidth"}) {
    const auto modes = parse_modes(text);
    ASSERT_FALSE(modes) << text;
    EXPECT_EQ(modes.error().code, Code::invalid_argument);
    EXPECT_NE(modes.error().text.find("bidirectional"), std::string::npos);
  }
}

TEST(PerfP2pOptions, EndsAreTheFirstAndTheLastRankUnlessNamed) {
  Options options;
  EXPECT_EQ(ends_of(options, 5)->from, 0);
  EXPECT_EQ(ends_of(options, 5)->to, 4);
  options.from = 3;
  options.to = 0;
  EXPECT_EQ(ends_of(options, 5)->from, 3);
  EXPECT_EQ(ends_of(options, 5)->to, 0);
}

TEST(PerfP2pOptions, RefuseOneRankUnknownRanksAndTheSameTwice) {
  Options options;
  EXPECT_NE(ends_of(options, 1).error().text.find("the only one"), std::string::npos);
  options.to = 4;
  EXPECT_NE(ends_of(options, 4).error().text.find("--to 4: there is no such rank; this job has 0 to 3"),
            std::string::npos);
  options.from = -1;
  EXPECT_NE(ends_of(options, 4).error().text.find("--from -1"), std::string::npos);
  options.from = options.to.emplace(2);
  EXPECT_NE(ends_of(options, 4).error().text.find("both rank 2"), std::string::npos);
}

TEST(PerfP2pOptions, WindowsShrinkForLargeMessagesDownToOne) {
  Options options;
  EXPECT_EQ(window_of(options, 0), 64);
  EXPECT_EQ(window_of(options, kMostInFlight / 64), 64);
  EXPECT_EQ(window_of(options, kMostInFlight / 8), 8);
  EXPECT_EQ(window_of(options, kMostInFlight * 4), 1);
  options.window = 2;
  EXPECT_EQ(window_of(options, 1), 2);
}

TEST(PerfP2pOptions, SizesGoFromNothingOverOneByFactors) {
  Options options;
  EXPECT_EQ(sizes_of(options.sweep).size(), 23U);
  options.sweep.min_bytes = 0;
  options.sweep.max_bytes = 4;
  EXPECT_EQ(sizes_of(options.sweep), (std::vector<std::size_t>{0, 1, 2, 4}));
}

TEST(PerfP2pTimes, LatencyIsHalfOfARoundTripAndTheRestIsOfAllMessages) {
  const Row row = measured_row();
  EXPECT_DOUBLE_EQ(row.latency_us->min, 50);
  EXPECT_DOUBLE_EQ(row.latency_us->p99, 150);
  EXPECT_DOUBLE_EQ(*row.bandwidth_GBps, 20 * 1000 / 400.0 / 1000);  // 2 windows of 10 messages in 400 us
  EXPECT_DOUBLE_EQ(*row.bidirectional_GBps, 2 * *row.bandwidth_GBps);
  EXPECT_DOUBLE_EQ(*row.messages_per_s, 20 / 400e-6);
}

TEST(PerfP2pTable, HeadNamesEndsAndPathAndIsAsWideAsTheRows) {
  Options options;
  const std::string head = format_head(options, two_nodes());
  EXPECT_NE(head.find("# From rank 1 (a) to rank 3 (b), on two nodes, of 4 ranks\n# Path ucx tcp eth0\n"),
            std::string::npos)
      << head;
  const auto begin = head.find("#       size");
  EXPECT_EQ(format_row(options, measured_row()).size() - 1, head.find('\n', begin) - begin);
  EXPECT_EQ(format_row(options, measured_row()),
            "        1000      10    50.00    50.00   150.00    0.0500    0.1000    0.0500       0\n");
}

TEST(PerfP2pTable, HasColumnsForWhatWasMeasuredOnly) {
  Options options;
  options.modes = {Mode::bandwidth};
  Row row = measured_row();
  row.wrong.reset();
  EXPECT_EQ(format_head(options, two_nodes()).find("l_p50"), std::string::npos);
  EXPECT_EQ(format_row(options, row), "        1000      10    0.0500     N/A\n");
  EXPECT_EQ(format_tail(2), "# Out of bounds values : 2 FAILED\n");
}

TEST(PerfP2pDocument, FollowsTheSchema) {
  const Options options;
  const auto json = document_of(options, two_nodes(), {measured_row()});
  EXPECT_EQ(json["schema"], "tutti.p2p/1");
  EXPECT_EQ(json["from"], nlohmann::ordered_json({{"rank", 1}, {"host", "a"}}));
  EXPECT_EQ(json["to"]["rank"], 3);
  EXPECT_EQ(json["same_node"], false);
  EXPECT_EQ(json["paths"][0], "ucx tcp eth0");
  EXPECT_EQ(json["modes"], nlohmann::ordered_json({"latency", "bandwidth", "bidirectional", "rate"}));
  const auto& row = json["rows"][0];
  EXPECT_EQ(row["bytes"], 1000);
  EXPECT_EQ(row["window"], 10);
  EXPECT_EQ(row["latency_us"]["p50"], 50);
  EXPECT_EQ(row["wrong"], 0);
}

TEST(PerfP2pDocument, LeavesOutWhatWasNotMeasured) {
  Options options;
  options.modes = {Mode::rate};
  Row row;
  take_in(row, Mode::rate, {1});
  const auto json = document_of(options, two_nodes(), {row});
  EXPECT_TRUE(json["rows"][0].contains("messages_per_s"));
  EXPECT_FALSE(json["rows"][0].contains("latency_us"));
  EXPECT_TRUE(json["rows"][0]["wrong"].is_null());
}

}  // namespace
}  // namespace tutti::perf::p2p
