// The path to one peer: sends leave as packets over its lanes, packets that arrive go to their receives.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transports/fifo.hpp"
#include "transports/packets/address.hpp"
#include "transports/packets/inbox.hpp"
#include "transports/packets/landings.hpp"
#include "transports/packets/lanes.hpp"
#include "transports/packets/listener.hpp"
#include "transports/packets/targets.hpp"
#include "transports/windows.hpp"

namespace tutti::transport::packets {

/// What the paths of a rank share.
struct Self {
  Rank rank{};
  std::string path;  // as errors show it: "ofi tcp;ofi_rxm eth0"
  Address address;   // this rank's
  FileDescriptor epoll;
  std::optional<Listener> listener;
  Windows windows;
  std::vector<std::unique_ptr<Rail>> rails;
  TimePoint now{};               // of this progress
  std::vector<Completion> done;  // not yet handed out
  std::vector<Path*> active;     // have something to do in the next progress
  std::vector<Path*> ending;     // have lost their peers
};

class Path final : public Endpoint {
 public:
  Path(Self& self, Rank peer) : self_(self), peer_(peer) {}

  /// Makes the path known to its home rail and calls the peer.
  void open(const Address& address, TimePoint now);

  void post(std::span<const Transfer> batch) override;
  Status put(std::span<const Put> batch) override;
  [[nodiscard]] Status admits(const Put& put) const override;
  [[nodiscard]] const Error* failure() const override { return failure_ ? &*failure_ : nullptr; }

  /// Does what can be done now. False: a rail took nothing more; to be called again.
  bool advance();

  void arrived(std::size_t rail, const Header& header, const std::byte* payload, TimePoint now);
  void announced(std::size_t rail, const Header& header, void* parcel, TimePoint now);
  /// A write of the peer is here.
  void marked(std::uint32_t put, TimePoint now);

  /// For rails: a piece has come back; `why` is null where all is well. Something that was fetched is here. A lane has
  /// ended.
  void sent(const Piece& piece, const char* why);
  void fetched(const Piece& piece, const char* why);
  void lost(std::uint8_t lane, const std::string& why);

  /// Looks after the lifeline.
  void check();
  /// Ends a path whose peer is gone, as soon as nothing of the peer can come any more. True: it is over with it.
  bool settle(TimePoint now);
  /// Whether `settle` will do nothing before something new happens.
  [[nodiscard]] bool is_settled() const { return all_is_here_; }

  /// Ends the path without completing anything.
  void cancel(Error why);

  /// Bytes that it holds for what came before its receive.
  [[nodiscard]] std::uint64_t memory() const { return inbox_.memory(); }

 private:
  struct Send {
    Transfer transfer;
    std::size_t cut = 0;     // bytes that have been given to rails
    std::uint32_t lent = 0;  // pieces that are still being read
    bool has_begun = false;
    bool is_well = true;
    bool is_over = false;

    [[nodiscard]] bool is_cut() const { return has_begun && cut == transfer.bytes; }
  };
  struct WindowPut {
    Put put;
    std::uint32_t window = 0;
    std::size_t cut = 0;        // bytes that have been given to rails
    std::uint32_t lent = 0;     // pieces that are still being read
    std::uint64_t written = 0;  // of `cut`, by rails themselves
    std::uint32_t marks = 0;    // that show at the peer
    bool is_noted = false;      // the peer has been told of them, or will be
    bool is_well = true;
    bool is_over = false;

    [[nodiscard]] bool is_cut() const { return cut == put.bytes; }
  };
  /// How the next piece of a message goes.
  struct Cut {
    std::size_t bytes = 0;
    bool announces = false;
  };

  [[nodiscard]] std::optional<Cut> next_cut(const Send& send, const Lane& lane) const;
  bool push_sends();
  bool push_puts();
  const Rail::Target* target_of(const WindowPut& put, const Lane& lane);
  Result<Sent> put_packet(Lane& lane, const WindowPut& put, std::size_t bytes);
  Result<Sent> write(Lane& lane, const WindowPut& put, std::size_t bytes, Rail::Target target);
  void note(WindowPut& put, std::uint64_t number);
  bool push_notes();
  void take_put(const Header& header, const std::byte* payload);
  void take_note(const std::optional<Note>& note);
  void put_sent(const Piece& piece, bool is_well);
  void finish_put(std::uint64_t number);
  [[nodiscard]] bool has_to_send() const {
    return next_ != first_ + sends_.size() || next_put_ != first_put_ + puts_.size() || !notes_.empty();
  }
  bool say_news();
  void greet();
  bool open_lane(Lane& lane);
  Result<Sent> give(Lane& lane, Header header, const std::byte* payload, bool announces);
  Result<Sent> given(Lane& lane, const Piece& piece, Result<Sent> sent);
  void finish(std::uint64_t message);
  void came(std::size_t rail, const Header& header, TimePoint now);
  void start_fetches();
  void depart(Error error, std::optional<std::uint64_t> packets);
  void refuse(const Inbox::Fault& fault);
  void write_failed(const char* why);
  void fail(Error error, Farewell::Reason reason);
  void end(Error error, Farewell::Reason reason);
  void activate();

  Self& self_;
  Rank peer_;
  std::uint64_t peer_door_ = 0;
  Lifeline lifeline_;
  Lanes lanes_;
  Inbox inbox_;
  Fifo<Send> sends_;
  std::uint64_t first_ = 0;  // the number of the first of them
  std::uint64_t next_ = 0;   // the number of the one that is being cut
  Fifo<WindowPut> puts_;
  std::uint64_t first_put_ = 0;  // the number of the first of them
  std::uint64_t next_put_ = 0;   // the number of the one that is being cut
  Fifo<Note> notes_;             // to be sent
  Targets targets_;
  Landings landings_;
  std::uint64_t unheard_ = 0;  // what puts have cost before the peer was heard
  bool puts_first_ = false;    // in turn with messages
  bool owes_answer_ = false;   // the peer does not put on before it has heard this rank
  std::uint64_t spent_ = 0;    // what all packets so far cost
  std::uint64_t allowed_ = Allowance::kUnasked;
  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_arrived_ = 0;
  TimePoint last_arrival_{};
  std::optional<TimePoint> departed_;  // when that was first looked at
  bool active_ = false;                // listed in self_.active
  bool silent_ = false;                // cancelled: completes nothing
  std::optional<Error> departure_;
  bool was_refused_ = false;                      // which is a put by a rail itself
  std::optional<std::uint64_t> packets_to_come_;  // that the peer had sent when it left, where it said so
  bool all_is_here_ = false;
  std::optional<Error> failure_;
};

}  // namespace tutti::transport::packets
