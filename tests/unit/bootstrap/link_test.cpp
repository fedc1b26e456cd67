// One connection over real sockets; its two ends are polled in turn, so that each order of events can be had.
#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <optional>

#include "bootstrap/net/interfaces.hpp"
#include "bootstrap/net/link.hpp"
#include "meeting.hpp"

namespace tutti::bootstrap {
namespace {

using std::chrono::seconds;

/// A process's end of the connection, and what it heard.
struct Side : LinkEvents {
  void link_opened(Link& /*link*/) override { open = true; }
  void link_received(Link& /*link*/, std::span<const std::byte> body) override {
    if (const auto message = decode(body)) heard_goodbye |= std::holds_alternative<Left>(*message);
  }
  void link_ended(Link& /*link*/, Ending /*ending*/, const std::string& why) override { end = why; }

  asio::io_context io{1};
  bool open = false;
  bool heard_goodbye = false;
  std::optional<std::string> end;
  std::shared_ptr<Link> link;
};

class Connection {
 public:
  explicit Connection(bool is_unix) {
    auto door = is_unix
                    ? Door::open_unix(near.io, "tutti-link-test-" + std::to_string(::getpid()))
                    : Door::open(near.io, choose_addresses(list_interfaces(), "lo").value().front(), PortRange{0, 0});
    EXPECT_TRUE(door) << door.error().text;
    (*door)->welcome([&](Socket socket) {
      near.link = std::make_shared<Link>(std::move(socket), 2, key_, Greeting{.rank = 0, .world_size = 2}, near);
      near.link->answer(seconds(10));
    });
    const auto to =
        is_unix ? endpoint_of_unix("tutti-link-test-" + std::to_string(::getpid())) : endpoint_of((*door)->address());
    far.link = std::make_shared<Link>(Socket(far.io), 1, key_, Greeting{.rank = 1, .world_size = 2}, far);
    far.link->call(to, "near", seconds(10));
    poll_until([&] { return near.open && far.open; });
  }
  ~Connection() {
    near.link->drop();
    far.link->drop();
    near.io.poll();
    far.io.poll();
  }

  template <typename Enough>
  void poll_until(Enough enough) {
    const auto until = within(seconds(10));
    while (!enough() && !until.passed(std::chrono::steady_clock::now())) {
      near.io.poll();
      far.io.poll();
    }
    ASSERT_TRUE(enough());
  }

 private:
  const Key key_ = Key::random();

 public:
  Side near;
  Side far;
};

class Links : public testing::TestWithParam<bool> {};

TEST_P(Links, GiveAllThatThePeerSaidBeforeTheySayThatItEnded) {
  Connection connection(GetParam());
  connection.near.link->send(encode(RootGone{}));  // never read: it turns the close of the socket into a reset
  connection.far.link->send(encode(Left{{{1, 1}}}));
  connection.far.link->drop();
  // Writing finds out first that nobody is there.
  connection.near.link->send(encode(HandOver{}));
  connection.near.link->send(encode(HandOver{}));
  connection.poll_until([&] { return connection.near.end.has_value(); });
  EXPECT_TRUE(connection.near.heard_goodbye) << *connection.near.end;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Links, testing::Values(false, true),
                         [](const auto& kind) { return kind.param ? "Unix" : "Tcp"; });

}  // namespace
}  // namespace tutti::bootstrap
