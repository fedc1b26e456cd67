#include "comm/path_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::comm {

Result<const engine::Path*> PathTable::path(Rank peer) {
  const auto known = paths_.find(peer);
  if (known != paths_.end()) return &known->second;
  const auto card = session_ == nullptr ? std::nullopt : session_->find_card(peer);
  if (!card) return nullptr;
  return &paths_.emplace(peer, TUTTI_TRY(find(peer, *card))).first->second;
}

// The first of our transports that the peer has too and that reaches it. Both ends have the same order, so both find
// the same one.
Result<engine::Path> PathTable::find(Rank peer, std::span<const std::byte> bytes) {
  const auto card = TUTTI_TRY(transport::decode(bytes));
  std::string tried;
  for (const auto& transport : transports_) {
    const auto entry =
        std::find_if(card.begin(), card.end(), [&](const auto& each) { return each.transport == transport->name(); });
    if (entry == card.end()) {
      tried += fmt::format("; {}: the peer does not have it", transport->name());
    } else if (!transport->can_reach(entry->address)) {
      tried += fmt::format("; {}: it does not reach the peer", transport->name());
    } else {
      auto* const endpoint = TUTTI_TRY(transport->connect(peer, entry->address));
      log_.debug("comm", "path peer {} transport {}", index(peer), transport->describe());
      return engine::Path{endpoint, transport.get()};
    }
  }
  return Error{
      Code::unsupported,
      fmt::format("no transport reaches {}{}; TUTTI_TRANSPORTS decides which may be used", describe(peer), tried),
      peer};
}

void PathTable::progress(TimePoint now, std::vector<transport::Completion>& completed) {
  for (const auto& transport : transports_) transport->progress(now, completed);
}

void PathTable::cancel() {
  for (const auto& transport : transports_) transport->cancel();
}

std::string PathTable::describe(Rank peer) const {
  const auto node = session_ == nullptr ? std::string() : session_->node_name(peer);
  return node.empty() ? fmt::format("rank {}", index(peer)) : fmt::format("rank {} (node {})", index(peer), node);
}

transport::Card PathTable::card() const {
  transport::Card card;
  for (const auto& transport : transports_) card.push_back({std::string(transport->name()), transport->address()});
  return card;
}

bool PathTable::is_in_use(const transport::Transport& transport) const {
  return std::any_of(paths_.begin(), paths_.end(),
                     [&](const auto& each) { return each.second.transport == &transport; });
}

std::vector<std::string> PathTable::in_use() const {
  std::vector<std::string> names;
  for (const auto& transport : transports_) {
    if (is_in_use(*transport)) names.emplace_back(transport->name());
  }
  return names;
}

std::vector<std::string> PathTable::describe_in_use() const {
  std::vector<std::string> texts;
  for (const auto& transport : transports_) {
    if (is_in_use(*transport)) texts.push_back(transport->describe());
  }
  return texts;
}

}  // namespace tutti::comm
