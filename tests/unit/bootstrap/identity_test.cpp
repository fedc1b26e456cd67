#include "bootstrap/identity.hpp"

#include <gtest/gtest.h>

namespace tutti::bootstrap {
namespace {

Result<Identity> identify_in(std::vector<const char*> environment) {
  auto config = read_config(environment);
  if (!config) return config.error();
  return identify(*config, environment);
}

void expect(const Result<Identity>& identity, int rank, int world_size, const std::string& source) {
  ASSERT_TRUE(identity) << identity.error().text;
  EXPECT_EQ(index(identity->rank), rank);
  EXPECT_EQ(identity->world_size, world_size);
  EXPECT_EQ(identity->source, source);
}

void expect_refusal(const Result<Identity>& identity, std::vector<std::string> words) {
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().code, Code::invalid_argument);
  for (const auto& word : words)
    EXPECT_NE(identity.error().text.find(word), std::string::npos) << identity.error().text;
}

TEST(Identity, IsOneRankWithoutAnySource) {
  expect(identify_in({"PATH=/bin"}), 0, 1, "none (one rank)");
}

TEST(Identity, KnowsEveryLauncher) {
  expect(identify_in({"TUTTI_RANK=3", "TUTTI_WORLD_SIZE=8"}), 3, 8, "TUTTI_RANK");
  expect(identify_in({"RANK=3", "WORLD_SIZE=8", "MASTER_ADDR=a", "MASTER_PORT=1"}), 3, 8, "torchrun");
  expect(identify_in({"OMPI_COMM_WORLD_RANK=3", "OMPI_COMM_WORLD_SIZE=8", "PMIX_RANK=3"}), 3, 8, "pmix");
  expect(identify_in({"PMI_RANK=3", "PMI_SIZE=8", "PMI_FD=6"}), 3, 8, "pmi");
  expect(identify_in({"SLURM_PROCID=3", "SLURM_NTASKS=8"}), 3, 8, "slurm");
}

TEST(Identity, TakesTheExplicitOneBeforeAllOthers) {
  expect(identify_in({"TUTTI_RANK=1", "TUTTI_WORLD_SIZE=2", "RANK=3", "WORLD_SIZE=8", "PMI_RANK=5", "PMI_SIZE=6"}), 1,
         2, "TUTTI_RANK");
}

TEST(Identity, TakesInnerLaunchersBeforeSlurmWhichTheyInherit) {
  expect(identify_in({"SLURM_PROCID=1", "SLURM_NTASKS=2", "RANK=11", "WORLD_SIZE=16"}), 11, 16, "torchrun");
  expect(identify_in({"SLURM_PROCID=0", "SLURM_NTASKS=4", "OMPI_COMM_WORLD_RANK=3", "OMPI_COMM_WORLD_SIZE=4"}), 3, 4,
         "pmix");
}

TEST(Identity, DoesNotTakeAnAllocationForASource) {
  expect(identify_in({"SLURM_NTASKS=8", "SLURM_JOB_ID=77"}), 0, 1, "none (one rank)");
}

TEST(Identity, RefusesContradictionsAndSaysHowToChoose) {
  expect_refusal(identify_in({"RANK=1", "WORLD_SIZE=4", "OMPI_COMM_WORLD_RANK=2", "OMPI_COMM_WORLD_SIZE=4"}),
                 {"torchrun says rank 1 of 4", "pmix says rank 2 of 4", "set TUTTI_RANK and TUTTI_WORLD_SIZE"});
  expect(identify_in({"RANK=2", "WORLD_SIZE=4", "OMPI_COMM_WORLD_RANK=2", "OMPI_COMM_WORLD_SIZE=4"}), 2, 4, "torchrun");
}

TEST(Identity, RefusesHalfAPair) {
  expect_refusal(identify_in({"TUTTI_RANK=1"}), {"TUTTI_RANK is set but TUTTI_WORLD_SIZE is not"});
  expect_refusal(identify_in({"WORLD_SIZE=4"}), {"WORLD_SIZE is set but RANK is not"});
  expect_refusal(identify_in({"PMI_RANK=4"}), {"PMI_RANK is set but PMI_SIZE is not"});
  expect_refusal(identify_in({"PMIX_RANK=4", "PMIX_NAMESPACE=x"}), {"PMIX_RANK is set but the number of ranks is not"});
  expect_refusal(identify_in({"SLURM_PROCID=4"}), {"SLURM_PROCID is set but SLURM_NTASKS is not"});
}

TEST(Identity, RefusesNumbersThatAreNone) {
  expect_refusal(identify_in({"RANK=x", "WORLD_SIZE=4"}), {"RANK", "x"});
  expect_refusal(identify_in({"RANK=-1", "WORLD_SIZE=4"}), {"RANK", "-1"});
  expect_refusal(identify_in({"PMI_RANK=4", "PMI_SIZE=4"}), {"PMI_RANK is 4 but PMI_SIZE is 4"});
  expect_refusal(identify_in({"PMI_RANK=4", "PMI_SIZE=99999999999999999999"}), {"PMI_SIZE"});
}

}  // namespace
}  // namespace tutti::bootstrap
