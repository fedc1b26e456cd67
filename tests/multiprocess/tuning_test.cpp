// What is measured once is used by later jobs on the same machine, and only there.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

using Json = nlohmann::json;

constexpr const char* kRight = "# Out of bounds values : 0 OK\n";
constexpr const char* kSizes = " -b 256 -e 64K -f 16 -n 3 ";

class Tuned : public testing::Test {
 protected:
  void tune(const std::string& collective, const std::string& ranks) const {
    const auto outcome = run("tutti run -n " + ranks + " --timeout 300s -- tutti perf " + collective + kSizes +
                             "--tune-ways 3 --tune " + file_);
    ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_NE(outcome.out.find("# Kept in " + file_), std::string::npos) << outcome.out;
  }
  [[nodiscard]] Json table() const { return Json::parse(read_file(file_)); }

  Folder folder_;
  std::string file_ = folder_.file("here.json");
};

TEST_F(Tuned, ChoicesAreWrittenUsedAndRight) {
  tune("all_reduce", "4 --nodes 2");
  Json written = table();
  EXPECT_EQ(written.at("schema"), "tutti.tuning/1");
  ASSERT_EQ(written.at("sites").size(), 1U);
  auto& site = written.at("sites").at(0);
  EXPECT_EQ(site.at("ranks"), 4);
  EXPECT_EQ(site.at("nodes"), 2);
  ASSERT_EQ(site.at("choices").size(), 3U);
  for (const auto& choice : site.at("choices")) {
    EXPECT_EQ(choice.at("collective"), "all_reduce");
    EXPECT_GT(choice.at("best").at("us"), 0);
    EXPECT_LE(choice.at("best").at("us"), choice.at("model").at("us"));
  }
  // Whatever won here: that a table is followed shows with a way that the model does not take.
  for (auto& choice : site.at("choices")) choice.at("best") = {{"way", "ring"}, {"segments", 1}, {"us", 1.0}};
  std::ofstream(file_) << written.dump();
  const auto rows = folder_.file("rows.json");
  const auto outcome = run("TUTTI_TUNING=" + file_ + " tutti run -n 4 --nodes 2 -- tutti perf all_reduce -c 1" +
                           kSizes + "-d float,bfloat16 -J " + rows);
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find(kRight), std::string::npos) << outcome.out;
  for (const auto& row : Json::parse(read_file(rows)).at("rows")) EXPECT_EQ(row.at("algorithm"), "ring");
  const auto plan = run("tutti plan all_reduce --bytes 256 --levels 2x2 --tuning " + file_);
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_NE(plan.out.find("measured: 1.0 us against"), std::string::npos) << plan.out;
}

TEST_F(Tuned, ChoicesOfSeveralCollectivesAndSitesShareAFile) {
  tune("all_reduce", "3");
  tune("all_gather", "3");
  tune("all_reduce", "2");
  tune("all_reduce", "3");
  const Json written = table();
  ASSERT_EQ(written.at("sites").size(), 2U);
  EXPECT_EQ(written.at("sites").at(0).at("choices").size(), 6U);
  EXPECT_EQ(written.at("sites").at(1).at("choices").size(), 3U);
}

TEST_F(Tuned, ChoicesOfAnotherSiteAreIgnoredWithOneLine) {
  tune("all_reduce", "2");
  const auto outcome =
      run("TUTTI_TUNING=" + file_ + " tutti run -n 3 -- tutti perf all_reduce -c 1 -b 256 -e 256 -n 1");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(kRight), std::string::npos);
  const std::string words = "has nothing that was measured here";
  const auto first = outcome.err.find(words);
  EXPECT_NE(first, std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find(words, first + 1), std::string::npos) << outcome.err;
}

TEST_F(Tuned, FilesThatAreNoneAreRefusedAndKept) {
  std::ofstream(file_) << R"({"schema": "tutti.tuning/1", "sites": [{"fingerprint": "x"}]})";
  const auto before = read_file(file_);
  for (const std::string& command : {"TUTTI_TUNING=" + file_ + " tutti run -n 2 -- tutti perf all_reduce -b 8 -e 8",
                                     "tutti run -n 2 -- tutti perf all_reduce -b 8 -e 8 --tune " + file_,
                                     "tutti plan all_reduce --bytes 8 --ranks 2 --tuning " + file_}) {
    const auto outcome = run(command);
    EXPECT_NE(outcome.code, 0) << command;
    EXPECT_NE(outcome.err.find(file_ + ": /sites/0"), std::string::npos) << command << ": " << outcome.err;
  }
  EXPECT_EQ(read_file(file_), before);
}

TEST_F(Tuned, ChoicesMustBeTheModelsOwnAndTheSameAtAllRanks) {
  const auto forced = run("TUTTI_ALGO=all_reduce:ring tutti run -n 2 -- tutti perf all_reduce --tune " + file_);
  EXPECT_NE(forced.code, 0);
  EXPECT_NE(forced.err.find("TUTTI_ALGO would choose: unset it"), std::string::npos) << forced.err;
  tune("all_reduce", "2");
  const auto differ = run("tutti run -n 2 -- sh -c 'test $TUTTI_RANK = 0 && export TUTTI_TUNING=" + file_ +
                          "; exec tutti perf all_reduce -b 8 -e 8'");
  EXPECT_NE(differ.code, 0);
  EXPECT_NE(differ.err.find("TUTTI_TUNING is '"), std::string::npos) << differ.err;
}

}  // namespace
}  // namespace tutti::test
