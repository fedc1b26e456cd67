// `tutti perf --compare`: the peers' own libraries in the same processes, started by their own launchers.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

using Json = nlohmann::json;

struct Opponent {
  const char* test_name;
  const char* plugin;
  const char* name;   // as it is told
  const char* flag;   // of --compare
  const char* start;  // before the number of ranks
  const char* program;
};

std::string plugin_file(const std::string& plugin) {
  return std::string(TUTTI_PEERS) + "/peer_" + plugin + ".so";
}

std::string as_root(const std::string& command) {
  return "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 " + command;
}

class Compare : public testing::TestWithParam<Opponent> {
 protected:
  void SetUp() override {
    if (!has_program(GetParam().program)) GTEST_SKIP() << GetParam().program << " is not installed";
    if (!std::filesystem::exists(plugin_file(GetParam().plugin)))
      GTEST_SKIP() << "its development package was not there when this was built";
  }

  static std::string job(int ranks, const std::string& perf) {
    const bool by_tutti = std::string(GetParam().program) == "tutti";
    return as_root(std::string(GetParam().start) + " " + std::to_string(ranks) + (by_tutti ? " --" : "") +
                   " tutti perf " + perf + " --compare " + GetParam().flag);
  }
};

TEST_P(Compare, TellsBothTimesAndTheirRatioOfEverySize) {
  const Folder folder;
  const auto outcome = run(job(2, "all_reduce -b 8 -e 64K -f 64 -n 5 -J " + folder.file("out.json")));
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  EXPECT_NE(outcome.out.find("# Out of bounds values : 0 OK"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("# By turns with " + std::string(GetParam().name)), std::string::npos) << outcome.out;
  const Json json = Json::parse(read_file(folder.file("out.json")));
  EXPECT_EQ(json["peer"]["name"], GetParam().name);
  ASSERT_EQ(json["peer"]["rows"].size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Json& peer = json["peer"]["rows"][i];
    EXPECT_EQ(peer["bytes"], json["rows"][i]["bytes"]);
    for (const char* const side : {"out_of_place", "in_place"}) {
      EXPECT_GT(peer[side]["time_us"]["min"].get<double>(), 0);
      const Json& speedup = peer[side]["speedup"];
      EXPECT_LE(speedup["p10"], speedup["p50"]);
      EXPECT_LE(speedup["p50"], speedup["p90"]);
      EXPECT_GT(speedup["p10"].get<double>(), 0);
    }
  }
}

TEST_P(Compare, PeersResultsAreThoseOfTheSameCollective) {
  const bool is_mpi = std::string(GetParam().flag) == "mpi";
  for (const char* const collective : {"all_reduce", "reduce", "broadcast", "reduce_scatter", "all_gather", "gather",
                                       "scatter", "all_to_all", "sendrecv", "barrier"}) {
    const auto outcome = run(job(3, std::string(collective) + " -b 24 -e 24K -f 32 -n 2 -d int32 -r 1"));
    const std::string name = collective;
    if (!is_mpi && (name == "reduce_scatter" || name == "sendrecv")) {
      EXPECT_NE(outcome.code, 0) << name;
      EXPECT_NE(outcome.err.find("has no " + name), std::string::npos) << outcome.err;
      continue;
    }
    EXPECT_EQ(outcome.code, 0) << name << ": " << outcome.err;
  }
}

TEST_P(Compare, TypesThatThePeerDoesNotHaveAreAnError) {
  const auto outcome = run(job(2, "all_reduce -b 8 -e 8 -n 1 -d bfloat16"));
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("no type for this"), std::string::npos) << outcome.err;
}

INSTANTIATE_TEST_SUITE_P(Peers, Compare,
                         testing::Values(Opponent{"OpenMpi", "openmpi", "Open MPI", "mpi",
                                                  "mpirun.openmpi --oversubscribe -n", "mpirun.openmpi"},
                                         Opponent{"Mpich", "mpich", "MPICH", "mpi", "mpiexec.hydra -n",
                                                  "mpiexec.hydra"},
                                         Opponent{"Gloo", "gloo", "Gloo", "gloo", "tutti run -n", "tutti"}),
                         [](const auto& test) { return std::string(test.param.test_name); });

TEST(CompareErrors, WithoutALauncherOfAnMpi) {
  const auto outcome = run("tutti perf all_reduce -b 8 -e 8 --compare mpi");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("no MPI started this process"), std::string::npos) << outcome.err;
}

