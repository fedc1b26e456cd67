// Latency and bandwidth of one path between two processes, against what copying costs on the same two cores.
//   cmake --preset release -DTUTTI_PERF=ON && cmake --build --preset release --target transports_benchmark
//   build/release/perf/transports_benchmark [shm|ucx|ofi]
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "transports/ofi/ofi.hpp"
#include "transports/shm/shm.hpp"
#include "transports/ucx/ucx.hpp"

namespace {

using namespace tutti;
using namespace tutti::transport;
using Seconds = std::chrono::duration<double>;

TimePoint now() {
  return SteadyClock().now();
}

void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  static_cast<void>(::sched_setaffinity(0, sizeof(set), &set));
}

// One of the two ranks, with the path to the other.
class Side {
 public:
  Side(const std::string& name, int rank, int channel) {
    auto made = name == "shm"   ? shm::create({.rank = to_rank(rank), .node_id = {}, .log = {}})
                : name == "ucx" ? ucx::create({.rank = to_rank(rank), .devices = {}, .addresses = {}, .log = {}})
                                : ofi::create({.rank = to_rank(rank), .addresses = {}, .provider = {}, .log = {}});
    transport_ = std::move(made).value();
    const auto mine = transport_->address();
    std::vector<std::byte> theirs(2048);
    static_cast<void>(::send(channel, mine.data(), mine.size(), 0));
    theirs.resize(static_cast<std::size_t>(::recv(channel, theirs.data(), theirs.size(), 0)));
    path_ = transport_->connect(to_rank(1 - rank), theirs).value();
  }

  [[nodiscard]] std::string path() const { return transport_->describe(); }

  void post(Transfer::Kind kind, std::span<std::byte> data) {
    const Transfer transfer{.kind = kind, .data = data.data(), .bytes = data.size()};
    path_->post({&transfer, 1});
    ++outstanding_;
  }
  void finish() {
    while (outstanding_ > 0) {
      transport_->progress(now(), completed_);
      outstanding_ -= completed_.size();
      completed_.clear();
    }
  }
  void send(std::span<std::byte> data) {
    post(Transfer::Kind::send, data);
    finish();
  }
  void recv(std::span<std::byte> data) {
    post(Transfer::Kind::recv, data);
    finish();
  }

 private:
  std::unique_ptr<Transport> transport_;
  Endpoint* path_ = nullptr;
  std::vector<Completion> completed_;
  std::size_t outstanding_ = 0;
};

// Half the median time of `rounds` there and back.
double one_way_ns(Side& side, bool leads, std::size_t bytes, int rounds) {
  std::vector<std::byte> memory(bytes, std::byte{1});
  std::vector<double> times;
  for (int batch = 0; batch < 20; ++batch) {
    const auto start = now();
    for (int i = 0; i < rounds; ++i) {
      if (leads) side.send(memory);
      side.recv(memory);
      if (!leads) side.send(memory);
    }
    times.push_back(Seconds(now() - start).count() * 1e9 / rounds / 2);
  }
  std::ranges::nth_element(times, times.begin() + 10);
  return times[10];
}

// Bytes of one message over the median time until the other side has it whole.
double gigabytes_per_second(Side& side, bool leads, std::size_t bytes) {
  std::vector<std::byte> memory(bytes, std::byte{1});
  std::byte answer{};
  std::vector<double> rates;
  for (int i = 0; i < 15; ++i) {
    const auto start = now();
    if (leads) {
      side.send(memory);
      side.recv({&answer, 1});
    } else {
      side.recv(memory);
      side.send({&answer, 1});
    }
    rates.push_back(static_cast<double>(bytes) / Seconds(now() - start).count() / 1e9);
  }
  std::ranges::nth_element(rates, rates.begin() + 7);
  return rates[7];
}

double memcpy_gigabytes_per_second(std::size_t bytes) {
  std::vector<std::byte> from(bytes, std::byte{1});
  std::vector<std::byte> to(bytes);
  std::vector<double> rates;
  for (int i = 0; i < 15; ++i) {
    const auto start = now();
    std::memcpy(to.data(), from.data(), bytes);
    rates.push_back(static_cast<double>(bytes) / Seconds(now() - start).count() / 1e9);
  }
  std::ranges::nth_element(rates, rates.begin() + 7);
  return rates[7];
}

// The floor of any latency here: one word to the other core and back.
double core_to_core_ns(std::atomic<std::uint64_t>* words, bool leads, std::uint64_t rounds) {
  const auto start = now();
  for (std::uint64_t i = 1; i <= rounds; ++i) {
    if (leads) words[0].store(i, std::memory_order_release);
    while (words[leads ? 16 : 0].load(std::memory_order_acquire) != i) {
    }
    if (!leads) words[16].store(i, std::memory_order_release);
  }
  return Seconds(now() - start).count() * 1e9 / static_cast<double>(rounds) / 2;
}

void run(const std::string& name, int rank, int channel, std::atomic<std::uint64_t>* words) {
  pin(rank);
  const bool leads = rank == 0;
  Side side(name, rank, channel);
  const double floor = core_to_core_ns(words, leads, 200'000);
  const int rounds = name == "shm" ? 20'000 : 1000;
  if (leads)
    fmt::print("path {}\ncore to core, one word: {:.0f} ns\n\n   bytes   one-way ns   x core to core\n", side.path(),
               floor);
  for (const std::size_t bytes : {0U, 8U, 48U, 64U, 256U, 1024U, 4096U, 16384U}) {
    const double ns = one_way_ns(side, leads, bytes, rounds / 4);
    if (leads) fmt::print("{:8} {:12.0f} {:12.1f}\n", bytes, ns, ns / floor);
  }
  if (leads) fmt::print("\n      bytes     GB/s   memcpy GB/s   ratio\n");
  for (const std::size_t bytes :
       {std::size_t{64} << 10, std::size_t{1} << 20, std::size_t{16} << 20, std::size_t{64} << 20}) {
    const double copy = leads ? memcpy_gigabytes_per_second(bytes) : 0;
    const double rate = gigabytes_per_second(side, leads, bytes);
    if (leads) fmt::print("{:11} {:8.2f} {:13.2f} {:7.2f}\n", bytes, rate, copy, rate / copy);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "shm";
  int ends[2] = {-1, -1};
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return 1;
  auto* words = static_cast<std::atomic<std::uint64_t>*>(memory);
  const pid_t child = ::fork();
  run(name, child == 0 ? 1 : 0, ends[child == 0 ? 1 : 0], words);
  if (child != 0) ::waitpid(child, nullptr, 0);
  return 0;
}
