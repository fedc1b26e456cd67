// A listening socket that survives whatever comes in through it.
#pragma once

#include <asio/basic_socket_acceptor.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "bootstrap/net/address.hpp"

namespace tutti::bootstrap {

using Socket = asio::generic::stream_protocol::socket;
using Endpoint = asio::generic::stream_protocol::endpoint;

/// The ports that may be listened on; 0-0: any free one.
struct PortRange {
  std::uint16_t low = 0;
  std::uint16_t high = 0;
};

Endpoint endpoint_of(const NetAddress& address);
/// Of an abstract unix socket: no file, gone with its owner.
Endpoint endpoint_of_unix(const std::string& name);
/// "10.0.0.1:4000", or "this node".
std::string peer_of(const Socket& socket);
/// Not inherited by programs that this process starts, no delay, and ends by itself when the peer's machine vanishes.
void prepare(Socket& socket);

class Door {
 public:
  /// On the first free port of the range. Fails with system, or invalid_argument if the address is not this machine's.
  static Result<std::unique_ptr<Door>> open(asio::io_context& io, NetAddress address, PortRange ports);
  /// Fails with system; invalid_usage if another process has the name.
  static Result<std::unique_ptr<Door>> open_unix(asio::io_context& io, const std::string& name);

  /// Calls `came` for each connection until the door goes. Of unix sockets, only those of this user.
  void welcome(std::function<void(Socket)> came);
  [[nodiscard]] const NetAddress& address() const { return address_; }

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

  Door(asio::io_context& io, bool is_unix) : acceptor_(io), pause_(io), is_unix_(is_unix) {}
  static std::unique_ptr<Door> bind(asio::io_context& io, const Endpoint& endpoint, bool is_unix,
                                    asio::error_code& error);
  void accept_next();

  Acceptor acceptor_;
  asio::steady_timer pause_;
  const bool is_unix_;
  NetAddress address_;
  std::function<void(Socket)> came_;
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);  // handlers look whether the door still is there
};

}  // namespace tutti::bootstrap
