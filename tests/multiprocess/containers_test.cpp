// Ranks that nobody starts together, each in namespaces of its own, as in containers of one machine: they share memory
// where they can, which is decided by trying, and reach each other over the network where they cannot.
#include <gtest/gtest.h>
#include <unistd.h>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

constexpr const char* kContainer = "unshare --pid --fork --kill-child --mount --mount-proc --ipc --uts ";

/// Starts each rank by itself, with torchrun's variables; `inside` goes before its command. What all ranks say.
Outcome start_each(int ranks, const std::string& inside, const std::string& perf, const std::string& settings = "") {
  const std::string port = std::to_string(20000 + ::getpid() % 10000);
  const std::string count = std::to_string(ranks);
  std::string script = "export MASTER_ADDR=127.0.0.1 MASTER_PORT=" + port + " WORLD_SIZE=" + count +
                       " TUTTI_LOG=info TUTTI_INIT_TIMEOUT=20s " + settings + "; pids=; code=0; ";
  for (int rank = 0; rank < ranks; ++rank)
    script += "RANK=" + std::to_string(rank) + " " + inside + "tutti perf " + perf + " & pids=\"$pids $!\"; ";
  return run(script + "for each in $pids; do wait $each || code=$?; done; exit $code");
}

void expect_right_over(const Outcome& outcome, const std::string& transports) {
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("# Out of bounds values : 0 OK"), std::string::npos) << outcome.out << outcome.err;
  EXPECT_NE(outcome.err.find(" transports " + transports + " "), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("shm: dropped"), std::string::npos) << outcome.err;
}

class Containers : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "namespaces need root";
  }
};

TEST(Address, IsEnoughForRanksToShareMemory) {
  expect_right_over(start_each(3, "", "all_reduce -b 8 -e 4M -f 64 -n 3"), "shm");
}

TEST_F(Containers, RanksInNamespacesOfTheirOwnShareMemory) {
  expect_right_over(start_each(3, kContainer, "all_reduce -b 8 -e 4M -f 64 -n 3"), "shm");
}

TEST_F(Containers, WindowsReachIntoNamespacesOfTheirOwn) {
  expect_right_over(start_each(2, kContainer, "all_reduce -b 8 -e 4M -f 64 -n 3 -R 1"), "shm");
}

// process_vm_readv knows pids of its own namespace only: that it cannot read is found out, and rings are used.
TEST_F(Containers, RanksThatMayNotReadEachOtherUseRings) {
  expect_right_over(start_each(2, kContainer, "all_gather -b 8 -e 4M -f 64 -n 3", "TUTTI_SHM_READ=4096"), "shm");
}

// Abstract sockets live in the network namespace. Such ranks have no way to each other here, and each says so.
TEST_F(Containers, RanksOfOtherNetworksAreNotTakenForNeighbours) {
  const auto outcome =
      start_each(2, std::string(kContainer) + "--net ", "all_reduce -b 8 -e 8 -n 1", "TUTTI_INIT_TIMEOUT=2s");
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("127.0.0.1"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace tutti::test
