// Runs one machine over real sockets, on a thread of its own that sleeps while nothing happens.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "bootstrap/net/door.hpp"
#include "bootstrap/net/link.hpp"
#include "bootstrap/tree/machine.hpp"

namespace tutti::bootstrap {

class Driver final : private LinkEvents {
 public:
  struct Setup {
    Key key;
    Greeting greeting;
    std::string hub_name;  // of this node's socket
    std::string iface;     // for a hub's network doors
    PortRange ports;
    Log log;
  };
  /// What the machine tells its owner; called on the driver's thread.
  using News = std::function<void(Action&)>;

  Driver(std::unique_ptr<Machine> machine, Setup setup, News news);
  /// Ends at once: to the peers it looks as if this process had died.
  ~Driver() override;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Before start().
  void open_door(std::unique_ptr<Door> door);
  [[nodiscard]] asio::io_context& io() { return io_; }
  void start();

  /// Does something to the machine on its thread. Thread-safe.
  template <typename M, typename Do>
  void with(Do action) {
    asio::post(io_, [this, action = std::move(action)] {
      event([&](TimePoint now) { action(static_cast<M&>(*machine_), now); });
    });
  }
  /// Returns when the machine has finished. It must have been told to close: that has a deadline of its own.
  void wait_until_finished();

 private:
  struct Dial {  // addresses that are tried at the same time
    std::vector<std::shared_ptr<Link>> tries;
    std::size_t addresses = 0;
    Ending worst = Ending::unreachable;
    std::string troubles;
  };

  using Event = std::function<void(TimePoint)>;
  void event(const Event& action);
  void perform(Connect& action);
  void perform(Send& action);
  void perform(Close& action);
  void perform(ClaimHub& action);
  void perform(CloseDoors& action);
  void perform_all();
  void end();
  void arm();

  LinkEvents& events() { return *this; }
  void came_in(Socket socket);
  void evict_the_oldest();
  void stranger(const std::string& who, const std::string& why);
  std::vector<NetAddress> open_network_doors();
  void try_address(Dial& dial, LinkId id, const Endpoint& to, const std::string& text);
  void link_opened(Link& link) override;
  void link_received(Link& link, std::span<const std::byte> body) override;
  void link_ended(Link& link, Ending ending, const std::string& why) override;
  void dial_opened(Link& link);
  void dial_ended(Link& link, Ending ending, const std::string& why);

  const Setup setup_;
  const News news_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  std::optional<TimePoint> armed_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::map<LinkId, Dial> dials_;
  std::map<LinkId, std::shared_ptr<Link>> links_;  // the machine knows them
  std::deque<std::shared_ptr<Link>> half_open_;    // came in and did not say yet what for
  std::deque<Event> events_;                       // those that came up while another was dealt with
  std::unique_ptr<Machine> machine_;
  LinkId next_newcomer_ = 2;
  std::size_t strangers_ = 0;
  bool in_event_ = false;
  std::thread thread_;
};

}  // namespace tutti::bootstrap
