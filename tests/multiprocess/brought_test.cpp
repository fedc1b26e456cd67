// Plans that users bring and export, between real processes: right results, and broken files refused at every rank.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

constexpr const char* kRight = "# Out of bounds values : 0 OK\n";
const std::string kData = TUTTI_DATA;

std::string perf(const std::string& collective, const std::string& plan, const std::string& ranks,
                 const std::string& more = "") {
  return "TUTTI_PLAN=" + plan + " tutti run -n " + ranks + " --timeout 120s -- tutti perf " + collective +
         " -b 4 -e 64K -f 16 -n 2 -w 0 -c 1 " + more;
}

// Right results, by the plan that was brought at every size.
void expect_used(const std::string& collective, const std::string& plan, const std::string& ranks,
                 const std::string& name, const std::string& more = "") {
  const Folder folder;
  const auto file = folder.file("rows.json");
  const Outcome outcome = run(perf(collective, plan, ranks, more + " -J " + file));
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find(kRight), std::string::npos) << outcome.out << outcome.err;
  const auto document = nlohmann::json::parse(read_file(file));
  EXPECT_FALSE(document.at("rows").empty());
  for (const auto& row : document.at("rows")) EXPECT_EQ(row.at("algorithm"), name) << row.dump();
}

TEST(BroughtPlans, OfMscclAreRightAndUsed) {
  expect_used("all_reduce", kData + "/msccl/ring_all_reduce_4.xml", "4", "ring_all_reduce_4", "-d float,bfloat16");
  expect_used("all_gather", kData + "/msccl/ring_all_gather_inplace_4.xml", "4 --nodes 2", "ring_all_gather_inplace_4");
  expect_used("all_to_all", kData + "/msccl/direct_all_to_all_4.xml", "4", "direct_all_to_all_4");
}

TEST(BroughtPlans, InJsonAreRightAndUsed) {
  expect_used("all_reduce", kData + "/plans/all_reduce_4.json", "4", "circulant>ring", "-d float,half -o sum,avg");
  expect_used("all_gather", kData + "/plans/all_gather_3_program.json", "3", "bruck");
}

TEST(BroughtPlans, ThatWereExportedAreRightInEveryFormat) {
  for (const char* const name : {"plan.json", "ring.xml", "program.json"}) {
    SCOPED_TRACE(name);
    const Folder folder;
    const auto file = folder.file(name);
    const bool program = std::string(name) == "program.json";
    const auto exported = run("tutti plan all_reduce --bytes 64K --levels 3+2 --algo 'circulant>ring/2' --export " +
                              file + (program ? " --program" : ""));
    ASSERT_EQ(exported.code, 0) << exported.err;
    EXPECT_EQ(run("tutti verify --plan " + file).code, 0);
    expect_used("all_reduce", file, "5 --nodes 3,2", "circulant>ring");
  }
}

