// Strangers at the door, and ranks that are started wrongly.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <mutex>
#include <random>

#include "base/file_descriptor.hpp"
#include "bootstrap/launchers/probe.hpp"
#include "bootstrap/net/door.hpp"
#include "bootstrap/net/interfaces.hpp"
#include "bootstrap/trust/id_fields.hpp"
#include "bootstrap/wire/handshake.hpp"
#include "meeting.hpp"

namespace tutti::bootstrap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

NetAddress address_of(const Root& root) {
  return decode(root.unique_id())->root.front();
}

FileDescriptor connect_to(const Endpoint& to) {
  FileDescriptor fd(::socket(to.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* raw = static_cast<const sockaddr*>(to.data());
  EXPECT_EQ(::connect(fd.get(), raw, static_cast<socklen_t>(to.size())), 0) << std::strerror(errno);
  return fd;
}

void write_bytes(int fd, std::span<const std::byte> bytes) {
  [[maybe_unused]] const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

/// What a stranger may do after it has connected.
using Mischief = std::function<void(int fd, std::mt19937& random)>;

const std::vector<Mischief>& mischiefs() {
  static const std::vector<Mischief> kAll = {
      [](int, std::mt19937&) {},  // silence
      [](int fd, std::mt19937& random) {
        std::vector<std::byte> noise(1 + random() % 4000);
        for (auto& byte : noise) byte = static_cast<std::byte>(random());
        write_bytes(fd, noise);
      },
      [](int fd, std::mt19937&) {
        const auto header = make_header({.rank = 1, .world_size = 4});
        write_bytes(fd, std::span(header).first(20));
      },
      [](int fd, std::mt19937&) { write_bytes(fd, make_header({.rank = 1, .world_size = 4})); },
      [](int fd, std::mt19937&) {
        write_bytes(fd, make_header({.rank = 1, .world_size = 4}));
        write_bytes(fd, Proof{});  // no proof at all
        write_bytes(fd, std::vector<std::byte>(1000, std::byte{0xFF}));
      },
      [](int fd, std::mt19937&) { write_bytes(fd, bytes_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); },
      [](int fd, std::mt19937&) { ::shutdown(fd, SHUT_RDWR); },
  };
  return kAll;
}

/// Keeps `count` strangers at the door, each as long as it is let.
std::vector<FileDescriptor> pester(const Endpoint& door, int count) {
  std::mt19937 random(5);
  std::vector<FileDescriptor> strangers;
  for (int i = 0; i < count; ++i) {
    strangers.push_back(connect_to(door));
    mischiefs()[static_cast<std::size_t>(i) % mischiefs().size()](strangers.back().get(), random);
  }
  return strangers;
}

class CountingLog {
 public:
  Log log() {
    return {*LogLevels::parse("info"), "test", [this](const std::string& line) {
              const std::lock_guard lock(mutex_);
              if (line.find("dropped a stranger") != std::string::npos) ++strangers_;
            }};
  }
  int strangers() {
    const std::lock_guard lock(mutex_);
    return strangers_;
  }

 private:
  std::mutex mutex_;
  int strangers_ = 0;
};

TEST(Strangers, NeitherEndNorStallAMeetingAndAreLoggedOnce) {
  CountingLog counting;
  const auto root = start_root(loopback_config(), counting.log());
  const auto door = endpoint_of(address_of(*root));
  const auto before = pester(door, 200);
  const auto start = std::chrono::steady_clock::now();
  const auto sessions = join_all(root->unique_id(), 6, [](int rank) { return "node" + std::to_string(rank); });
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(20));
  const auto after = pester(door, 200);
  on_threads(6, [&](int rank) {
    const auto all = sessions[static_cast<std::size_t>(rank)]->all_gather({}, within(seconds(30)));
    EXPECT_TRUE(all) << all.error().text;
  });
  for (const auto& session : sessions) EXPECT_FALSE(session->failure());
  EXPECT_FALSE(root->finished());
  EXPECT_EQ(counting.strangers(), 1);
}

TEST(Strangers, ArePutOutWhenTheyAreSilent) {
  const auto root = start_root();
  const auto stranger = connect_to(endpoint_of(address_of(*root)));
  std::array<char, 1> nothing{};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(::recv(stranger.get(), nothing.data(), nothing.size(), 0), 0);  // the root hangs up
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GT(waited, milliseconds(1500));
  EXPECT_LT(waited, seconds(10));
}

TEST(Strangers, AtTheDoorsOfAHubCauseNoHarm) {
  const auto root = start_root();
  const auto sessions = join_all(root->unique_id(), 4);
  std::ifstream sockets("/proc/net/unix");
  int doors = 0;
  for (std::string line; std::getline(sockets, line);) {
    const auto at = line.find("@tutti-");
    if (at == std::string::npos) continue;
    ++doors;
    const FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto to = endpoint_of_unix(line.substr(at + 1));
    if (::connect(fd.get(), static_cast<const sockaddr*>(to.data()), static_cast<socklen_t>(to.size())) == 0) {
      write_bytes(fd.get(), std::vector<std::byte>(300, std::byte{0x55}));
    }
  }
  EXPECT_GT(doors, 0);
  on_threads(
      4, [&](int rank) { EXPECT_TRUE(sessions[static_cast<std::size_t>(rank)]->all_gather({}, within(seconds(30)))); });
}

TEST(Strangers, WhoKnowTheKeyButTalkNonsenseAreDropped) {
  const auto root = start_root();
  const auto key = decode(root->unique_id())->key;
  const auto fd = connect_to(endpoint_of(address_of(*root)));
  const auto mine = make_header({.rank = 0, .world_size = 2});
  write_bytes(fd.get(), mine);
  std::array<std::byte, kHeaderBytes + kProofBytes> answer{};
  ASSERT_EQ(::recv(fd.get(), answer.data(), answer.size(), MSG_WAITALL), static_cast<ssize_t>(answer.size()));
  Header theirs{};
  std::copy_n(answer.begin(), kHeaderBytes, theirs.begin());
  EXPECT_TRUE(equal(std::span(answer).subspan(kHeaderBytes), answerer_proof(key, mine, theirs)));
  write_bytes(fd.get(), caller_proof(key, mine, theirs));
  write_bytes(fd.get(), std::vector<std::byte>(4, std::byte{0xFF}));  // a frame of 4 GiB
  EXPECT_EQ(::recv(fd.get(), answer.data(), answer.size(), 0), 0);
  const auto sessions = join_all(root->unique_id(), 2);
  EXPECT_TRUE(sessions[0]);
}

Result<std::unique_ptr<Session>> join(const UniqueId& id, int rank, int ranks, const std::string& node,
                                      Duration patience = seconds(30)) {
  Config config = loopback_config();
  config.node_id = node;
  return Session::join({id, to_rank(rank), ranks, &config, Log(), within(patience)});
}

TEST(Ranks, WithAnotherKeyAreToldAndOthersAreNot) {
  const auto root = start_root();
  auto fields = *decode(root->unique_id());
  fields.key = Key::random();
  const auto start = std::chrono::steady_clock::now();
  const auto wrong = join(encode(fields), 0, 2, "");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::transport);
  EXPECT_NE(wrong.error().text.find("does not know this job's key"), std::string::npos) << wrong.error().text;
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(10));
  const auto sessions = join_all(root->unique_id(), 2);
  EXPECT_TRUE(sessions[0] && sessions[1]);
}

