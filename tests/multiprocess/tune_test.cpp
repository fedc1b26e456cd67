// What `tutti tune` measures once is used by later jobs on the same machine, and only there.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

using Json = nlohmann::json;

constexpr const char* kJob = "tutti run -n 4 --nodes 2 -- tutti ";
constexpr const char* kUse = "perf all_reduce -b 8 -e 8 -n 1 -w 0 -c 1";

class Tune : public testing::Test {
 protected:
  // In a cache of the test's own.
  Outcome in_cache(const std::string& command) const { return run("XDG_CACHE_HOME=" + cache_ + " " + command); }
  void break_file(const std::string& text) const { std::ofstream(file_) << text; }

  Folder folder_;
  std::string cache_ = folder_.file("cache");
  std::string file_ = cache_ + "/tutti/tuning.json";
};

TEST_F(Tune, LinksAreKeptForTheirOwnerAndFollowedByLaterJobs) {
  const auto outcome = in_cache(std::string(kJob) + "tune");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("kept in " + file_), std::string::npos) << outcome.out;
  struct stat found {};
  ASSERT_EQ(::stat(file_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  const Json written = Json::parse(read_file(file_));
  const Json& site = written.at("sites").at(0);
  EXPECT_EQ(site.at("ranks"), 4);
  EXPECT_EQ(site.at("nodes"), 2);
  const Json& links = site.at("links");
  EXPECT_LE(links.at("probes"), 20);
  EXPECT_EQ(links.at("provenance"), "measured");
  ASSERT_EQ(links.at("levels").size(), 2U);
  for (const Json& level : links.at("levels")) EXPECT_GT(level.at("bandwidth_GBps"), 0);

  const auto used = in_cache("TUTTI_LOG=info " + std::string(kJob) + kUse);
  EXPECT_EQ(used.code, 0) << used.err;
  EXPECT_NE(used.err.find("tuning " + file_), std::string::npos) << used.err;
  const auto off = in_cache("TUTTI_TUNING=off TUTTI_LOG=info " + std::string(kJob) + kUse);
  EXPECT_EQ(off.code, 0) << off.err;
  EXPECT_EQ(off.err.find("tuning " + file_), std::string::npos) << off.err;
  const auto other = in_cache("TUTTI_LOG=info tutti run -n 3 -- tutti " + std::string(kUse));
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_EQ(other.err.find("tuning " + file_), std::string::npos) << other.err;
  const auto info = in_cache("tutti info");
  EXPECT_NE(info.out.find(site.at("fingerprint").get<std::string>()), std::string::npos) << info.out;
  const auto plan = run("tutti plan all_reduce --bytes 64K --levels 2x2 --tuning " + file_);
  EXPECT_NE(plan.out.find("links measured"), std::string::npos) << plan.out << plan.err;
}

TEST_F(Tune, ChoicesThatWereMeasuredStayInTheFile) {
  const std::string file = folder_.file("both.json");
  ASSERT_EQ(run("tutti run -n 2 -- tutti perf all_reduce -b 256 -e 256 -n 2 --tune-ways 2 --tune " + file).code, 0);
  const auto outcome = run("tutti run -n 2 -- tutti tune --output " + file);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json written = Json::parse(read_file(file));
  ASSERT_EQ(written.at("sites").size(), 1U);
  EXPECT_EQ(written.at("sites").at(0).at("choices").size(), 1U);
  EXPECT_TRUE(written.at("sites").at(0).contains("links"));
}

TEST_F(Tune, ExportsNameTheJobsNodesAndRanks) {
  const std::string nccl = folder_.file("nccl.conf");
  const std::string ucc = folder_.file("ucc.sh");
  const auto outcome = in_cache(std::string(kJob) + "tune --nccl " + nccl + " --ucc " + ucc);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(read_file(nccl).find(",-1,2,4,-1,-1\n"), std::string::npos) << read_file(nccl);
  EXPECT_EQ(read_file(ucc).find("UCC_TL_UCP_TUNE=allreduce:0-"), 0U) << read_file(ucc);
}

TEST_F(Tune, ABrokenCacheIsAWarningAndNoJobsEnd) {
  std::filesystem::create_directories(cache_ + "/tutti");
  for (const std::string& text :
       {std::string(), std::string("{\"schema\": \"tutti.tuning/1\", \"sit"),
        std::string("{\"schema\": \"tutti.tuning/0\"}"), std::string(1000, '['), std::string("\0\xff\xfe", 3)}) {
    break_file(text);
    const auto outcome = in_cache(std::string(kJob) + kUse);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const std::string words = "what was measured is not used: " + file_;
    const auto first = outcome.err.find(words);
    EXPECT_NE(first, std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find(words, first + 1), std::string::npos) << "said once: " << outcome.err;
    const auto tune = in_cache(std::string(kJob) + "tune");
    EXPECT_EQ(tune.code, 2) << tune.err;
    EXPECT_NE(tune.err.find(file_), std::string::npos) << tune.err;
    EXPECT_EQ(read_file(file_), text);
  }
}

TEST_F(Tune, CachesThatDifferAreNotUsed) {
  ASSERT_EQ(in_cache(std::string(kJob) + "tune").code, 0);
  const auto outcome =
      in_cache("TUTTI_LOG=info tutti run -n 4 --nodes 2 -- sh -c 'test $TUTTI_RANK = 2 && export XDG_CACHE_HOME=" +
               folder_.file("empty") + "; exec tutti " + kUse + "'");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("ranks 0 and 2 have different ones"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("links measured"), std::string::npos) << outcome.err;
}

TEST_F(Tune, NeedsAJobAndAFile) {
  const auto alone = in_cache("tutti run -n 1 -- tutti tune");
  EXPECT_EQ(alone.code, 2);
  EXPECT_NE(alone.err.find("one rank has no links"), std::string::npos) << alone.err;
  const auto off = in_cache("TUTTI_TUNING=off tutti run -n 2 -- tutti tune");
  EXPECT_EQ(off.code, 2);
  EXPECT_NE(off.err.find("TUTTI_TUNING is off"), std::string::npos) << off.err;
}

}  // namespace
}  // namespace tutti::test
