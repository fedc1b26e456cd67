// The exchange in which a plan is made: every rank tells every other what it will send there. Heads first; bodies do
// not wait for them; then, where rows may not fit, a verdict of each rank on how many windows fit at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "moe/exchange.hpp"
#include "moe/plan.hpp"

namespace tutti::moe {

class Meeting final : public Exchange {
 public:
  struct Options {
    std::uint32_t fingerprint = 0;
    std::uint64_t serial = 0;
    BadChoice bad;             // of this rank
    std::int64_t choices = 0;  // how many experts, or slots, there are
    Limits limits;
  };

  /// `plan` has this rank's part: its rows and routes, itself as a source, and what it tells the others.
  Meeting(std::shared_ptr<Plan> plan, const Options& options);

  [[nodiscard]] Item items() const override { return static_cast<Item>(ends_.size()); }
  [[nodiscard]] End end(Item item) const override { return ends_[item].end; }
  [[nodiscard]] bool is_ready(Item item) const override;
  [[nodiscard]] std::size_t staging_bytes(Item, bool) const override { return 0; }
  void load(Item item, bool near, std::byte* staging, std::vector<transport::Transfer>& messages) override;
  Result<bool> finish(Item item, bool near, std::byte* staging) override;
  bool work(std::vector<Item>& freed) override;
  [[nodiscard]] bool is_done() const override { return stage_ == Stage::done; }
  [[nodiscard]] std::uint32_t fingerprint() const override { return options_.fingerprint; }
  [[nodiscard]] std::string describe() const override;

  /// Why there is no plan, when it is over. All ranks have such an error, or none has.
  [[nodiscard]] const Status& outcome() const { return outcome_; }

 private:
  enum class Part : std::uint8_t { head, body, verdict };
  enum class Stage : std::uint8_t { hearing, judging, done };
  struct Piece {
    End end;
    Part part = Part::head;
  };
  struct Verdict {
    std::uint64_t windows = 0;  // that fit at a time
  };

  [[nodiscard]] std::size_t self() const { return static_cast<std::size_t>(plan_->site->rank); }
  void load_body(std::int32_t peer, bool sends, std::vector<transport::Transfer>& messages);
  Status check_length(std::int32_t from) const;
  Status understand_body(std::int32_t from);
  Status judge();
  Status check_heads() const;
  void conclude();

  std::shared_ptr<Plan> plan_;
  Options options_;
  std::vector<Piece> ends_;
  std::vector<bool> head_came_;
  std::size_t heads_missing_ = 0;
  std::size_t bodies_missing_ = 0;
  std::size_t verdicts_missing_ = 0;
  bool gives_verdict_ = false;
  std::vector<Verdict> verdicts_;
  Stage stage_ = Stage::hearing;
  Status outcome_;
};

}  // namespace tutti::moe
