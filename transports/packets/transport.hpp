// One rank: its rails, its paths, and who calls it.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "transports/packets/path.hpp"

namespace tutti::transport::packets {

/// What makes a rank. All rails are of one kind.
struct Parts {
  std::string name;  // of the transport
  Rank rank{};
  std::string kind;        // of the rails' addresses: see Address
  SocketAddress lifeline;  // an address of this machine at which it listens for its peers' ends
  std::vector<std::unique_ptr<Rail>> rails;
  std::vector<std::uint8_t> planes;  // of each rail
  bool combines = true;              // not where a rail announces: what is fetched does not pass this process
  Log log;
};

/// Starts the rank: fails with system where sockets or descriptors cannot be had, transport if its address is longer
/// than 1 KiB.
Result<std::unique_ptr<Transport>> start(Parts parts);

class PacketTransport final : public Transport, private RailUser {
 public:
  PacketTransport(std::unique_ptr<Self> self, std::string name, bool combines, FileDescriptor alarm);
  ~PacketTransport() override;

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] Capabilities capabilities() const override { return {.combines = combines_}; }
  [[nodiscard]] std::string describe() const override { return self_->path; }
  [[nodiscard]] std::vector<std::byte> address() const override { return encode(self_->address); }
  [[nodiscard]] bool can_reach(std::span<const std::byte> address) const override;
  Result<Endpoint*> connect(Rank peer, std::span<const std::byte> address) override;
  void progress(TimePoint now, std::vector<Completion>& completed) override;
  Result<WindowId> open_window(const WindowMemory& memory) override;
  void close_window(WindowId window) override;
  [[nodiscard]] std::vector<std::byte> window_key(WindowId window) const override;
  [[nodiscard]] std::uint64_t arrived(WindowId window, std::uint32_t signal) const override {
    return self_->windows.arrived(window, signal);
  }
  void cancel() override;
  [[nodiscard]] int wait_fd() const override { return self_->epoll.get(); }
  bool prepare_to_sleep() override;
  [[nodiscard]] std::size_t memory() const override;

 private:
  /// How a rail is looked after.
  struct Watch {
    int fd = -1;        // in the epoll
    bool rang = false;  // it was readable
    int quiet = 0;      // how often in a row nothing had happened
  };
  /// What came from a rank that is not connected yet.
  struct EarlyBird {
    std::size_t rail = 0;
    Header header;
    std::vector<std::byte> payload;
    void* parcel = nullptr;
  };

  void arrived(std::size_t rail, const Header& header, const std::byte* payload) override;
  void announced(std::size_t rail, const Header& header, void* parcel) override;
  void written(std::size_t rail, std::uint32_t mark) override;

  [[nodiscard]] bool is_peer(const Address& address) const;
  Path* path_to(const Header& header);
  void keep(const Header& header, EarlyBird bird);
  void look();
  void advance();
  std::size_t poll_rails(bool first);
  void settle();
  void flush();
  void drain();
  void set_alarm(std::int64_t nanoseconds);

  std::unique_ptr<Self> self_;
  std::string name_;
  bool combines_;
  FileDescriptor alarm_;  // wakes where a rail has no descriptor that is good for waiting
  bool is_alarm_set_ = false;
  std::vector<Watch> watches_;
  unsigned turn_ = 0;
  std::map<WindowId, std::vector<std::byte>> exposures_;  // what keys say to rails
  std::unordered_map<std::int32_t, std::unique_ptr<Path>> paths_;
  std::map<Rank, std::vector<EarlyBird>> early_birds_;
  TimePoint now_{};
  TimePoint next_look_ = TimePoint::min();
  bool cancelled_ = false;
};

}  // namespace tutti::transport::packets