/// Joins with (rank, world size, node) each on a thread of its own; all must fail with the same code and words.
void expect_all_fail(const std::vector<std::tuple<int, int, std::string>>& ranks, Duration patience, Code code,
                     const std::string& words) {
  const auto root = start_root();
  on_threads(static_cast<int>(ranks.size()), [&](int i) {
    const auto& [rank, world_size, node] = ranks[static_cast<std::size_t>(i)];
    const auto joined = join(root->unique_id(), rank, world_size, node, patience);
    ASSERT_FALSE(joined);
    EXPECT_EQ(joined.error().code, code) << joined.error().text;
    EXPECT_NE(joined.error().text.find(words), std::string::npos) << joined.error().text;
  });
}

TEST(Ranks, ClaimedTwiceFailForAllWhoCome) {
  expect_all_fail({{0, 4, "a"}, {1, 4, "a"}, {1, 4, "b"}}, seconds(30), Code::invalid_argument,
                  "two processes claim rank 1");
  expect_all_fail({{0, 4, "a"}, {1, 4, "a"}, {1, 4, "a"}}, seconds(30), Code::invalid_argument,
                  "two processes claim rank 1");
}

TEST(Ranks, WithDifferentWorldSizesFailAll) {
  expect_all_fail({{0, 4, "a"}, {1, 8, "b"}}, seconds(30), Code::invalid_argument, "the world size differs");
  expect_all_fail({{0, 4, "a"}, {1, 8, "a"}}, seconds(30), Code::invalid_argument, "the world size differs");
}

TEST(Ranks, OutOfRangeFailAll) {
  expect_all_fail({{1, 3, "a"}, {2, 3, "a"}, {3, 3, "b"}}, seconds(30), Code::invalid_argument,
                  "rank 3 is out of range");
}

TEST(Ranks, ThatDoNotComeAreNamed) {
  const auto start = std::chrono::steady_clock::now();
  expect_all_fail({{0, 8, "a"}, {1, 8, "a"}, {3, 8, "b"}, {4, 8, "b"}}, seconds(2), Code::timeout,
                  "ranks 2, 5-7 have not come within 2 s; 4 of 8 are here");
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(6));
}

