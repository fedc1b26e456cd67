#include "comm/path_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::comm {

Result<const engine::Path*> PathTable::path(Rank peer) {
  const auto known = paths_.find(peer);
  if (known != paths_.end()) return &known->second.path;
  const auto card = session_ == nullptr ? std::nullopt : session_->find_card(peer);
  if (!card) return nullptr;
  return &paths_.emplace(peer, TUTTI_TRY(find(peer, *card))).first->second.path;
}

// The first of our transports that the peer has too and that reaches it. Both ends have the same order, so both find
// the same one.
Result<PathTable::Found> PathTable::find(Rank peer, std::span<const std::byte> bytes) {
  const auto card = TUTTI_TRY(transport::decode(bytes));
  std::vector<Verdict> verdicts;
  for (const auto& transport : transports_) {
    const auto entry =
        std::find_if(card.begin(), card.end(), [&](const auto& each) { return each.transport == transport->name(); });
    if (entry == card.end()) {
      verdicts.push_back({std::string(transport->name()), "the peer does not have it"});
    } else if (!transport->can_reach(entry->address)) {
      verdicts.push_back({std::string(transport->name()), "it does not reach the peer"});
    } else {
      auto* const endpoint = TUTTI_TRY(transport->connect(peer, entry->address));
      log_.debug("comm", "path peer {} transport {}", index(peer), transport->describe());
      verdicts.push_back({std::string(transport->name()), "the first that both have and that reaches the peer"});
      return Found{{endpoint, transport.get()}, std::move(verdicts)};
    }
  }
  std::string tried;
  for (const Verdict& verdict : verdicts) tried += fmt::format("; {}: {}", verdict.transport, verdict.text);
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

Result<std::vector<transport::WindowId>> PathTable::open_window(const transport::WindowMemory& memory) {
  std::vector<transport::WindowId> window;
  for (const auto& transport : transports_) {
    auto opened = transport->open_window(memory);
    if (!opened) {
      close_window(window);
      return std::move(opened).error();
    }
    window.push_back(*opened);
  }
  return window;
}

void PathTable::close_window(std::span<const transport::WindowId> window) {
  for (std::size_t i = 0; i < window.size(); ++i) transports_[i]->close_window(window[i]);
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

const transport::Transport* PathTable::serving(Rank peer) const {
  const auto found = paths_.find(peer);
  return found == paths_.end() ? nullptr : found->second.path.transport;
}

std::span<const Verdict> PathTable::verdicts(Rank peer) const {
  const auto found = paths_.find(peer);
  return found == paths_.end() ? std::span<const Verdict>() : found->second.verdicts;
}

bool PathTable::is_in_use(const transport::Transport& transport) const {
  return std::any_of(paths_.begin(), paths_.end(),
                     [&](const auto& each) { return each.second.path.transport == &transport; });
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

std::string PathTable::describe_memory() const {
  std::string text;
  for (const auto& transport : transports_)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", transport->name(), to_string(Bytes{transport->memory()}));
  return text;
}

}  // namespace tutti::comm
