// `tutti plan` and `tutti verify` as users run them: exit codes, data and files.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

using Json = nlohmann::json;

TEST(PlanTool, AnswersForAHundredThousandRanks) {
  const auto outcome = run("tutti plan all_reduce --bytes 1G --ranks 98304 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = Json::parse(outcome.out);
  EXPECT_EQ(document["schema"], "tutti.plan/1");
  EXPECT_GE(document["fraction_of_bound"], 0.95);
  EXPECT_LE(document["template_bytes"], 4096);
  const auto small = run("tutti plan all_reduce --bytes 8 --ranks 98304 --json");
  ASSERT_EQ(small.code, 0) << small.err;
  EXPECT_LE(Json::parse(small.out)["rounds"], 34);
}

TEST(PlanTool, PrintsAProgramAndDrawsAPicture) {
  const Folder folder;
  const auto file = folder.file("rounds.svg");
  const auto outcome =
      run("tutti plan all_reduce --bytes 64K --levels 4x2 --algo 'circulant>ring' --rank 3 --svg " + file);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("recv_reduce from"), std::string::npos) << outcome.out;
  EXPECT_NE(read_file(file).find("</svg>"), std::string::npos);
  if (!has_program("xmllint")) return;
  EXPECT_EQ(run("xmllint --noout " + file).code, 0);
}

TEST(PlanTool, RefusesWrongQuestionsWithExitCode2) {
  for (const char* const wrong :
       {"", "all_reduced --bytes 8 --ranks 4", "all_reduce --bytes 8", "all_reduce --bytes 8 --ranks 0",
        "all_reduce --ranks 4", "all_reduce --bytes 99999999999T --ranks 4", "all_reduce --bytes 8 --ranks 99999999999",
        "all_reduce --bytes 8 --ranks 4 --algo rong", "all_reduce --bytes 8 --ranks 7 --algo rabenseifner",
        "all_reduce --bytes 8 --ranks 4 --rank 4", "all_reduce --bytes 8 --levels 4y",
        "reduce --bytes 8 --ranks 4 --root 9"}) {
    const auto outcome = run(std::string("tutti plan ") + wrong);
    EXPECT_EQ(outcome.code, 2) << wrong;
    EXPECT_FALSE(outcome.err.empty()) << wrong;
  }
  EXPECT_EQ(run("tutti plan all_reduce --bytes 8 --ranks 4 --svg /nowhere/at.all").code, 1);
}

TEST(PlanTool, KnowsPresetsAndFilesThatTopoWrote) {
  const Folder folder;
  const auto file = folder.file("mine.json");
  ASSERT_EQ(run("tutti topo --preset laptop --json > " + file).code, 0);
  const auto preset = run("tutti plan all_reduce --bytes 1M --preset laptop");
  const auto brought = run("tutti plan all_reduce --bytes 1M --fabric " + file);
  ASSERT_EQ(preset.code, 0) << preset.err;
  ASSERT_EQ(brought.code, 0) << brought.err;
  EXPECT_NE(preset.out.find("of laptop"), std::string::npos) << preset.out;
  EXPECT_EQ(run("tutti plan all_reduce --bytes 1M --preset labtop").code, 2);
}

TEST(TopoTool, ShowsThisMachineAndDrawsFabrics) {
  const Folder folder;
  const auto machine = run("tutti topo --json");
  ASSERT_EQ(machine.code, 0) << machine.err;
  EXPECT_EQ(Json::parse(machine.out)["schema"], "tutti.machine/1");
  const auto xml = folder.file("machine.xml");
  ASSERT_EQ(run("tutti topo --xml " + xml).code, 0);
  EXPECT_EQ(run("tutti topo --import " + xml).code, 0);
  const auto svg = folder.file("fabric.svg");
  const auto drawn = run("tutti topo --preset alibaba-hpn7 --svg " + svg + " --dot " + folder.file("fabric.dot"));
  ASSERT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_NE(read_file(svg).find("15:1 oversubscribed"), std::string::npos);
  EXPECT_EQ(run("tutti topo --preset alibaba-hpn7 --why 0 99999999").code, 2);
  EXPECT_EQ(run("tutti topo --import /nowhere/at.all").code, 1);
  EXPECT_NE(run("tutti topo --list").out.find("98304 ranks"), std::string::npos);
}

