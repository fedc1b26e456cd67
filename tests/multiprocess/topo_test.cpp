// `tutti topo` in running jobs: what it measures, and which transport it says that two ranks use.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

using Json = nlohmann::json;

TEST(TopoMeasure, FindsTheNodesOfAJobAndWritesAFabricThatAJobPlansWith) {
  const Folder folder;
  const auto file = folder.file("measured.json");
  const auto outcome = run("tutti run -n 4 --nodes 2 -- tutti topo --measure --json --export " + file);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = Json::parse(outcome.out, nullptr, false);
  ASSERT_TRUE(document.is_object()) << outcome.out;
  EXPECT_EQ(document["schema"], "tutti.measured/1");
  EXPECT_EQ(document["ranks"], 4);
  EXPECT_EQ(document["nodes"], 2);
  EXPECT_EQ(document["pairs"], 6);
  const auto& levels = document["levels"];
  ASSERT_GE(levels.size(), 2U) << outcome.out;
  EXPECT_EQ(levels.front()["groups"], Json({{0, 1}, {2, 3}}));
  EXPECT_EQ(levels.back()["groups"], Json(std::vector<std::vector<int>>{{0, 1, 2, 3}}));
  EXPECT_EQ(levels.front()["name"], "node");
  EXPECT_EQ(levels.back()["name"], "cluster");
  for (const auto& level : levels) {
    EXPECT_GT(level["latency_us"], 0);
    EXPECT_GT(level["bandwidth_GBps"], 0);
    EXPECT_GT(level["overhead_us"], 0);
  }
  EXPECT_GT(levels.back()["loaded_GBps"], 0);
  const auto fabric = Json::parse(read_file(file), nullptr, false);
  ASSERT_TRUE(fabric.is_object());
  EXPECT_EQ(fabric, document["fabric"]);
  EXPECT_EQ(fabric["levels"][0]["latency_us"]["provenance"], "measured");
  const auto plan = run("tutti plan all_reduce --bytes 1M --fabric " + file);
  EXPECT_EQ(plan.code, 0) << plan.err;
  const auto job = run("TUTTI_LOG=comm:info TUTTI_FABRIC=" + file +
                       " tutti run -n 4 --nodes 2 -- tutti perf all_reduce -b 64K -e 64K -n 2 -w 0");
  EXPECT_EQ(job.code, 0) << job.err;
  EXPECT_NE(job.err.find("fabric measured"), std::string::npos) << job.err;
}

TEST(TopoMeasure, ShowsPeopleLevelsAndHowSureTheyAre) {
  const auto outcome = run("tutti run -n 3 -- tutti topo --measure");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* const word : {"measured 3 ranks on 1 node: 3 pairs", "told apart by", "sure", "node"})
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word << "\n" << outcome.out;
}

TEST(TopoMeasure, RefusesWrongCallsWithTwo) {
  const auto alone = run("tutti topo --measure");
  EXPECT_EQ(alone.code, 2);
  EXPECT_NE(alone.err.find("tutti run -n 4"), std::string::npos) << alone.err;
  for (const char* const rest : {"--measure --preset laptop", "--measure --why 0 1", "--export x.json"}) {
    const auto outcome = run(std::string("tutti run -n 2 -- tutti topo ") + rest);
    EXPECT_EQ(outcome.code, 2) << rest << outcome.err;
    EXPECT_FALSE(outcome.err.empty()) << rest;
  }
  const auto nowhere = run("tutti run -n 2 -- tutti topo --measure --export /no/such/folder/x.json");
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_NE(nowhere.err.find("/no/such/folder/x.json"), std::string::npos) << nowhere.err;
}

TEST(TopoWhy, NamesTheTransportThatTwoRanksOfAJobUse) {
  const auto apart = run("tutti run -n 4 --nodes 2 -- tutti topo --why 0 3");
  ASSERT_EQ(apart.code, 0) << apart.err;
  for (const char* const word : {"rank 0 (node node0) and rank 3 (node node1) are on different nodes",
                                 "shm: it does not reach the peer", "reaches the peer", "may run on processors", "NIC"})
    EXPECT_NE(apart.out.find(word), std::string::npos) << word << "\n" << apart.out;
  const auto together = run("tutti run -n 4 --nodes 2 -- tutti topo --why 1 0");
  ASSERT_EQ(together.code, 0) << together.err;
  EXPECT_NE(together.out.find("rank 1 (node node0) and rank 0 (node node0) are on one node"), std::string::npos)
      << together.out;
  EXPECT_NE(together.out.find("carried by shm over \"shm\""), std::string::npos) << together.out;
}

TEST(TopoWhy, FollowsTheTransportsThatAreAllowed) {
  for (const char* const transport : {"ucx", "ofi"}) {
    const auto outcome =
        run(std::string("TUTTI_TRANSPORTS=") + transport + " tutti run -n 2 -- tutti topo --why 0 1 --json");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto document = Json::parse(outcome.out, nullptr, false);
    ASSERT_TRUE(document.is_object()) << outcome.out;
    EXPECT_EQ(document["schema"], "tutti.why/1");
    for (const char* const end : {"one", "other"}) {
      EXPECT_EQ(document[end]["transport"], transport);
      EXPECT_EQ(document[end]["path"].get<std::string>().find(transport), 0U);
      EXPECT_EQ(document[end]["same_node"], true);
      ASSERT_EQ(document[end]["considered"].size(), 1U);
    }
    EXPECT_EQ(document["one"]["peer"], 1);
    EXPECT_EQ(document["other"]["rank"], 1);
  }
}

TEST(TopoWhy, TellsWhenUcxDevicesWereGiven) {
  const auto outcome = run("UCX_NET_DEVICES=lo tutti run -n 2 --nodes 2 -- tutti topo --why 0 1");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("UCX_NET_DEVICES is 'lo'"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("ucx tcp lo"), std::string::npos) << outcome.out;
}

TEST(TopoWhy, RefusesRanksThatAreNotThere) {
  for (const char* const rest : {"--why 0 2", "--why -1 0", "--why 1 1"}) {
    const auto outcome = run(std::string("tutti run -n 2 -- tutti topo ") + rest);
    EXPECT_EQ(outcome.code, 2) << rest << outcome.err;
  }
  const auto alone = run("tutti topo --why 0 99");
  EXPECT_EQ(alone.code, 2);
  EXPECT_NE(alone.err.find("99 is no rank"), std::string::npos) << alone.err;
}

TEST(Info, NamesTheNicsAndTheReason) {
  const auto outcome = run("tutti info --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto nics = Json::parse(outcome.out)["nics"];
  ASSERT_FALSE(nics.empty());
  for (const auto& nic : nics) EXPECT_TRUE(nic.contains("name") && nic.contains("because"));
}

}  // namespace
}  // namespace tutti::test
