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

class PathTable final : public engine::Peers {
 public:
  /// `transports` best first. `session` may be null for a world of one rank, and must outlive this.
  PathTable(std::vector<std::unique_ptr<transport::Transport>> transports, bootstrap::Session* session, Log log)
      : transports_(std::move(transports)), session_(session), log_(std::move(log)) {}

  Result<const engine::Path*> path(Rank peer) override;
  void progress(TimePoint now, std::vector<transport::Completion>& completed) override;
  void cancel() override;
  [[nodiscard]] std::string describe(Rank peer) const override;

  /// What peers need to reach this rank.
  [[nodiscard]] transport::Card card() const;

  [[nodiscard]] std::span<const std::unique_ptr<transport::Transport>> transports() const { return transports_; }

  /// The names of the transports that paths were found over, best first.
  [[nodiscard]] std::vector<std::string> in_use() const;

  /// The same as errors show them, with network and device.
  [[nodiscard]] std::vector<std::string> describe_in_use() const;

 private:
  Result<engine::Path> find(Rank peer, std::span<const std::byte> card);
  [[nodiscard]] bool is_in_use(const transport::Transport& transport) const;

  std::vector<std::unique_ptr<transport::Transport>> transports_;
  bootstrap::Session* session_;
  Log log_;
  std::map<Rank, engine::Path> paths_;
};

}  // namespace tutti::comm