TEST(CompareErrors, AnotherMpiThanTheLaunchers) {
  const auto outcome = run("PMI_SIZE=2 PMI_RANK=0 tutti perf all_reduce -b 8 -e 8 --compare openmpi");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("MPICH's mpiexec started this job"), std::string::npos) << outcome.err;
  EXPECT_EQ(run("PMI_SIZE=2 PMI_RANK=1 tutti perf all_reduce -b 8 -e 8 --compare openmpi").err, "") << "once is enough";
}

TEST(CompareErrors, AnUnknownPeer) {
  const auto outcome = run("tutti perf all_reduce --compare nobody");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("openmpi"), std::string::npos) << outcome.err;
}

TEST(CompareErrors, WhatAComparisonCannotBe) {
  for (const char* const flags :
       {"all_reduce -t 2", "all_reduce -z 0", "all_reduce -m 2", "all_gather_v", "all_reduce --tune /dev/null"}) {
    const auto outcome = run(std::string("tutti perf -b 8 -e 8 --compare gloo ") + flags);
    EXPECT_EQ(outcome.code, 2) << flags;
    EXPECT_EQ(outcome.err.rfind("tutti perf: --compare ", 0), 0U) << outcome.err;
  }
}

// A copy of the command, with what lies beside it as given.
TEST(CompareErrors, APluginThatIsNotThereOrNoPlugin) {
  const Folder folder;
  const std::string copy = "mkdir -p " + folder.file("bin") + " " + folder.file("libexec/tutti") +
                           " && cp " TUTTI_BIN "/tutti " + folder.file("bin/") + " && ";
  const std::string ask = folder.file("bin/tutti") + " perf all_reduce -b 8 -e 8 --compare gloo";
  const auto absent = run(copy + ask);
  EXPECT_EQ(absent.code, 1);
  EXPECT_NE(absent.err.find("with libgloo-dev installed"), std::string::npos) << absent.err;
  std::ofstream(folder.file("libexec/tutti/peer_gloo.so")) << "no shared object";
  const auto broken = run(ask);
  EXPECT_EQ(broken.code, 1);
  EXPECT_NE(broken.err.find("peer_gloo.so"), std::string::npos) << broken.err;
  std::filesystem::remove(folder.file("libexec/tutti/peer_gloo.so"));
  const auto other = run("cp \"$(ldd " TUTTI_BIN "/tutti | awk '/libc.so/{print $3}')\" " +
                         folder.file("libexec/tutti/peer_gloo.so") + " && " + ask);
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.err.find("is no plug-in of this version"), std::string::npos) << other.err;
}

TEST(Limits, AreReadByPerfAsTheyAreWritten) {
  const std::string limits = TUTTI_BIN "/../perf/limits";
  const Folder folder;
  const auto measured = run(limits + " -e 64K -n 1 --json " + folder.file("limits.json"));
  ASSERT_EQ(measured.code, 0) << measured.err;
  const Json json = Json::parse(read_file(folder.file("limits.json")));
  EXPECT_EQ(json["schema"], "tutti.limits/1");
  EXPECT_FALSE(json["bandwidth"].empty());
  for (const Json& row : json["bandwidth"]) EXPECT_GT(row["us"].get<double>(), 0);
  const auto outcome = run("tutti run -n 2 -- tutti perf all_reduce -b 8 -e 64K -f 64 -n 2 --limits " +
                           folder.file("limits.json") + " -J " + folder.file("out.json"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  if (json["cores"].size() < 2) GTEST_SKIP() << "one core has no limit of two ranks";
  for (const Json& row : Json::parse(read_file(folder.file("out.json")))["rows"]) EXPECT_GT(row["limit_us"], 0);
}

TEST(Limits, BadWordsAreErrors) {
  const std::string limits = TUTTI_BIN "/../perf/limits";
  for (const char* const words : {"--cores 4096", "-e 1", "-e many", "-n 0", "--frobnicate"})
    EXPECT_EQ(run(limits + " " + words).code, 2) << words;
  EXPECT_EQ(run(limits + " -e 4K -n 1 --json /nowhere/at/all").code, 1);
  const auto outcome = run("tutti perf all_reduce -b 8 -e 8 --limits /dev/null");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("--limits"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace tutti::test
