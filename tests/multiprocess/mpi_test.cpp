// Started by the launchers of MPI, which give a rank its place by PMIx and by PMI.
#include <gtest/gtest.h>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

struct Launcher {
  const char* name;
  const char* program;
  const char* start;  // before the number of ranks
};

class Mpi : public testing::TestWithParam<Launcher> {
 protected:
  void SetUp() override {
    if (!has_program(GetParam().program)) GTEST_SKIP() << GetParam().program << " is not installed";
  }

  static std::string job(int ranks, const std::string& command) {
    return "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 " + std::string(GetParam().start) + " " +
           std::to_string(ranks) + " " + command;
  }
};

TEST_P(Mpi, StartsAJob) {
  for (const int ranks : {1, 2, 5}) {
    const auto outcome = run(job(ranks, "tutti perf all_reduce -b 8 -e 1M -f 8 -n 2 -d float,int64"));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("# Out of bounds values : 0 OK"), std::string::npos) << outcome.out << outcome.err;
    EXPECT_EQ(pids_in(outcome.out).size(), static_cast<std::size_t>(ranks)) << outcome.out;
  }
}

TEST_P(Mpi, StartsRanksThatAreThreads) {
  const auto outcome = run(job(2, "tutti perf all_gather -t 2 -b 8 -e 64K -f 8 -n 2"));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(pids_in(outcome.out).size(), 4U) << outcome.out;
}

TEST_P(Mpi, TellsOfWrongElements) {
  EXPECT_NE(run(job(2, TUTTI_CORRUPTED_PERF " all_reduce -b 8 -e 1K -f 16 -n 1")).code, 0);
}

INSTANTIATE_TEST_SUITE_P(Launchers, Mpi,
                         testing::Values(Launcher{"OpenMpi", "mpirun.openmpi", "mpirun.openmpi --oversubscribe -n"},
                                         Launcher{"Mpich", "mpiexec.hydra", "mpiexec.hydra -n"}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace tutti::test
