#include "tools/perf/table.hpp"

#include <gtest/gtest.h>

#include "tools/gnuplot/gnuplot.hpp"
#include "tools/perf/blocks.hpp"
#include "tools/perf/document.hpp"
#include "tools/perf/plot.hpp"

namespace tutti::perf {
namespace {

Row all_reduce_row() {
  Row row;
  row.shape = shape_of(*find_collective("all_reduce"), 1048576, 4, 4, 0);
  row.out_of_place = {100.0, statistics_of({90, 100, 110, 400}), 0};
  row.in_place = {98.765, statistics_of({98, 99}), 3};
  row.algorithm = "ring";
  row.transports = {"shm"};
  return row;
}

TEST(PerfTable, HasTheColumnsOfNcclTests) {
  Options options;
  EXPECT_EQ(format_row(options, all_reduce_row(), 4),
            "     1048576        262144     float     sum      -1   100.00   10.49   15.73       0    98.77   10.62   "
            "15.93       3\n");
}

TEST(PerfTable, SaysNotApplicableWithoutAWrongCount) {
  Options options;
  options.collective = *find_collective("sendrecv");
  Row row = all_reduce_row();
  row.in_place.wrong.reset();
  const std::string text = format_row(options, row, 4);
  EXPECT_NE(text.find("    none      -1"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("     N/A\n")) << text;
}

TEST(PerfTable, HeadNamesTheTestAndItsParameters) {
  Options options;
  options.min_bytes = 8;
  options.factor = 2;
  const std::string head = format_head(options, {2, 1, {"host"}, {"  Rank  0", "  Rank  1"}}, 100);
  EXPECT_NE(head.find("# Collective test starting: all_reduce_perf\n"), std::string::npos);
  EXPECT_NE(head.find("minBytes 8 maxBytes 33554432 step: 2(factor) warmup iters: 1 iters: 20"), std::string::npos);
  EXPECT_NE(
      head.find("#       size         count      type   redop    root     time   algbw   busbw  #wrong     time   "
                "algbw   busbw  #wrong\n"),
      std::string::npos);
}

TEST(PerfTable, HeadAndRowsAreEquallyWideWithIterationTimes) {
  Options options;
  options.per_iteration = true;
  const std::string head = format_head(options, {2, 1, {"host"}, {}}, 100);
  const auto begin = head.find("#       size");
  const auto width = head.find('\n', begin) - begin;
  EXPECT_EQ(format_row(options, all_reduce_row(), 4).size() - 1, width);
}

TEST(PerfTable, TailFailsOnWrongElementsAndOnlyThenOnBandwidth) {
  Options options;
  Totals totals;
  EXPECT_TRUE(totals.passed());
  totals.add(options, all_reduce_row(), 4);
  EXPECT_EQ(totals.wrong, 3U);
  EXPECT_FALSE(totals.passed());
  EXPECT_NE(format_tail(options, totals).find("# Out of bounds values : 3 FAILED\n# Avg bus bandwidth    : 15.8"),
            std::string::npos);
  totals.wrong = 0;
  totals.least_bus = 100;
  EXPECT_FALSE(totals.passed());
  totals.least_bus = 17;  // nine tenths of it are enough
  EXPECT_TRUE(totals.passed());
}

TEST(PerfTable, NumbersFitTheirColumns) {
  EXPECT_EQ(format_number(1.234, 7), "   1.23");
  EXPECT_EQ(format_number(12345.678, 7), "12345.7");
  EXPECT_EQ(format_number(1234567.8, 7), "1234568");
  EXPECT_EQ(format_number(0, 6), "  0.00");
}

TEST(PerfFactors, AreThoseOfNcclTests) {
  EXPECT_DOUBLE_EQ(bus_factor(Kind::all_reduce, 8), 1.75);
  EXPECT_DOUBLE_EQ(bus_factor(Kind::all_gather, 8), 0.875);
  EXPECT_DOUBLE_EQ(bus_factor(Kind::reduce_scatter, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Kind::gather, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Kind::scatter, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Kind::all_to_all, 8), 0.875);
  EXPECT_DOUBLE_EQ(bus_factor(Kind::broadcast, 8), 1);
  EXPECT_DOUBLE_EQ(bus_factor(Kind::all_reduce, 1), 0);
}

TEST(PerfShapes, AreWholeBlocksOfTheArray) {
  const Shape gather = shape_of(*find_collective("all_gather"), 1000, 4, 3, 1);
  EXPECT_EQ(gather.count, 83U);
  EXPECT_EQ(gather.recv, 249U);
  EXPECT_EQ(gather.bytes, 996U);
  const Shape scatter = shape_of(*find_collective("reduce_scatter"), 1000, 4, 3, 1);
  EXPECT_EQ(scatter.count, 83U);
  EXPECT_EQ(scatter.send, 249U);
  EXPECT_EQ(shape_of(*find_collective("broadcast"), 7, 4, 3, 0).bytes, 4U);
  const Shape exchange = shape_of(*find_collective("alltoall"), 1000, 4, 3, 1);
  EXPECT_EQ(exchange.send, 249U);
  EXPECT_EQ(exchange.recv, 249U);
}

TEST(PerfShapes, OfBlocksOfDifferentLengthsFitTheArrayAndLeaveSomeRanksWithNothing) {
  for (const Collective& collective : kCollectives) {
    if (!collective.uneven) continue;
    SCOPED_TRACE(collective.name);
    for (std::size_t ranks = 1; ranks < 12; ++ranks) {
      bool empty = false;
      const Shape first = shape_of(collective, 40000, 4, ranks, 0);
      EXPECT_GT(first.bytes, 0U);
      for (std::size_t rank = 0; rank < ranks; ++rank) {
        const Shape shape = shape_of(collective, 40000, 4, ranks, rank);
        EXPECT_EQ(shape.bytes, first.bytes);
        EXPECT_LE(shape.bytes, 40000U);
        EXPECT_LE(std::max(shape.send, shape.recv) * 4, shape.bytes);
        for (std::size_t to = 0; to < ranks; ++to)
          empty = empty || block_length(collective, shape.count, rank, to) == 0;
      }
      EXPECT_TRUE(empty || ranks == 1);
    }
  }
}

TEST(PerfSizes, GoByFactorOrByStep) {
  Options options;
  options.min_bytes = 8;
  options.max_bytes = 64;
  options.factor = 2;
  EXPECT_EQ(sizes_of(options), (std::vector<std::size_t>{8, 16, 32, 64}));
  options.factor = 1;
  options.step_bytes = 30;
  EXPECT_EQ(sizes_of(options), (std::vector<std::size_t>{8, 38}));
  options.step_bytes = 0;
  EXPECT_EQ(sizes_of(options), (std::vector<std::size_t>{8}));
  options.min_bytes = 100;
  EXPECT_TRUE(sizes_of(options).empty());
  options.max_bytes = SIZE_MAX;
  options.factor = 2;
  EXPECT_LT(sizes_of(options).size(), 64U);
}

TEST(PerfCases, AreEveryTypeOperatorAndRootThatTheCollectiveHas) {
  Options options;
  options.type = "all";
  options.op = "all";
  options.root = "all";
  EXPECT_EQ(cases_of(options, 4)->size(), 12U * 6);
  options.collective = *find_collective("reduce");
  EXPECT_EQ(cases_of(options, 4)->size(), 12U * 6 * 4);
  options.collective = *find_collective("all_gather");
  EXPECT_EQ(cases_of(options, 4)->size(), 12U);
  options.type = "float,half";
  EXPECT_EQ(cases_of(options, 4)->size(), 2U);
}

TEST(PerfCases, RefuseUnknownNamesAndRoots) {
  Options options;
  options.type = "float,quad";
  EXPECT_NE(cases_of(options, 4).error().text.find("'quad'"), std::string::npos);
  options.type = "float";
  options.op = "user";
  EXPECT_FALSE(cases_of(options, 4));
  options.op = "sum";
  options.root = "4";
  EXPECT_FALSE(cases_of(options, 4));
}

TEST(PerfDocument, FollowsTheSchema) {
  const auto json = document_of({}, {4, 2, {"a", "b"}, {}}, {all_reduce_row()});
  EXPECT_EQ(json["schema"], "tutti.perf/1");
  for (const char* key : {"version", "collective", "ranks", "nodes", "hosts", "datatype", "redop", "root", "rows"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  const auto& row = json["rows"][0];
  EXPECT_EQ(row["bytes"], 1048576);
  EXPECT_EQ(row["algorithm"], "ring");
  EXPECT_EQ(row["transports"], nlohmann::ordered_json({"shm"}));
  EXPECT_EQ(row["in_place"]["wrong"], 3);
  EXPECT_EQ(row["out_of_place"]["time_us"],
            nlohmann::ordered_json({{"min", 90}, {"p50", 100}, {"p99", 400}, {"max", 400}}));
  EXPECT_DOUBLE_EQ(row["out_of_place"]["algbw_GBps"].get<double>(), 10.48576);
  EXPECT_DOUBLE_EQ(row["out_of_place"]["busbw_GBps"].get<double>(), 10.48576 * 1.5);
}

TEST(PerfPlot, RefusesOtherPicturesAndQuotesNames) {
  EXPECT_FALSE(gnuplot::can_plot("a.pdf"));
  const std::string script = plot_script("it's.svg", {}, {2, 1, {}, {}}, {all_reduce_row()});
  EXPECT_NE(script.find("set output 'it''s.svg'"), std::string::npos);
  EXPECT_NE(script.find("1048576 100 "), std::string::npos);
}

}  // namespace
}  // namespace tutti::perf
