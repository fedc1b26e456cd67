#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/file_descriptor.hpp"
#include "bootstrap/identity.hpp"
#include "bootstrap/launchers/by_address.hpp"
#include "bootstrap/launchers/exchange.hpp"
#include "bootstrap/launchers/id_file.hpp"
#include "bootstrap/launchers/pmi_wire.hpp"
#include "bootstrap/net/door.hpp"
#include "bootstrap/trust/id_fields.hpp"
#include "meeting.hpp"

namespace tutti::bootstrap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Agreeing : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tutti-agree-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }
  void write_file(const std::string& where, const std::string& text, mode_t mode) {
    std::ofstream(where) << text;
    ::chmod(where.c_str(), mode);
  }

  static Identity identity(int rank, int ranks) { return {to_rank(rank), ranks, "TUTTI_RANK"}; }

  std::filesystem::path folder_;
};

Result<Agreement> agree_in(const Identity& identity, const Config& config, std::vector<const char*> environment = {},
                           Duration patience = seconds(20)) {
  return agree(identity, config, environment, Log(), within(patience));
}

TEST_F(Agreeing, ByFileGivesAllTheSameIdAndRemovesTheFile) {
  Config config = loopback_config();
  config.unique_id_file = path("id");
  std::vector<Agreement> agreed(4);
  on_threads(4, [&](int rank) {
    auto agreement = agree_in(identity(rank, 4), config);
    ASSERT_TRUE(agreement) << agreement.error().text;
    agreed[static_cast<std::size_t>(rank)] = std::move(agreement).value();
  });
  EXPECT_TRUE(agreed[0].root);
  struct stat about {};
  ASSERT_EQ(::stat(config.unique_id_file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  for (const auto& agreement : agreed) EXPECT_EQ(agreement.id, agreed[0].id);
  const auto sessions = join_all(agreed[0].id, 4);
  EXPECT_EQ(sessions[3]->layout().ranks(), 4);
  agreed[0].root.reset();
  EXPECT_FALSE(std::filesystem::exists(config.unique_id_file));
}

TEST_F(Agreeing, ByFileIgnoresWhatAnEarlierJobLeftBehind) {
  Config config = loopback_config();
  config.unique_id_file = path("id");
  {
    auto earlier = start_root();
    ASSERT_TRUE(write_id_file(config.unique_id_file, earlier->unique_id()));
  }
  std::vector<Agreement> agreed(3);
  on_threads(3, [&](int rank) {
    if (rank == 0) std::this_thread::sleep_for(milliseconds(300));  // the others see the stale id first
    auto agreement = agree_in(identity(rank, 3), config);
    ASSERT_TRUE(agreement) << agreement.error().text;
    agreed[static_cast<std::size_t>(rank)] = std::move(agreement).value();
  });
  EXPECT_EQ(agreed[1].id, agreed[0].id);
  EXPECT_EQ(agreed[2].id, agreed[0].id);
}

TEST_F(Agreeing, ByFileTakesTheIdOfALauncherThatServesIt) {
  const auto root = Root::start(loopback_config(), Log(), ServedBy::launcher);
  ASSERT_TRUE(root);
  const FileDescriptor memory(::memfd_create("tutti-id", MFD_CLOEXEC));
  ASSERT_EQ(::write(memory.get(), (*root)->unique_id().bytes.data(), 128), 128);
  Config config = loopback_config();
  config.unique_id_file = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(memory.get());
  for (const int rank : {0, 1}) {
    const auto agreement = agree_in(identity(rank, 2), config);
    ASSERT_TRUE(agreement) << agreement.error().text;
    EXPECT_FALSE(agreement->root);
    EXPECT_EQ(agreement->id, (*root)->unique_id());
  }
}

TEST_F(Agreeing, ByFileSaysWhenTheLauncherHasEnded) {
  auto root = Root::start(loopback_config(), Log(), ServedBy::launcher);
  ASSERT_TRUE(root);
  const FileDescriptor memory(::memfd_create("tutti-id", MFD_CLOEXEC));
  ASSERT_EQ(::write(memory.get(), (*root)->unique_id().bytes.data(), 128), 128);
  root = Error{};
  Config config = loopback_config();
  config.unique_id_file = "/proc/self/fd/" + std::to_string(memory.get());
  const auto agreement = agree_in(identity(0, 2), config);
  ASSERT_FALSE(agreement);
  EXPECT_EQ(agreement.error().code, Code::invalid_argument);
  EXPECT_NE(agreement.error().text.find("no launcher serves an id there"), std::string::npos);
}

TEST_F(Agreeing, ByFileTrustsNoFileThatOthersMayRead) {
  const auto root = start_root();
  Config config = loopback_config();
  config.unique_id_file = path("id");
  ASSERT_TRUE(write_id_file(config.unique_id_file, root->unique_id()));
  ::chmod(config.unique_id_file.c_str(), 0644);
  const auto agreement = agree_in(identity(1, 2), config, {}, milliseconds(200));
  ASSERT_FALSE(agreement);
  EXPECT_EQ(agreement.error().code, Code::timeout);
  EXPECT_NE(agreement.error().text.find("is not this user's alone"), std::string::npos) << agreement.error().text;
}

TEST_F(Agreeing, ByFileTimesOutWithTheReason) {
  Config config = loopback_config();
  config.unique_id_file = path("none");
  const auto agreement = agree_in(identity(1, 2), config, {}, milliseconds(200));
  ASSERT_FALSE(agreement);
  EXPECT_EQ(agreement.error().code, Code::timeout);
  EXPECT_NE(agreement.error().text.find("No such file"), std::string::npos) << agreement.error().text;
  config.unique_id_file = "/no/such/folder/id";
  EXPECT_EQ(agree_in(identity(0, 2), config).error().code, Code::system);
}

std::uint16_t free_port() {
  asio::io_context io;
  return (*Door::open(io, *NetAddress::parse_ip("127.0.0.1"), {}))->address().port;
}

TEST_F(Agreeing, ByAddressMeetsWithAKeyFileAndWithout) {
  for (const bool with_key : {true, false}) {
    Config config = loopback_config();
    config.address = "127.0.0.1:" + std::to_string(free_port());
    if (with_key) {
      config.key_file = path("key");
      write_file(config.key_file, std::string(40, 'k'), 0600);
    }
    Sessions sessions(3);
    std::vector<Agreement> agreed(3);
    on_threads(3, [&](int rank) {
      auto& mine = agreed[static_cast<std::size_t>(rank)];
      auto agreement = agree_in(identity(rank, 3), config);
      ASSERT_TRUE(agreement) << agreement.error().text;
      mine = std::move(agreement).value();
      auto joined = Session::join({mine.id, to_rank(rank), 3, &config, Log(), within(seconds(20))});
      ASSERT_TRUE(joined) << joined.error().text;
      sessions[static_cast<std::size_t>(rank)] = std::move(joined).value();
    });
    EXPECT_EQ(decode(agreed[0].id)->root.front().port, decode(agreed[1].id)->root.front().port);
    sessions.clear();
  }
}

TEST_F(Agreeing, ByAddressDoesNotMeetAnotherJobAtTheSameAddress) {
  Config config = loopback_config();
  config.address = "127.0.0.1:" + std::to_string(free_port());
  const auto first = agree_in(identity(0, 2), config, {"TORCHELASTIC_RESTART_COUNT=0"});
  ASSERT_TRUE(first) << first.error().text;
  const auto other = agree_in(identity(1, 2), config, {"TORCHELASTIC_RESTART_COUNT=1"}, milliseconds(300));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::timeout);
  EXPECT_NE(other.error().text.find("does not know this job's key"), std::string::npos) << other.error().text;
}

TEST_F(Agreeing, ByAddressChecksTheKeyFile) {
  write_file(path("open"), std::string(40, 'k'), 0644);
  write_file(path("short"), std::string(31, 'k'), 0600);
  write_file(path("good"), std::string(32, 'k'), 0600);
  EXPECT_NE(read_key_file(path("open")).error().text.find("it must be yours, mode 600"), std::string::npos);
  EXPECT_NE(read_key_file(path("short")).error().text.find("it has 31 bytes"), std::string::npos);
  EXPECT_EQ(read_key_file(path("none")).error().code, Code::system);
  EXPECT_TRUE(read_key_file(path("good")));
}

TEST_F(Agreeing, ByAddressRefusesWhatIsNoAddressAndAnotherMachines) {
  Config config = loopback_config();
  for (const auto* const address : {"nowhere", ":80", "host:0", "host:99999", "host:x"}) {
    config.address = address;
    const auto agreement = agree_in(identity(0, 2), config);
    ASSERT_FALSE(agreement) << address;
    EXPECT_EQ(agreement.error().code, Code::invalid_argument) << agreement.error().text;
  }
  config.address = "203.0.113.7:4000";
  const auto agreement = agree_in(identity(0, 2), config);
  ASSERT_FALSE(agreement);
  EXPECT_NE(agreement.error().text.find("not an address of this machine"), std::string::npos) << agreement.error().text;
}

TEST_F(Agreeing, WithTorchrunUsesThePortAfterItsStore) {
  const auto rendezvous = [](std::vector<const char*> environment) {
    return torchrun_rendezvous(Environment(environment));
  };
  EXPECT_EQ(rendezvous({"MASTER_ADDR=gpu-00", "MASTER_PORT=29500"})->address, "gpu-00:29501");
  EXPECT_EQ(rendezvous({"MASTER_ADDR=fd00::1", "MASTER_PORT=29500"})->address, "[fd00::1]:29501");
  EXPECT_FALSE(rendezvous({"MASTER_ADDR=gpu-00", "MASTER_PORT=65535"}));
  EXPECT_FALSE(rendezvous({"MASTER_ADDR=gpu-00"}));
}

TEST_F(Agreeing, SaysWhatToSetWhenThereIsNoWay) {
  const Identity slurm{to_rank(1), 4, "slurm"};
  const auto agreement = agree_in(slurm, Config{}, {"SLURM_PROCID=1", "SLURM_NTASKS=4"});
  ASSERT_FALSE(agreement);
  EXPECT_EQ(agreement.error().code, Code::invalid_argument);
  for (const auto* const word : {"TUTTI_UNIQUE_ID_FILE", "TUTTI_ADDRESS", "srun --mpi=pmix"}) {
    EXPECT_NE(agreement.error().text.find(word), std::string::npos) << agreement.error().text;
  }
}

TEST_F(Agreeing, AloneNeedsNothing) {
  const Config config;
  const auto agreement = agree_in({Rank{}, 1, "none (one rank)"}, config);
  ASSERT_TRUE(agreement);
  EXPECT_FALSE(agreement->root);
  EXPECT_TRUE(Session::join({agreement->id, Rank{}, 1, &config, Log(), within(seconds(5))}));
}

/// A launcher of one process that speaks PMI-1, with values of at most 64 bytes.
class FakePmi {
 public:
  explicit FakePmi(bool refuses = false) : refuses_(refuses) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    process_ = FileDescriptor(ends[0]);
    launcher_ = FileDescriptor(ends[1]);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakePmi() {
    process_.reset();
    thread_.join();
  }
  int fd() const { return process_.get(); }

 private:
  void serve() {
    std::map<std::string, std::string> space;
    for (std::string line; read_line(line);) {
      const auto value_of = [&](const std::string& name) {
        const auto at = line.find(name + "=");
        const auto begin = at + name.size() + 1;
        return at == std::string::npos ? std::string() : line.substr(begin, line.find(' ', begin) - begin);
      };
      const auto command = value_of("cmd");
      if (command == "init") say("cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0\n");
      if (command == "get_maxes") say("cmd=maxes kvsname_max=64 keylen_max=64 vallen_max=64\n");
      if (command == "get_my_kvsname") say("cmd=my_kvsname kvsname=kvs_7\n");
      if (command == "barrier_in") say("cmd=barrier_out\n");
      if (command == "finalize") say("cmd=finalize_ack\n");
      if (command == "get") say("cmd=get_result rc=0 msg=success value=" + space[value_of("key")] + "\n");
      if (command == "put") {
        EXPECT_LT(value_of("value").size(), 64U);
        space[value_of("key")] = value_of("value");
        say(refuses_ ? "cmd=put_result rc=-1 msg=no_room\n" : "cmd=put_result rc=0 msg=success\n");
      }
    }
  }
  bool read_line(std::string& line) {
    line.clear();
    for (char c = 0; ::read(launcher_.get(), &c, 1) == 1;) {
      if (c == '\n') return true;
      line += c;
    }
    return false;
  }
  void say(const std::string& text) {
    [[maybe_unused]] const auto sent = ::send(launcher_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }

  const bool refuses_;
  FileDescriptor process_;
  FileDescriptor launcher_;
  std::thread thread_;
};

TEST(Pmi, CarriesLongValuesInPieces) {
  const FakePmi launcher;
  const auto fd = "PMI_FD=" + std::to_string(launcher.fd());
  const std::vector<const char*> variables = {fd.c_str(), "PMI_RANK=0", "PMI_SIZE=1"};
  const std::string value(256, 'a');
  const auto got = exchange_by_pmi(Environment(variables), {value, within(seconds(10))});
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(*got, value);
}

TEST(Pmi, PassesTheLaunchersRefusalOn) {
  const FakePmi launcher(true);
  const auto fd = "PMI_FD=" + std::to_string(launcher.fd());
  const std::vector<const char*> variables = {fd.c_str()};
  const auto got = exchange_by_pmi(Environment(variables), {"value", within(seconds(10))});
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().text.find("no_room"), std::string::npos) << got.error().text;
}

TEST(Pmi, DoesNotWaitBeyondTheDeadline) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const FileDescriptor mine(ends[0]);
  const FileDescriptor silent(ends[1]);
  const auto fd = "PMI_FD=" + std::to_string(ends[0]);
  for (const char* const version : {"PMI_VERSION=1", "PMI_VERSION=2"}) {
    const std::vector<const char*> variables = {fd.c_str(), version};
    EXPECT_EQ(exchange_by_pmi(Environment(variables), {"", within(milliseconds(50))}).error().code, Code::timeout);
  }
  const std::vector<const char*> nothing = {"PMI_RANK=0"};
  EXPECT_EQ(exchange_by_pmi(Environment(nothing), {"", within(milliseconds(50))}).error().code, Code::unsupported);
}

}  // namespace
}  // namespace tutti::bootstrap
