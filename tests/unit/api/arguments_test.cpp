// Bad arguments are refused with a code and a text that names them; nothing crashes, nothing is touched.
#include <cstdint>
#include <string>
#include <vector>

#include "unit/api/ranks.hpp"

namespace tutti {
namespace {

class OneRank : public testing::Test {
 protected:
  void SetUp() override { expect_ok(tuttiCommInitAll(&comm_, 1, nullptr)); }
  void TearDown() override { expect_ok(tuttiCommDestroy(comm_)); }

  static void expect_refused(tuttiResult_t result, const std::string& word, tuttiResult_t code = tuttiInvalidArgument) {
    EXPECT_EQ(result, code) << word;
    EXPECT_NE(std::string(tuttiGetLastError(nullptr)).find(word), std::string::npos) << tuttiGetLastError(nullptr);
  }

  tuttiComm_t comm_ = nullptr;
  std::vector<float> in_ = std::vector<float>(16, 1.5F);
  std::vector<float> out_ = std::vector<float>(16, 0.0F);
};

TEST_F(OneRank, PathsToRanksThatAreNotThere) {
  expect_refused(tuttiExplainPath(comm_, 1, nullptr, 0, nullptr), "between 0 and 0");
  expect_refused(tuttiExplainPath(comm_, -1, nullptr, 0, nullptr), "peer is -1");
  expect_refused(tuttiExplainPath(nullptr, 0, nullptr, 0, nullptr), "comm");
  std::size_t needed = 0;
  expect_ok(tuttiExplainPath(comm_, 0, nullptr, 0, &needed));
  std::string text(needed, '\0');
  expect_ok(tuttiExplainPath(comm_, 0, text.data(), text.size(), nullptr));
  EXPECT_NE(text.find("\"transport\":null"), std::string::npos) << text;
}

TEST_F(OneRank, NullPointers) {
  expect_refused(tuttiAllReduce(nullptr, out_.data(), 4, tuttiFloat, tuttiSum, comm_, nullptr), "sendbuff");
  expect_refused(tuttiAllReduce(in_.data(), nullptr, 4, tuttiFloat, tuttiSum, comm_, nullptr), "recvbuff");
  expect_refused(tuttiAllReduce(in_.data(), out_.data(), 4, tuttiFloat, tuttiSum, nullptr, nullptr), "comm");
  expect_refused(tuttiCommCount(comm_, nullptr), "count");
  expect_refused(tuttiCommUserRank(comm_, nullptr), "rank");
  expect_refused(tuttiGetVersion(nullptr), "version");
  expect_refused(tuttiGetUniqueId(nullptr), "uniqueId");
  expect_refused(tuttiCommInitAll(nullptr, 1, nullptr), "comms");
  expect_refused(tuttiStreamCreate(nullptr), "stream");
  expect_refused(tuttiStreamSynchronize(nullptr), "stream");
  expect_refused(tuttiCommGetAsyncError(comm_, nullptr), "asyncError");
  expect_refused(tuttiCommSplit(comm_, 0, 0, nullptr, nullptr), "newcomm");
  EXPECT_EQ(tuttiCommDestroy(nullptr), tuttiSuccess);
  EXPECT_EQ(tuttiStreamDestroy(nullptr), tuttiSuccess);
}

TEST_F(OneRank, TypesOperatorsRootsAndPeersOutOfRange) {
  expect_refused(tuttiAllReduce(in_.data(), out_.data(), 4, static_cast<tuttiDataType_t>(99), tuttiSum, comm_, nullptr),
                 "datatype");
  expect_refused(tuttiAllReduce(in_.data(), out_.data(), 4, tuttiFloat, static_cast<tuttiRedOp_t>(77), comm_, nullptr),
                 "77");
  expect_refused(tuttiBroadcast(in_.data(), out_.data(), 4, tuttiFloat, 1, comm_, nullptr), "root");
  expect_refused(tuttiReduce(in_.data(), out_.data(), 4, tuttiFloat, tuttiSum, -1, comm_, nullptr), "root");
  expect_refused(tuttiSend(in_.data(), 4, tuttiFloat, 5, comm_, nullptr), "peer");
  expect_refused(tuttiSend(in_.data(), 4, tuttiFloat, 0, comm_, nullptr), "itself", tuttiInvalidUsage);
}

TEST_F(OneRank, CountsThatOverflow) {
  expect_refused(tuttiAllReduce(in_.data(), out_.data(), SIZE_MAX, tuttiDouble, tuttiSum, comm_, nullptr), "count");
  expect_refused(tuttiAllGather(in_.data(), out_.data(), SIZE_MAX / 4, tuttiFloat, comm_, nullptr), "count");
  expect_refused(tuttiSend(in_.data(), SIZE_MAX, tuttiDouble, 0, comm_, nullptr), "count");
}

TEST_F(OneRank, OverlapThatIsNotInPlace) {
  expect_refused(tuttiAllReduce(in_.data(), in_.data() + 1, 4, tuttiFloat, tuttiSum, comm_, nullptr), "overlap");
  expect_refused(tuttiBroadcast(in_.data() + 2, in_.data(), 4, tuttiFloat, 0, comm_, nullptr), "overlap");
  expect_ok(tuttiAllReduce(in_.data(), in_.data(), 4, tuttiFloat, tuttiSum, comm_, nullptr));
}

TEST_F(OneRank, BuffersThatAreNotAlignedToAnElement) {
  const auto* const odd = reinterpret_cast<const float*>(reinterpret_cast<const char*>(in_.data()) + 1);
  expect_refused(tuttiAllReduce(odd, out_.data(), 3, tuttiFloat, tuttiSum, comm_, nullptr), "aligned");
}

TEST_F(OneRank, EverythingWorksAlone) {
  expect_ok(tuttiAllReduce(in_.data(), out_.data(), 16, tuttiFloat, tuttiAvg, comm_, nullptr));
  EXPECT_EQ(out_, in_);
  std::fill(out_.begin(), out_.end(), 0.0F);
  expect_ok(tuttiReduceScatter(in_.data(), out_.data(), 16, tuttiFloat, tuttiSum, comm_, nullptr));
  EXPECT_EQ(out_, in_);
  std::fill(out_.begin(), out_.end(), 0.0F);
  expect_ok(tuttiAllGather(in_.data(), out_.data(), 16, tuttiFloat, comm_, nullptr));
  EXPECT_EQ(out_, in_);
  std::fill(out_.begin(), out_.end(), 0.0F);
  expect_ok(tuttiBroadcast(in_.data(), out_.data(), 16, tuttiFloat, 0, comm_, nullptr));
  EXPECT_EQ(out_, in_);
  expect_ok(tuttiBarrier(comm_, nullptr));
  expect_ok(tuttiAllReduce(nullptr, nullptr, 0, tuttiFloat, tuttiSum, comm_, nullptr));
}

TEST(Config, IsCheckedBeforeAnythingHappens) {
  tuttiComm_t comm = nullptr;
  tuttiUniqueId id{};
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.magic = 1;
  EXPECT_EQ(tuttiCommInitRankConfig(&comm, 1, id, 0, &config), tuttiInvalidArgument);
  config = TUTTI_CONFIG_INITIALIZER;
  config.timeoutMs = 0;
  EXPECT_EQ(tuttiCommInitRankConfig(&comm, 1, id, 0, &config), tuttiInvalidArgument);
  config = TUTTI_CONFIG_INITIALIZER;
  config.transports = "carrier-pigeon";
  EXPECT_EQ(tuttiCommInitRankConfig(&comm, 1, id, 0, &config), tuttiInvalidArgument);
  EXPECT_NE(std::string(tuttiGetLastError(nullptr)).find("config.transports"), std::string::npos);
  config = TUTTI_CONFIG_INITIALIZER;
  config.algorithm = "all_reduce:rong";
  EXPECT_EQ(tuttiCommInitRankConfig(&comm, 1, id, 0, &config), tuttiInvalidArgument);
  EXPECT_EQ(comm, nullptr);
}

TEST(Config, NamesFilesWithPlansAndMeasurements) {
  tuttiComm_t comm = nullptr;
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.plans = "/nowhere/ring.xml";
  EXPECT_EQ(tuttiCommInitRankConfig(&comm, 1, {}, 0, &config), tuttiSystemError);
  EXPECT_NE(std::string(tuttiGetLastError(nullptr)).find("TUTTI_PLAN: cannot read /nowhere/ring.xml"),
            std::string::npos)
      << tuttiGetLastError(nullptr);
  config = TUTTI_CONFIG_INITIALIZER;
  config.tuning = "/nowhere/here.json";
  EXPECT_EQ(tuttiCommInitRankConfig(&comm, 1, {}, 0, &config), tuttiSystemError);
  EXPECT_NE(std::string(tuttiGetLastError(nullptr)).find("TUTTI_TUNING: cannot read /nowhere/here.json"),
            std::string::npos)
      << tuttiGetLastError(nullptr);
  EXPECT_EQ(comm, nullptr);
}

TEST(Config, OfAnOlderAndOfANewerProgramIsUnderstood) {
  struct Newer {
    tuttiConfig_t known;
    int unknown;
  } newer{TUTTI_CONFIG_INITIALIZER, 7};
  newer.known.size = sizeof newer;
  tuttiConfig_t older = TUTTI_CONFIG_INITIALIZER;
  older.size = offsetof(tuttiConfig_t, deterministic);
  older.deterministic = 12345;  // beyond what that program knew
  older.plans = "/nowhere/ring.xml";
  for (tuttiConfig_t* config : {&newer.known, &older}) {
    tuttiComm_t comm = nullptr;
    expect_ok(tuttiCommInitRankConfig(&comm, 1, {}, 0, config));
    expect_ok(tuttiCommDestroy(comm));
  }
}

TEST(Rank, OutsideTheWorldIsRefused) {
  tuttiComm_t comm = nullptr;
  EXPECT_EQ(tuttiCommInitRank(&comm, 2, {}, 2), tuttiInvalidArgument);
  EXPECT_EQ(tuttiCommInitRank(&comm, 2, {}, -1), tuttiInvalidArgument);
  EXPECT_EQ(tuttiCommInitRank(&comm, 0, {}, 0), tuttiInvalidArgument);
}

TEST(Text, IsCutToTheBufferAndItsLengthIsToldInFull) {
  std::size_t needed = 0;
  expect_ok(tuttiInfo(nullptr, 0, &needed));
  ASSERT_GT(needed, 100U);
  char small[10];
  expect_ok(tuttiInfo(small, sizeof small, &needed));
  EXPECT_EQ(std::string(small).size(), 9U);
  EXPECT_EQ(tuttiInfo(nullptr, 5, &needed), tuttiInvalidArgument);
}

}  // namespace
}  // namespace tutti
