#include "bootstrap/launchers/probe.hpp"

#include <algorithm>
#include <optional>
#include <thread>

#include "bootstrap/net/driver.hpp"

namespace tutti::bootstrap {
namespace {

class Prober final : public Machine {
 public:
  explicit Prober(std::vector<NetAddress> root) : root_(std::move(root)) {}

  void start(TimePoint /*now*/) override { act(Connect{kLink, {root_, {}}}); }
  void opened(LinkId /*link*/, const Greeting& /*peer*/, TimePoint /*now*/) override { act(Close{kLink}); }
  void received(LinkId /*link*/, std::span<const std::byte> /*body*/, TimePoint /*now*/) override {}
  void closed(LinkId /*link*/, Ending ending, const std::string& why, TimePoint /*now*/) override {
    if (ending != Ending::closed) act(MeetingFailed{{Code::transport, why}});
    act(Finished{});
  }
  void hub_claimed(std::optional<std::vector<NetAddress>> /*doors*/, TimePoint /*now*/) override {}
  void tick(TimePoint /*now*/) override {}
  [[nodiscard]] std::optional<TimePoint> wake_at() const override { return std::nullopt; }

 private:
  static constexpr LinkId kLink = 1;
  const std::vector<NetAddress> root_;
};

}  // namespace

Status probe(const IdFields& id) {
  std::optional<Error> trouble;
  Driver driver(
      std::make_unique<Prober>(id.root),
      {.key = id.key, .greeting = {.role = Role::probe}, .hub_name = {}, .iface = {}, .ports = {}, .log = Log()},
      [&](Action& news) {
        if (auto* failed = std::get_if<MeetingFailed>(&news)) trouble = failed->error;
      });
  driver.start();
  driver.wait_until_finished();
  if (trouble) return *std::move(trouble);
  return {};
}

Status await_root(const IdFields& id, Deadline deadline) {
  constexpr Duration kLongestPause = std::chrono::milliseconds(250);
  for (Duration pause = std::chrono::milliseconds(5);; pause = std::min(pause * 2, kLongestPause)) {
    auto there = probe(id);
    if (there || deadline.passed(std::chrono::steady_clock::now())) return there;
    std::this_thread::sleep_for(std::min(pause, deadline.left(std::chrono::steady_clock::now())));
  }
}

}  // namespace tutti::bootstrap
