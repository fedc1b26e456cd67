// One connection: the handshake, then frames both ways. It touches nothing but its socket; whoever owns it hears of the
// rest through LinkEvents.
#pragma once

#include <asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bootstrap/net/door.hpp"
#include "bootstrap/tree/machine.hpp"
#include "bootstrap/trust/key.hpp"
#include "bootstrap/wire/frames.hpp"
#include "bootstrap/wire/handshake.hpp"

namespace tutti::bootstrap {

class Link;

class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  virtual void link_opened(Link& link) = 0;
  virtual void link_received(Link& link, std::span<const std::byte> body) = 0;
  /// The last that is heard of a link. `why` is for people.
  virtual void link_ended(Link& link, Ending ending, const std::string& why) = 0;
};

/// Not thread-safe: everything happens on the thread of its io_context. Before both ends have proved that they know the
/// key, at most 160 bytes are read.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(Socket socket, LinkId id, const Key& key, const Greeting& mine, LinkEvents& events);

  void call(const Endpoint& to, std::string to_text, Duration patience);
  void answer(Duration patience);

  void send(Frame frame);
  /// Ends once everything sent has gone and the peer has ended its side, or after a second.
  void close_when_sent();
  /// Ends now, without a word to the owner.
  void drop();
  /// An answerer's caller must do something before its patience ends; then it is told that all is well.
  void settle() { patience_.cancel(); }

  [[nodiscard]] LinkId id() const { return id_; }
  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  [[nodiscard]] const Greeting& peer() const { return peer_; }
  [[nodiscard]] const std::string& peer_text() const { return peer_text_; }

 private:
  enum class State : std::uint8_t { connecting, greeting, open, draining, ended };

  [[nodiscard]] bool was_open() const { return state_ == State::open || state_ == State::draining; }
  void begin_patience(Duration patience, std::string trouble);
  void caller_greets();
  void caller_checks();
  void answerer_greets();
  void answerer_checks();
  void become_open();
  void read_length();
  void read_body(std::uint32_t size);
  void write_next();
  void stop_sending(const asio::error_code& error);
  void shut_if_sent();
  void discard();
  void end(Ending ending, const std::string& why);
  void end(const asio::error_code& error, const std::string& context);

  template <typename Then>
  void read_exactly(std::span<std::byte> into, const std::string& context, Then then);
  template <typename Then>
  void write_all(std::span<const std::byte> from, const std::string& context, Then then);

  Socket socket_;
  const LinkId id_;
  const Key& key_;
  const Greeting mine_;
  LinkEvents& events_;
  asio::steady_timer patience_;
  State state_ = State::connecting;
  Greeting peer_;
  std::string peer_text_;

  Header my_header_{};
  std::array<std::byte, kHeaderBytes + kProofBytes> theirs_{};
  std::vector<std::byte> outgoing_greeting_;
  std::array<std::byte, 4> length_{};
  std::vector<std::byte> body_;
  std::deque<Frame> to_send_;
  std::size_t bytes_to_send_ = 0;
  bool sending_ = false;
  asio::error_code send_error_;  // once set, nothing is sent any more
};

}  // namespace tutti::bootstrap
