// Tokens to experts: the rows of a plan's round, from the user's memory at the sources to the user's memory at the
// ranks that hold their experts.
#pragma once

#include <memory>
#include <vector>

#include "moe/planned.hpp"
#include "moe/rows.hpp"

namespace tutti::moe {

class Dispatch final : public Planned {
 public:
  /// `zero_padding`: of the buffer's rows that no token fills.
  Dispatch(std::shared_ptr<Plan> plan, std::span<const Column> columns, bool zero_padding, const Call& call);

  [[nodiscard]] bool is_ready(Item item) const override;
  [[nodiscard]] std::size_t staging_bytes(Item item, bool near) const override;
  void load(Item item, bool near, std::byte* staging, std::vector<transport::Transfer>& messages) override;
  Result<bool> finish(Item item, bool near, std::byte* staging) override;
  bool work(std::vector<Item>& freed) override;
  [[nodiscard]] bool is_done() const override { return served_self_; }

 private:
  // A chunk at its gateway.
  struct Passage {
    const std::byte* rows = nullptr;  // here, one after the other
    std::uint32_t branches = 0;       // that are not over
    Item trunk = 0;
  };

  [[nodiscard]] std::span<const Place> places(std::int32_t source, std::uint32_t row) const;
  [[nodiscard]] std::span<const std::uint32_t> tokens_to(const Parcel& parcel) const;
  void send_rows(const Parcel& parcel, bool near, std::byte* staging, std::vector<transport::Transfer>& messages);
  void pass_rows(const Parcel& parcel, bool near, std::byte* staging, std::vector<transport::Transfer>& messages);
  void receive_rows(const Parcel& parcel, bool near, std::byte* staging, std::vector<transport::Transfer>& messages);
  void unpack(const Parcel& parcel, bool near, const std::byte* staging);
  void unpack_own(const Parcel& parcel, const std::byte* staging);
  void put(std::span<const Place> places, const Column& column, const std::byte* data) const;
  bool serve_self();
  void fill_padding();

  Columns columns_;
  bool zero_padding_;
  bool past_caches_;               // rows are not read again here, and too many for the caches
  std::vector<Passage> passages_;  // of each chunk
  std::vector<Item> free_trunks_;
  std::vector<std::byte> sink_;  // where rows go that were dropped
  std::uint32_t next_own_;       // row
  bool served_self_ = false;
};

}  // namespace tutti::moe
