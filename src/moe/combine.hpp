// Experts' results back to tokens. What is added to what is in `sums.hpp`.
#pragma once

#include <memory>
#include <vector>

#include "moe/planned.hpp"
#include "moe/sums.hpp"

namespace tutti::moe {

class Combine final : public Planned {
 public:
  Combine(std::shared_ptr<Plan> plan, const CombineCall& request, const Call& call);

  [[nodiscard]] bool is_ready(Item item) const override;
  [[nodiscard]] std::size_t staging_bytes(Item item, bool near) const override;
  void load(Item item, bool near, std::byte* staging, std::vector<transport::Transfer>& messages) override;
  Result<bool> finish(Item item, bool near, std::byte* staging) override;
  bool work(std::vector<Item>& freed) override;
  [[nodiscard]] bool is_done() const override { return next_window_ == last_window(); }

 private:
  // Rows that have come, or this rank's own: partial sums of one window, in the order of tokens.
  struct Contribution {
    Item item = 0;
    std::int32_t rank = 0;  // whose partials; the gateway's, for a whole node's sum
    bool is_node = false;
    bool is_own = false;
    const std::byte* rows = nullptr;
    std::uint32_t first = 0;  // row at this rank's own
    std::span<const std::uint32_t> tokens = {};
    std::size_t next = 0;

    [[nodiscard]] bool has(std::uint32_t token) const { return next < tokens.size() && tokens[next] == token; }
  };
  struct Gathering {
    std::uint32_t missing = 0;
    std::vector<Contribution> parts;  // by node and rank
  };

  [[nodiscard]] bool goes_by_rows(const Parcel& parcel, bool near) const;
  [[nodiscard]] std::int32_t node_of(const Contribution& part) const {
    return site().node_of[static_cast<std::size_t>(part.rank)];
  }
  void expect(Item item);
  void add_own_part(std::uint32_t window);
  void sort(Gathering& gathering) const;
  void load_chunk(const Parcel& parcel, std::byte* staging);
  void finish_window(std::uint32_t number);
  void add_terms(Gathering& window, std::uint32_t token);
  [[nodiscard]] bool sum_at_once(Gathering& window, std::uint32_t token);

  Sums sums_;
  std::vector<Gathering> chunks_;   // of which this rank is the gateway
  std::vector<Gathering> windows_;  // of this rank's tokens
  std::vector<Item> freed_;
  std::uint32_t next_window_;
  std::vector<const void*> terms_;
};

}  // namespace tutti::moe
