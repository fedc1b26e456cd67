// This rank's paths: which transport serves which peer. Paths are found when they are first needed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "bootstrap/session.hpp"
#include "engine/peers.hpp"
#include "transports/card.hpp"

namespace tutti::comm {

/// What was thought of one transport when a path was chosen.
struct Verdict {
  std::string transport;
  std::string text;  // "it does not reach the peer"
};

class PathTable final : public engine::Peers {
 public:
  /// `transports` best first. `session` may be null for a world of one rank, and must outlive this.
  PathTable(std::vector<std::unique_ptr<transport::Transport>> transports, bootstrap::Session* session, Log log)
      : transports_(std::move(transports)), session_(session), log_(std::move(log)) {}

  Result<const engine::Path*> path(Rank peer) override;
  void progress(TimePoint now, std::vector<transport::Completion>& completed) override;
  void cancel() override;
  [[nodiscard]] std::string describe(Rank peer) const override;

  /// Lets peers reach memory where it lies, over every transport: see Transport::open_window. A number for each.
  Result<std::vector<transport::WindowId>> open_window(const transport::WindowMemory& memory);
  void close_window(std::span<const transport::WindowId> window);

  /// What peers need to reach this rank.
  [[nodiscard]] transport::Card card() const;

  [[nodiscard]] std::span<const std::unique_ptr<transport::Transport>> transports() const { return transports_; }

  /// The names of the transports that paths were found over, best first.
  [[nodiscard]] std::vector<std::string> in_use() const;

  /// The transport that serves `peer`; null before the first message to it or from it.
  [[nodiscard]] const transport::Transport* serving(Rank peer) const;

  /// Why it does: what was thought of each transport up to the chosen one. Empty before the first message.
  [[nodiscard]] std::span<const Verdict> verdicts(Rank peer) const;

  /// The same as errors show them, with network and device.
  [[nodiscard]] std::vector<std::string> describe_in_use() const;

  /// What each transport holds for messages: "shm 512K, ucx 30K".
  [[nodiscard]] std::string describe_memory() const;

 private:
  struct Found {
    engine::Path path;
    std::vector<Verdict> verdicts;
  };
  Result<Found> find(Rank peer, std::span<const std::byte> card);
  [[nodiscard]] bool is_in_use(const transport::Transport& transport) const;

  std::vector<std::unique_ptr<transport::Transport>> transports_;
  bootstrap::Session* session_;
  Log log_;
  std::map<Rank, Found> paths_;
};

}  // namespace tutti::comm