TEST(FabricSetting, AJobPlansWithItAndRefusesWhatDoesNotFit) {
  const std::string perf = " tutti perf all_reduce -b 64K -e 64K -n 2 -w 0 -c 1";
  const auto good = run("TUTTI_LOG=info TUTTI_FABRIC=cloud-tcp tutti run -n 2 --nodes 2 --" + perf);
  ASSERT_EQ(good.code, 0) << good.out << good.err;
  EXPECT_NE((good.out + good.err).find("fabric cloud-tcp"), std::string::npos) << good.out << good.err;
  const auto few = run("TUTTI_FABRIC=laptop tutti run -n 2 --nodes 2 --" + perf);
  EXPECT_NE(few.code, 0);
  EXPECT_NE((few.out + few.err).find("2 nodes, but fabric laptop describes 1"), std::string::npos)
      << few.out << few.err;
  const auto unknown = run("TUTTI_FABRIC=labtop tutti run -n 2 --" + perf);
  EXPECT_NE((unknown.out + unknown.err).find("the nearest is laptop"), std::string::npos) << unknown.out << unknown.err;
}

TEST(FabricSetting, NodesTakeTheirPlacesByTheNamesOfTheirHosts) {
  const Folder folder;
  auto fabric = Json::parse(run("tutti topo --preset laptop --json").out);
  std::array<char, 256> name{};
  ASSERT_EQ(::gethostname(name.data(), name.size() - 1), 0);
  const auto run_with_host = [&](const std::string& host) {
    fabric["hosts"] = {host};
    const auto file = folder.file("named.json");
    std::ofstream(file) << fabric.dump();
    return run("TUTTI_FABRIC=" + file + " tutti run -n 2 -- tutti perf barrier -n 1 -w 0");
  };
  EXPECT_EQ(run_with_host(name.data()).code, 0);
  const auto elsewhere = run_with_host("elsewhere");
  EXPECT_NE(elsewhere.code, 0);
  EXPECT_NE((elsewhere.out + elsewhere.err).find("none of the 1 hosts of laptop"), std::string::npos) << elsewhere.err;
}

TEST(VerifyTool, ProvesSmallWorldsAndSaysHowMany) {
  const auto outcome = run("tutti verify --max-ranks 4 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const auto document = Json::parse(outcome.out);
  EXPECT_EQ(document["schema"], "tutti.verify/1");
  EXPECT_TRUE(document["failures"].empty());
  EXPECT_GT(document["plans"], 1000);
  EXPECT_NE(run("tutti verify --max-ranks 2").out.find("all "), std::string::npos);
}

TEST(VerifyTool, ProvesOnePlan) {
  EXPECT_EQ(run("tutti verify all_reduce --levels 3+5 --algo 'circulant>ring/2' --in-place --widened").code, 0);
  EXPECT_EQ(run("tutti verify broadcast --ranks 7 --algo binomial --root 6").code, 0);
  for (const char* const wrong : {"", "all_reduce --ranks 4", "--algo ring", "all_reduce --ranks 7 --algo rabenseifner",
                                  "--max-ranks 0", "--max-ranks 4 --ranks 4", "bcast --ranks 4 --algo ring"})
    EXPECT_EQ(run(std::string("tutti verify ") + wrong).code, 2) << wrong;
}

TEST(VerifyTool, CatchesNineteenOfTwentyMutations) {
  const auto outcome = run("tutti verify --mutations --json");
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const auto mutations = Json::parse(outcome.out)["mutations"];
  EXPECT_GE(mutations["done"], 200);
  EXPECT_GE(mutations["caught"].get<double>(), 0.95 * mutations["done"].get<double>());
}

}  // namespace
}  // namespace tutti::test
