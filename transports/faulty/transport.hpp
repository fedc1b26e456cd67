// One rank, with faults around another transport.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "transports/faulty/endpoint.hpp"

namespace tutti::transport::faulty {

class FaultyTransport final : public Transport {
 public:
  FaultyTransport(std::unique_ptr<Transport> inner, Script script, FileDescriptor silence);

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] Capabilities capabilities() const override { return capabilities_; }
  [[nodiscard]] std::string describe() const override { return path_; }
  [[nodiscard]] std::vector<std::byte> address() const override { return address_; }
  [[nodiscard]] bool can_reach(std::span<const std::byte> address) const override;
  Result<Endpoint*> connect(Rank peer, std::span<const std::byte> address) override;
  void progress(TimePoint now, std::vector<Completion>& completed) override;
  Result<WindowId> open_window(const WindowMemory& memory) override;
  void close_window(WindowId window) override;
  [[nodiscard]] std::vector<std::byte> window_key(WindowId window) const override;
  [[nodiscard]] std::uint64_t arrived(WindowId window, std::uint32_t signal) const override;
  void cancel() override;
  [[nodiscard]] std::size_t memory() const override { return inner_ ? inner_->memory() : 0; }
  [[nodiscard]] int wait_fd() const override { return inner_ ? inner_->wait_fd() : silence_.get(); }
  bool prepare_to_sleep() override;

 private:
  void play_events();
  void kill();
  bool release();
  void hand_out(std::vector<Completion>& completed);

  Self self_;
  std::unique_ptr<Transport> inner_;  // null: killed
  std::string name_;
  Capabilities capabilities_;
  std::string path_;
  std::vector<std::byte> address_;
  FileDescriptor silence_;  // is never readable: what a killed rank waits on
  std::map<Rank, std::unique_ptr<FaultyEndpoint>> endpoints_;
  std::size_t played_ = 0;  // of the script's events
  std::vector<Completion> from_inner_;
};

}  // namespace tutti::transport::faulty