TEST(BroughtPlans, ThatAreBrokenAreRefusedAtEveryRankWithTheReason) {
  const std::pair<const char*, const char*> broken[] = {{"broken_race_4.xml", "uses the same memory"},
                                                        {"broken_deadlock_4.xml", "waits for ever"},
                                                        {"broken_lost_4.xml", "contributions"}};
  for (const auto& [name, reason] : broken) {
    const auto outcome = run("TUTTI_PLAN=" + kData + "/msccl/" + name +
                             " tutti run -n 4 -- sh -c 'tutti perf all_reduce || echo rank $TUTTI_RANK ends with $?'");
    for (int rank = 0; rank < 4; ++rank)
      EXPECT_NE(outcome.out.find("rank " + std::to_string(rank) + " ends with"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.err.find(reason), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(std::string("TUTTI_PLAN: ") + kData + "/msccl/" + name), std::string::npos)
        << outcome.err;
    EXPECT_EQ(outcome.out.find("busbw"), std::string::npos) << outcome.out;  // nothing ran
    const auto proof = run(std::string("tutti verify --json --plan ") + kData + "/msccl/" + name);
    EXPECT_EQ(proof.code, 1) << name;
    const auto document = nlohmann::json::parse(proof.out);
    EXPECT_EQ(document.at("schema"), "tutti.verify/1");
    EXPECT_NE(document.at("failures").at(0).at("error").get<std::string>().find(reason), std::string::npos);
  }
}

TEST(BroughtPlans, ThatAreNoPlansAreRefusedWithTheirPlace) {
  const Folder folder;
  const auto file = folder.file("cut.json");
  std::ofstream(file) << read_file(kData + "/plans/all_reduce_4.json").substr(0, 100);
  const auto outcome = run(perf("all_reduce", file, "2"));
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("TUTTI_PLAN: " + file + ": no JSON"), std::string::npos) << outcome.err;
  const auto missing = run(perf("all_reduce", "/nowhere/plan.json", "2"));
  EXPECT_NE(missing.code, 0);
  EXPECT_NE(missing.err.find("cannot read /nowhere/plan.json"), std::string::npos) << missing.err;
}

TEST(BroughtPlans, ForAnotherNumberOfRanksAreNamedAndNotUsed) {
  const auto outcome = run(perf("all_reduce", kData + "/msccl/ring_all_reduce_8.xml", "3"));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("ring_all_reduce_8 is for 8 ranks"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find(kRight), std::string::npos);
}

TEST(BroughtPlans, ThatDifferBetweenRanksAreRefused) {
  const auto outcome = run("tutti run -n 2 -- sh -c 'TUTTI_PLAN=" + kData +
                           "/msccl/ring_all_reduce_$((TUTTI_RANK * 4 + 4)).xml exec tutti perf all_reduce -e 8 -b 8'");
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("TUTTI_PLAN is 'ring_all_reduce_4.xml"), std::string::npos) << outcome.err;
}

TEST(ExportedPlans, ThatTheFormatCannotHoldAreRefusedWithTheReason) {
  const Folder folder;
  const auto refused = [&](const std::string& question, const char* name, int code, const char* words) {
    const auto file = folder.file(name);
    const auto outcome = run("tutti plan " + question + " --export " + file);
    EXPECT_EQ(outcome.code, code) << question;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << question << ": " << outcome.err;
    EXPECT_FALSE(std::ifstream(file).good()) << question;
  };
  refused("barrier --ranks 4", "a.xml", 1, "it has no barrier");
  refused("broadcast --bytes 8 --ranks 4 --root 2", "a.xml", 1, "from rank 0, not 2");
  refused("all_reduce --bytes 1G --ranks 98304", "a.goal", 1, "steps are allowed");
  refused("all_reduce --bytes 1G --ranks 98304 --program", "a.json", 1, "at most 1024 ranks");
  refused("all_reduce --bytes 8 --ranks 4", "a.txt", 2, "must end in .json, .xml or .goal");
  refused("all_reduce --bytes 8 --ranks 4 --program", "a.xml", 2, "--program is for files that end in .json");
  EXPECT_EQ(run("tutti plan all_reduce --bytes 8 --ranks 4 --export /nowhere/a.json").code, 1);
  EXPECT_EQ(run("tutti plan all_reduce --bytes 8 --ranks 4 --program").code, 2);
}

TEST(ExportedPlans, AsGoalHaveEveryRank) {
  const Folder folder;
  const auto file = folder.file("ring.goal");
  const auto outcome = run("tutti plan all_reduce --bytes 1M --ranks 8 --algo ring/2 --export " + file);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto text = read_file(file);
  EXPECT_TRUE(text.starts_with("num_ranks 8\n"));
  EXPECT_NE(text.find("rank 7 {"), std::string::npos);
  EXPECT_NE(text.find("send 65536b to 1 tag 0"), std::string::npos) << text.substr(0, 300);
}

}  // namespace
}  // namespace tutti::test
