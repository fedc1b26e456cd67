// What a comparison shows: ratios, limits, columns, data and lines.
#include <gtest/gtest.h>

#include "tools/perf/compare/limits.hpp"
#include "tools/perf/document.hpp"
#include "tools/perf/plot.hpp"
#include "tools/perf/table.hpp"

namespace tutti::perf {
namespace {

constexpr const char* kLimits = R"({"schema": "tutti.limits/1", "round_trip_us": 0.2,
  "bandwidth": [{"what": "copy", "stores": "plain", "cores": 2, "bytes": 4096, "us": 1.0},
                {"what": "copy", "stores": "streaming", "cores": 2, "bytes": 4096, "us": 2.0},
                {"what": "copy", "stores": "plain", "cores": 2, "bytes": 8192, "us": 3.0},
                {"what": "copy", "stores": "plain", "cores": 1, "bytes": 4096, "us": 0.5},
                {"what": "reduce", "stores": "plain", "cores": 2, "bytes": 4096, "us": 4.0}],
  "all_reduce": [{"ranks": 2, "bytes": 8, "us": 0.15}, {"ranks": 2, "bytes": 1024, "us": 0.25}]})";

Row raced_row() {
  Row row;
  row.shape = {.count = 256, .send = 256, .recv = 256, .bytes = 1024};
  row.out_of_place.time_us = 2;
  row.out_of_place.slowest = {.min = 1, .p50 = 2, .p99 = 3, .max = 3};
  row.out_of_place.duel = Duel{{.min = 5, .p50 = 6, .p99 = 7, .max = 7}, {2.5, 3, 3.5}};
  row.in_place.slowest = {.min = 1, .p50 = 2, .p99 = 3, .max = 3};
  row.limit_us = 0.5;
  return row;
}

Job against_someone() {
  Job job{.ranks = 2, .nodes = 1, .hosts = {"host"}, .devices = {}};
  job.peer = PeerName{"Someone", "Someone 1.2"};
  return job;
}

TEST(PerfCompare, SpreadIsOfValuesThatWereMeasured) {
  const Spread spread = spread_of({10, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(spread.p10, 1);
  EXPECT_EQ(spread.p50, 5);
  EXPECT_EQ(spread.p90, 9);
  EXPECT_EQ(spread_of({7}).p10, 7);
}

TEST(PerfCompare, LimitsAreThoseOfAsManyCoresAsRanks) {
  const auto limits = parse_limits(kLimits, 2);
  ASSERT_TRUE(limits) << limits.error().text;
  EXPECT_DOUBLE_EQ(*limits->of(Kind::all_reduce, 8, 2), 0.15);
  EXPECT_DOUBLE_EQ(*limits->of(Kind::all_reduce, 516, 2), 0.2) << "half way between two sizes";
  EXPECT_DOUBLE_EQ(*limits->of(Kind::all_reduce, 4096, 2), 1.0) << "beyond the end at its bandwidth";
  EXPECT_DOUBLE_EQ(*limits->of(Kind::all_gather, 4096, 2), 1.0) << "the better kind of store";
  EXPECT_DOUBLE_EQ(*limits->of(Kind::reduce_scatter, 8192, 2), 4.0) << "a rank's part";
  EXPECT_DOUBLE_EQ(*limits->of(Kind::all_gather, 8, 2), 0.1) << "nothing is faster than a cache line";
  EXPECT_DOUBLE_EQ(*limits->of(Kind::barrier, 0, 2), 0.1);
  EXPECT_FALSE(limits->of(Kind::broadcast, 4096, 2));
}

TEST(PerfCompare, MoreRanksThanCoresHaveNoLimit) {
  const auto limits = parse_limits(kLimits, 8);
  ASSERT_TRUE(limits) << limits.error().text;
  for (const Collective& collective : kCollectives)
    EXPECT_FALSE(limits->of(collective.kind, 4096, 8)) << collective.name;
}

TEST(PerfCompare, OtherDocumentsAreNoLimits) {
  for (const char* const text :
       {"", "[]", "{}", "null", R"({"schema": "tutti.perf/1"})", R"({"schema": "tutti.limits/1"})",
        R"({"schema": "tutti.limits/1", "bandwidth": [], "all_reduce": [3]})",
        R"({"schema": "tutti.limits/1", "bandwidth": [], "all_reduce": [{"ranks": 2}]})",
        R"({"schema": "tutti.limits/1", "bandwidth": [], "all_reduce": [{"ranks": 2, "bytes": -1, "us": 1}]})",
        R"({"schema": "tutti.limits/1", "bandwidth": [], "all_reduce": [{"ranks": 2, "bytes": 8, "us": "fast"}]})",
        R"({"schema": "tutti.limits/1", "bandwidth": [{"cores": 2}], "all_reduce": []})"}) {
    const auto limits = parse_limits(text, 2);
    ASSERT_FALSE(limits) << text;
    EXPECT_EQ(limits.error().code, Code::invalid_argument) << text;
    EXPECT_EQ(limits.error().text.rfind("--limits: ", 0), 0U) << limits.error().text;
  }
}

TEST(PerfCompare, RowsAreAsWideAsTheirHead) {
  Options options;
  options.peer = "mpi";
  options.limits_file = "limits.json";
  const std::string head = format_head(options, against_someone(), 100);
  const std::size_t end = head.size() - 1;
  const std::size_t width = end - head.rfind('\n', end - 1) - 1;
  const std::string row = format_row(options, raced_row(), 2);
  EXPECT_EQ(row.size() - 1, width) << head << row;
  EXPECT_NE(row.find("   3.00   2.50   3.50"), std::string::npos) << row;
  EXPECT_NE(row.find("N/A"), std::string::npos) << "in place was not compared: " << row;
  EXPECT_NE(head.find("# By turns with Someone 1.2"), std::string::npos) << head;
}

TEST(PerfCompare, DocumentNamesThePeerAndItsTimes) {
  const auto json = document_of({}, against_someone(), {raced_row()});
  EXPECT_EQ(json["peer"]["name"], "Someone");
  EXPECT_EQ(json["peer"]["version"], "Someone 1.2");
  const auto& row = json["peer"]["rows"][0];
  EXPECT_EQ(row["bytes"], 1024);
  EXPECT_EQ(row["out_of_place"]["time_us"]["p50"], 6);
  EXPECT_EQ(row["out_of_place"]["speedup"], nlohmann::ordered_json({{"p10", 2.5}, {"p50", 3.0}, {"p90", 3.5}}));
  EXPECT_FALSE(row["out_of_place"].contains("wrong"));
  EXPECT_TRUE(row["in_place"].is_null());
  EXPECT_EQ(json["rows"][0]["limit_us"], 0.5);
}

TEST(PerfCompare, PictureHasLinesForThePeerAndTheLimit) {
  const std::string with = plot_script("a.svg", {}, against_someone(), {raced_row()});
  EXPECT_NE(with.find("'' using 1:6 with linespoints title 'Someone'"), std::string::npos) << with;
  EXPECT_NE(with.find("'' using 1:9 with lines"), std::string::npos) << with;
  Row alone = raced_row();
  alone.out_of_place.duel.reset();
  alone.limit_us.reset();
  const std::string without = plot_script("a.svg", {}, {2, 1, {}, {}}, {alone});
  EXPECT_EQ(without.find("1:6"), std::string::npos) << without;
  EXPECT_EQ(without.find("limit"), std::string::npos) << without;
}

}  // namespace
}  // namespace tutti::perf
