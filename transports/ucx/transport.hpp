// One rank: its UCX worker and its endpoints.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/file_descriptor.hpp"
#include "transports/ucx/endpoint.hpp"
#include "transports/ucx/ucx.hpp"

namespace tutti::transport::ucx {

class UcxTransport final : public Transport {
 public:
  static Result<std::unique_ptr<UcxTransport>> create(std::unique_ptr<Self> self);
  ~UcxTransport() override;

  void refused_by(Rank peer);

  [[nodiscard]] std::string_view name() const override { return "ucx"; }
  [[nodiscard]] Capabilities capabilities() const override { return {}; }
  [[nodiscard]] std::string describe() const override { return self_->path; }
  [[nodiscard]] std::vector<std::byte> address() const override { return address_; }
  [[nodiscard]] bool can_reach(std::span<const std::byte> address) const override;
  Result<Endpoint*> connect(Rank peer, std::span<const std::byte> address) override;
  void progress(TimePoint now, std::vector<Completion>& completed) override;
  void cancel() override;
  [[nodiscard]] int wait_fd() const override { return epoll_.get(); }
  bool prepare_to_sleep() override;

 private:
  explicit UcxTransport(std::unique_ptr<Self> self);
  Status start();
  unsigned advance();
  void leave_and_close();
  void flush();

  std::unique_ptr<Self> self_;
  std::vector<std::byte> address_;
  FileDescriptor epoll_;  // around UCX's descriptor, which ends with the worker
  std::map<Rank, std::unique_ptr<UcxEndpoint>> endpoints_;
  bool cancelled_ = false;
};

}  // namespace tutti::transport::ucx
