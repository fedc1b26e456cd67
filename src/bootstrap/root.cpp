#include "bootstrap/root.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "bootstrap/launchers/serve.hpp"
#include "bootstrap/net/driver.hpp"
#include "bootstrap/net/interfaces.hpp"
#include "bootstrap/node.hpp"
#include "bootstrap/tree/meeting_root.hpp"

namespace tutti::bootstrap {
namespace {

class ServingRoot final : public Root {
 public:
  ServingRoot(const Serving& serving, const Config& config, const Log& log)
      : driver_(std::make_unique<MeetingRoot>(this_node(config).name, config.init_timeout, log),
                {.key = serving.key,
                 .greeting = {.role = Role::root},
                 .hub_name = {},
                 .iface = config.iface,
                 .ports = {config.port_low, config.port_high},
                 .log = log},
                [this](Action& action) { news(action); }) {}

  ~ServingRoot() override {
    driver_.with<MeetingRoot>([](MeetingRoot& root, TimePoint now) { root.close(now); });
    driver_.wait_until_finished();
  }

  /// Opens what can be opened of `addresses`.
  Status listen(const std::vector<NetAddress>& addresses, PortRange ports, const Log& log) {
    std::optional<Error> trouble;
    for (const auto& address : addresses) {
      const PortRange wanted = address.port != 0 ? PortRange{address.port, address.port} : ports;
      auto door = Door::open(driver_.io(), address, wanted);
      if (!door) {
        trouble = door.error();
        log.debug("bootstrap", "{}", trouble->text);
        continue;
      }
      open_.push_back((*door)->address());
      driver_.open_door(std::move(door).value());
    }
    if (open_.empty() && trouble) return *std::move(trouble);
    return {};
  }

  void start(const Serving& serving, const Config& config, const Log& log) {
    id_ = encode({.key = serving.key,
                  .root = open_,
                  .launcher = serving.by == ServedBy::launcher,
                  .process = static_cast<std::uint32_t>(::getpid()),
                  .node = this_node(config).key});
    log.info("bootstrap", "the root listens on {}", to_string(Where{open_, {}}));
    driver_.start();
  }

  const UniqueId& unique_id() const override { return id_; }

  bool finished() const override {
    const std::lock_guard lock(mutex_);
    return finished_;
  }

  bool wait_until_finished(Deadline deadline) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline.at, [this] { return finished_; });
  }

 private:
  void news(Action& action) {
    if (!std::holds_alternative<Finished>(action)) return;
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;
  UniqueId id_;
  std::vector<NetAddress> open_;
  Driver driver_;
};

}  // namespace

Result<std::unique_ptr<Root>> serve(const Serving& serving, const Config& config, const Log& log) {
  auto root = std::make_unique<ServingRoot>(serving, config, log);
  TUTTI_TRY(root->listen(serving.addresses, {config.port_low, config.port_high}, log));
  root->start(serving, config, log);
  return std::unique_ptr<Root>(std::move(root));
}

Result<std::unique_ptr<Root>> Root::start(const Config& config, Log log, ServedBy by) {
  Serving serving{.key = Key::random(), .addresses = {}, .by = by};
  serving.addresses = config.address.empty() ? TUTTI_TRY(choose_addresses(list_interfaces(), config.iface))
                                             : TUTTI_TRY(resolve(config.address, config));
  return serve(serving, config, log);
}

}  // namespace tutti::bootstrap