TEST(Ranks, SayWhenNoRootIsThere) {
  auto root = start_root();
  const auto id = root->unique_id();
  root.reset();
  const auto joined = join(id, 0, 2, "", seconds(1));
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().code, Code::timeout);
  EXPECT_NE(joined.error().text.find("rank 0 could not reach the root"), std::string::npos) << joined.error().text;
  EXPECT_NE(joined.error().text.find("refused"), std::string::npos) << joined.error().text;
}

TEST(Ports, ComeFromTheRangeAndTheRangeIsNamedWhenAllAreInUse) {
  asio::io_context io;
  auto loopback = *NetAddress::parse_ip("127.0.0.1");
  const auto taken = Door::open(io, loopback, {});
  ASSERT_TRUE(taken);
  const auto port = (*taken)->address().port;
  const auto refused = Door::open(io, loopback, {port, port});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::system);
  EXPECT_NE(refused.error().text.find("the port is in use"), std::string::npos) << refused.error().text;
  Config config = loopback_config();
  config.port_low = 30000;
  config.port_high = 30100;
  const auto root = start_root(config);
  ASSERT_TRUE(root);
  EXPECT_GE(address_of(*root).port, 30000);
  EXPECT_LE(address_of(*root).port, 30100);
}

TEST(Ports, AreNamedWhenAWholeRangeIsInUse) {
  asio::io_context io;
  const auto loopback = *NetAddress::parse_ip("127.0.0.1");
  for (std::uint16_t low = 31000; low < 32000; low = static_cast<std::uint16_t>(low + 10)) {
    const auto first = Door::open(io, loopback, {low, low});
    const auto second =
        Door::open(io, loopback, {static_cast<std::uint16_t>(low + 1), static_cast<std::uint16_t>(low + 1)});
    if (!first || !second) continue;  // somebody else's
    const auto third = Door::open(io, loopback, {low, static_cast<std::uint16_t>(low + 1)});
    ASSERT_FALSE(third);
    EXPECT_NE(third.error().text.find("all ports from " + std::to_string(low)), std::string::npos)
        << third.error().text;
    EXPECT_NE(third.error().text.find("TUTTI_PORT_RANGE"), std::string::npos);
    return;
  }
}

Interface interface(const char* name, const char* ip, bool loopback = false) {
  return {name, *NetAddress::parse_ip(ip), loopback};
}

TEST(Interfaces, AreChosenByPrefixExactNameAndExclusion) {
  const std::vector<Interface> all = {interface("lo", "127.0.0.1", true), interface("eth0", "10.0.0.1"),
                                      interface("eth1", "fd00::1"), interface("ib0", "10.1.0.1"),
                                      interface("docker0", "172.17.0.1")};
  const auto chosen = [&](const char* filter) {
    std::string text;
    const auto addresses = choose_addresses(all, filter);
    if (!addresses) return addresses.error().text;
    for (const auto& address : *addresses) text += to_string(address) + " ";
    return text;
  };
  EXPECT_EQ(chosen(""), "10.0.0.1:0 10.1.0.1:0 [fd00::1]:0 ");
  EXPECT_EQ(chosen("eth"), "10.0.0.1:0 [fd00::1]:0 ");
  EXPECT_EQ(chosen("=eth0,ib0"), "10.0.0.1:0 10.1.0.1:0 ");
  EXPECT_EQ(chosen("^eth,lo,docker"), "10.1.0.1:0 ");
  EXPECT_EQ(chosen("^=eth0,lo,docker0"), "10.1.0.1:0 [fd00::1]:0 ");
  EXPECT_EQ(
      chosen("=eth"),
      "TUTTI_IFACE is '=eth', but no interface matches; there are lo (127.0.0.1), eth0 (10.0.0.1), eth1 ([fd00::1]), "
      "ib0 (10.1.0.1), docker0 (172.17.0.1)");
  EXPECT_EQ(to_string(choose_addresses(std::span(all).first(1), "")->front()), "127.0.0.1:0");
}

TEST(Interfaces, AreNamedOnceAndLoopbackOnlyIfNothingElseIsWanted) {
  const std::vector<Interface> all = {interface("lo", "127.0.0.1", true), interface("eth0", "10.0.0.1"),
                                      interface("eth0", "fd00::1"), interface("eth1", "10.1.0.1")};
  using Names = std::vector<std::string>;
  EXPECT_EQ(choose_interfaces(all, "eth").value(), (Names{"eth0", "eth1"}));
  EXPECT_EQ(choose_interfaces(all, "^=eth1").value(), Names{"eth0"});
  EXPECT_EQ(choose_interfaces(all, "lo").value(), Names{"lo"});
  EXPECT_EQ(choose_interfaces(all, "ib").error().text, choose_addresses(all, "ib").error().text);
}

TEST(Interfaces, ThatDoNotMatchStopTheRoot) {
  Config config;
  config.iface = "=nosuch0";
  const auto root = Root::start(config, Log());
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().code, Code::invalid_argument);
  EXPECT_NE(root.error().text.find("no interface matches"), std::string::npos);
}

}  // namespace
}  // namespace tutti::bootstrap
