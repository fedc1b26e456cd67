// Ranks in two processes, one of which may die. The second one is forked before anything else exists: each case is for
// a process of its own, as ctest runs them. After another case a fork would inherit what a fabric's library keeps,
// locks too.
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/file_descriptor.hpp"
#include "conformance/conformance.hpp"

namespace tutti::transport::conformance {
namespace {

constexpr Rank kParent{0};
constexpr Rank kChild{1};

// A process that runs `body` with its end of a channel, and tells by its exit status whether that went well.
class Child {
 public:
  explicit Child(const std::function<bool(int channel)>& body) {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      ::_exit(body(ends[1]) ? 0 : 1);
    }
    ::close(ends[1]);
    channel_ = FileDescriptor(ends[0]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { kill(); }

  [[nodiscard]] int channel() const { return channel_.get(); }
  // False also if it does not end within the limit of all waits.
  bool ends_well() {
    int status = -1;
    const auto limit = std::chrono::steady_clock::now() + limit_of_waits();
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > limit) return false;
      ::usleep(1000);
    }
    pid_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
  FileDescriptor channel_;
};

// Both sides call it with their own address and get the other's.
Memory swap(int channel, const Memory& mine) {
  Memory theirs(2048);
  if (::send(channel, mine.data(), mine.size(), 0) < 0) return {};
  const auto size = ::recv(channel, theirs.data(), theirs.size(), 0);
  theirs.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return theirs;
}

void meet(Party& me, Rank other, int channel) {
  me.connect(other, swap(channel, me.transport().address()));
}

void say(int channel) {
  const char byte = 1;
  static_cast<void>(::send(channel, &byte, 1, MSG_NOSIGNAL));
}
void hear(int channel) {
  char byte = 0;
  static_cast<void>(::recv(channel, &byte, 1, 0));
}
[[noreturn]] void linger(Party& me) {
  for (;;) {
    me.poll();
    ::usleep(1000);
  }
}

bool exchange(Party& me, Rank other) {
  for (const std::size_t size : {0U, 8U, 64U, 5000U, 100'000U, 3'000'001U}) {
    const Memory sent = pattern(size, 9);
    Memory got(size);
    me.recv(other, got);
    me.send(other, sent);
    if (!me.finish() || me.failures() > 0 || !same(got, sent)) return false;
  }
  return true;
}

TEST_P(Conformance, ExchangesBetweenProcesses) {
  if (!GetParam().between_processes) return RecordProperty("does_not_apply", "lives in one process");
  Child child([this](int channel) {
    const auto me = join(kChild);
    meet(*me, kParent, channel);
    const bool good = exchange(*me, kParent);
    hear(channel);
    return good;
  });
  const auto me = join(kParent);
  meet(*me, kChild, child.channel());
  EXPECT_TRUE(exchange(*me, kChild));
  say(child.channel());
  EXPECT_TRUE(child.ends_well());
}

TEST_P(Conformance, NamesAProcessThatWasKilled) {
  if (!GetParam().between_processes) return RecordProperty("does_not_apply", "lives in one process");
  Child child([this](int channel) {
    const auto me = join(kChild);
    meet(*me, kParent, channel);
    const Memory sent = pattern(100, 1);
    me->send(kParent, sent);
    me->finish();
    linger(*me);
    return true;
  });
  const auto me = join(kParent);
  meet(*me, kChild, child.channel());
  Memory got(100);
  me->recv(kChild, got);
  ASSERT_TRUE(me->finish());
  const auto waiting = me->recv(kChild, got);
  for (int i = 0; i < 100; ++i) me->poll();
  child.kill();
  ASSERT_TRUE(me->finish());
  EXPECT_TRUE(me->failed(waiting));
  ASSERT_NE(me->failure(kChild), nullptr);
  EXPECT_EQ(me->failure(kChild)->code, Code::peer_lost);
  EXPECT_EQ(me->failure(kChild)->culprit, kChild);
  EXPECT_TRUE(me->failure(kChild)->text.starts_with("rank 1 is gone (" + GetParam().name)) << me->failure(kChild)->text;
}

// As the workers that load data for a training process: they inherit its sockets, and outlive it.
TEST_P(Conformance, NamesAKilledProcessWhoseChildLives) {
  if (!GetParam().between_processes) return RecordProperty("does_not_apply", "lives in one process");
  Child child([this](int channel) {
    const auto me = join(kChild);
    meet(*me, kParent, channel);
    const Memory sent = pattern(100, 1);
    me->send(kParent, sent);
    me->finish();
    if (::fork() == 0) {
      ::sleep(3);
      ::_exit(0);
    }
    say(channel);
    linger(*me);
    return true;
  });
  const auto me = join(kParent);
  if (!me->transport().capabilities().shares_memory)
    return RecordProperty("does_not_apply", "its keepalive needs longer");
  meet(*me, kChild, child.channel());
  Memory got(100);
  me->recv(kChild, got);
  ASSERT_TRUE(me->finish());
  hear(child.channel());
  const auto waiting = me->recv(kChild, got);
  const auto killed = std::chrono::steady_clock::now();
  child.kill();
  ASSERT_TRUE(me->finish());
  EXPECT_TRUE(me->failed(waiting));
  EXPECT_LT(std::chrono::steady_clock::now() - killed, std::chrono::seconds(2)) << "only its child's end was noticed";
}

TEST_P(Conformance, DeliversWhatAKilledProcessHadSent) {
  if (!GetParam().between_processes) return RecordProperty("does_not_apply", "lives in one process");
  const Memory sent = pattern(1000, 1);
  Child child([&](int channel) {
    const auto me = join(kChild);
    meet(*me, kParent, channel);
    me->send(kParent, sent);
    me->finish();
    say(channel);
    linger(*me);
    return true;
  });
  const auto me = join(kParent);
  if (!me->transport().capabilities().shares_memory) return RecordProperty("does_not_apply", "a network may lose it");
  meet(*me, kChild, child.channel());
  hear(child.channel());
  child.kill();
  for (int i = 0; i < 1000; ++i) me->poll();
  Memory got(sent.size());
  const auto token = me->recv(kChild, got);
  ASSERT_TRUE(me->finish());
  EXPECT_FALSE(me->failed(token));
  EXPECT_TRUE(same(got, sent));
}

TEST_P(Conformance, OutlivesAProcessKilledInTheMiddleOfItsMessages) {
  if (!GetParam().between_processes) return RecordProperty("does_not_apply", "lives in one process");
  for (int milliseconds : {1, 3, 10, 30}) {
    const auto flood = [](Party& me, Rank other, const Memory& sent, std::vector<Memory>& got) {
      for (auto& memory : got) {
        me.recv(other, memory);
        me.send(other, sent);
      }
    };
    const Memory sent = pattern(4 << 20, 1);
    std::vector<Memory> got(8, Memory(sent.size()));
    Child child([&](int channel) {
      const auto me = join(kChild);
      meet(*me, kParent, channel);
      for (;;) {
        flood(*me, kParent, sent, got);
        me->finish();
      }
      return true;
    });
    const auto me = join(kParent);
    meet(*me, kChild, child.channel());
    flood(*me, kChild, sent, got);
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    while (std::chrono::steady_clock::now() < until) me->poll();
    child.kill();
    ASSERT_TRUE(me->finish());
    const auto more = me->send(kChild, sent);
    const auto never = me->recv(kChild, got[0]);
    ASSERT_TRUE(me->finish());
    EXPECT_TRUE(me->failed(more));
    EXPECT_TRUE(me->failed(never));
    EXPECT_EQ(me->failure(kChild)->code, Code::peer_lost);
  }
}

TEST_P(Conformance, WakesUpForAKilledProcess) {
  if (!GetParam().sleeps_quietly) return RecordProperty("does_not_apply", "its provider wakes nobody: a timer does");
  if (!GetParam().between_processes) return RecordProperty("does_not_apply", "lives in one process");
  Child child([this](int channel) {
    const auto me = join(kChild);
    meet(*me, kParent, channel);
    const Memory sent = pattern(100, 1);
    me->send(kParent, sent);
    me->finish();
    linger(*me);
    return true;
  });
  const auto me = join(kParent);
  meet(*me, kChild, child.channel());
  Memory got(100);
  me->recv(kChild, got);
  ASSERT_TRUE(me->finish());
  const auto waiting = me->recv(kChild, got);
  pollfd fd{me->transport().wait_fd(), POLLIN, 0};
  do {
    me->poll();
  } while (!me->transport().prepare_to_sleep() || ::poll(&fd, 1, 20) == 1);
  child.kill();
  EXPECT_EQ(::poll(&fd, 1, 20'000), 1);
  ASSERT_TRUE(me->finish());
  EXPECT_TRUE(me->failed(waiting));
}

}  // namespace
}  // namespace tutti::transport::conformance
