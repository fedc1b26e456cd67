// `tutti plan` and `tutti verify` as users run them: exit codes, data and files.
#include <gtest/gtest.h>

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
