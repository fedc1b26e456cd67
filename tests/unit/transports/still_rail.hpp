// A rail on which nothing happens, for tests of what stands above rails. It keeps the parcels that are dropped.
#pragma once

#include <string>
#include <vector>

#include "transports/packets/rail.hpp"

namespace tutti::transport::packets {

class StillRail final : public Rail {
 public:
  [[nodiscard]] std::string describe() const override { return "still"; }
  [[nodiscard]] const std::vector<std::byte>& address() const override { return address_; }
  [[nodiscard]] bool takes(std::span<const std::byte> /*address*/) const override { return true; }
  [[nodiscard]] Limits limits() const override { return {}; }
  Result<Peer> open(std::span<const std::byte> /*address*/, Path& /*path*/, std::uint8_t /*lane*/) override {
    return Peer{};
  }
  void close(Peer /*peer*/, bool /*heard*/) override {}
  Result<Sent> send(Peer /*peer*/, const Header& /*header*/, const std::byte* /*payload*/, const Piece& /*piece*/,
                    bool /*announces*/) override {
    return Sent::done;
  }
  void fetch(void* /*parcel*/, std::byte* /*out*/, const Piece& /*piece*/) override {}
  void drop(void* parcel) override { dropped.push_back(parcel); }
  std::size_t poll(bool /*rang*/) override { return 0; }
  [[nodiscard]] int event_fd() const override { return -1; }
  bool may_sleep() override { return true; }
  bool has_left() override { return true; }
  [[nodiscard]] bool is_idle() const override { return true; }
  [[nodiscard]] std::size_t memory() const override { return 0; }

  std::vector<void*> dropped;

 private:
  std::vector<std::byte> address_;
};

}  // namespace tutti::transport::packets
