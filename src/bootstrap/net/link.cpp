#include "bootstrap/net/link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include "bootstrap/wire/codec.hpp"

namespace tutti::bootstrap {
namespace {

constexpr std::size_t kMostBytesToSend = std::size_t{512} << 20;  // a peer that reads nothing is as good as lost
constexpr std::size_t kUsualFrame = 4096;                         // more is not kept between frames
constexpr Duration kDrain = std::chrono::seconds(1);

std::span<const std::byte, kHeaderBytes> header_of(const std::array<std::byte, kHeaderBytes + kProofBytes>& bytes) {
  return std::span(bytes).first<kHeaderBytes>();
}

Header copy_header(std::span<const std::byte, kHeaderBytes> bytes) {
  Header header{};
  std::copy(bytes.begin(), bytes.end(), header.begin());
  return header;
}

}  // namespace

Link::Link(Socket socket, LinkId id, const Key& key, const Greeting& mine, LinkEvents& events)
    : socket_(std::move(socket)),
      id_(id),
      key_(key),
      mine_(mine),
      events_(events),
      patience_(socket_.get_executor()),
      my_header_(make_header(mine)) {}

template <typename Then>
void Link::read_exactly(std::span<std::byte> into, const std::string& context, Then then) {
  asio::async_read(socket_, asio::buffer(into.data(), into.size()),
                   [self = shared_from_this(), context, then](const asio::error_code& error, std::size_t /*bytes*/) {
                     if (self->state_ == State::ended) return;
                     if (error) return self->end(error, context);
                     then();
                   });
}

template <typename Then>
void Link::write_all(std::span<const std::byte> from, const std::string& context, Then then) {
  asio::async_write(socket_, asio::buffer(from.data(), from.size()),
                    [self = shared_from_this(), context, then](const asio::error_code& error, std::size_t /*bytes*/) {
                      if (self->state_ == State::ended) return;
                      if (error && self->was_open()) return self->stop_sending(error);
                      if (error) return self->end(error, context);
                      then();
                    });
}

void Link::begin_patience(Duration patience, std::string trouble) {
  patience_.expires_after(patience);
  patience_.async_wait([self = shared_from_this(), trouble = std::move(trouble)](const asio::error_code& stopped) {
    if (!stopped && self->state_ != State::ended) self->end(Ending::unreachable, trouble);
  });
}

// --- caller

void Link::call(const Endpoint& to, std::string to_text, Duration patience) {
  if (state_ == State::ended) return;  // another address was faster
  peer_text_ = std::move(to_text);
  asio::error_code error;
  socket_.open(to.protocol(), error);
  if (error) return end(error, "no socket");
  prepare(socket_);
  begin_patience(patience, fmt::format("no answer from {}", peer_text_));
  socket_.async_connect(to, [self = shared_from_this()](const asio::error_code& failed) {
    if (self->state_ == State::ended) return;
    if (failed) return self->end(failed, self->peer_text_);
    self->state_ = State::greeting;
    self->caller_greets();
  });
}

void Link::caller_greets() {
  const auto context = fmt::format("{}, in the handshake", peer_text_);
  write_all(my_header_, context, [this, context] { read_exactly(theirs_, context, [this] { caller_checks(); }); });
}

void Link::caller_checks() {
  const auto greeting = read_header(header_of(theirs_));
  const auto proof = std::span<const std::byte>(theirs_).subspan(kHeaderBytes);
  const Header answerer = copy_header(header_of(theirs_));
  if (!greeting || !equal(proof, answerer_proof(key_, my_header_, answerer))) {
    return end(Ending::wrong_key, fmt::format("the process at {} does not know this job's key", peer_text_));
  }
  peer_ = *greeting;
  const auto mine = caller_proof(key_, my_header_, answerer);
  outgoing_greeting_.assign(mine.begin(), mine.end());
  write_all(outgoing_greeting_, peer_text_, [this] {
    if (peer_.version == mine_.version) {
      patience_.cancel();
      return become_open();
    }
    end(Ending::other_version,
        fmt::format(
            "the process at {} speaks version {} of the meeting's protocol, rank {} version {}: all ranks must run "
            "the same version of tutti",
            peer_text_, peer_.version, mine_.rank, mine_.version));
  });
}

// --- answerer

void Link::answer(Duration patience) {
  state_ = State::greeting;
  peer_text_ = peer_of(socket_);
  begin_patience(patience, "silent");
  read_exactly(std::span(theirs_).first(kHeaderBytes), "no greeting", [this] { answerer_greets(); });
}

void Link::answerer_greets() {
  const auto greeting = read_header(header_of(theirs_));
  if (!greeting || greeting->role == Role::root) return end(Ending::wrong_key, "no greeting of tutti");
  peer_ = *greeting;
  const auto proof = answerer_proof(key_, copy_header(header_of(theirs_)), my_header_);
  outgoing_greeting_.assign(my_header_.begin(), my_header_.end());
  outgoing_greeting_.insert(outgoing_greeting_.end(), proof.begin(), proof.end());
  write_all(outgoing_greeting_, "greeting", [this] {
    read_exactly(std::span(theirs_).subspan(kHeaderBytes), "no proof", [this] { answerer_checks(); });
  });
}

void Link::answerer_checks() {
  const auto proof = std::span<const std::byte>(theirs_).subspan(kHeaderBytes);
  if (!equal(proof, caller_proof(key_, copy_header(header_of(theirs_)), my_header_))) {
    return end(Ending::wrong_key, "a wrong key");
  }
  become_open();
}

// --- open

void Link::become_open() {
  state_ = State::open;
  outgoing_greeting_.clear();
  events_.link_opened(*this);
  if (state_ == State::open) read_length();
  if (state_ == State::draining) discard();
}

void Link::read_length() {
  read_exactly(length_, "", [this] {
    const auto size = load<std::uint32_t>(length_);
    if (size == 0 || size > kMaxFrame) return end(Ending::closed, "it sent a frame of an impossible size");
    read_body(size);
  });
}

void Link::read_body(std::uint32_t size) {
  body_.resize(size);
  read_exactly(body_, "", [this] {
    if (state_ == State::open) events_.link_received(*this, body_);
    if (body_.capacity() > kUsualFrame) body_ = {};
    if (state_ == State::open) read_length();
    if (state_ == State::draining) discard();
  });
}

void Link::send(Frame frame) {
  if (state_ != State::open || send_error_) return;
  bytes_to_send_ += frame->size();
  to_send_.push_back(std::move(frame));
  if (bytes_to_send_ > kMostBytesToSend) return end(Ending::closed, "it reads nothing");
  if (!sending_) write_next();
}

void Link::write_next() {
  if (to_send_.empty()) return shut_if_sent();
  sending_ = true;
  write_all(*to_send_.front(), "", [this] {
    sending_ = false;
    bytes_to_send_ -= to_send_.front()->size();
    to_send_.pop_front();
    write_next();
  });
}

// The peer has gone. It may have said why before it went: what came is still to be read, and the end of that is the
// end.
void Link::stop_sending(const asio::error_code& error) {
  send_error_ = error;
  sending_ = false;
  to_send_.clear();
}

void Link::close_when_sent() {
  if (state_ == State::draining || state_ == State::ended) return;
  if (state_ != State::open) return end(Ending::closed, "closed here");
  state_ = State::draining;
  begin_patience(kDrain, "closed here");
  shut_if_sent();
}

// The peer's bytes are read to their end: closing a socket with unread ones would take back what was sent last.
void Link::shut_if_sent() {
  if (state_ != State::draining || sending_ || !to_send_.empty()) return;
  asio::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void Link::discard() {
  body_.resize(kMaxText);
  socket_.async_read_some(asio::buffer(body_.data(), body_.size()),
                          [self = shared_from_this()](const asio::error_code& error, std::size_t /*bytes*/) {
                            if (self->state_ == State::ended) return;
                            if (error) return self->end(Ending::closed, "closed here");
                            self->discard();
                          });
}

void Link::drop() {
  state_ = State::ended;
  patience_.cancel();
  asio::error_code ignored;
  socket_.close(ignored);
}

void Link::end(Ending ending, const std::string& why) {
  if (state_ == State::ended) return;
  const auto self = shared_from_this();
  drop();
  events_.link_ended(*this, ending, why);
}

void Link::end(const asio::error_code& error, const std::string& context) {
  const auto& first = send_error_ ? send_error_ : error;
  const auto what = first == asio::error::eof ? std::string("the connection was closed") : first.message();
  end(was_open() ? Ending::closed : Ending::unreachable, context.empty() ? what : fmt::format("{}: {}", context, what));
}

}  // namespace tutti::bootstrap
