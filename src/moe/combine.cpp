#include "moe/combine.hpp"

#include <algorithm>

#include "moe/rows.hpp"

namespace tutti::moe {

Combine::Combine(std::shared_ptr<Plan> plan, const CombineCall& request, const Call& call)
    : Planned("combine", schedule_combine, std::move(plan), call),
      sums_(this->plan(), request, call.round),
      chunks_(this->plan().chunks.size()),
      windows_(this->plan().windows),
      next_window_(first_window()) {
  for (Item item = 0; item < items(); ++item) {
    if (!parcel(item).sends) expect(item);
  }
  for (std::uint32_t window = first_window(); window < last_window(); ++window) add_own_part(window);
  for (Gathering& window : windows_) sort(window);
  for (Gathering& chunk : chunks_) sort(chunk);
}

// A parcel that will come, at a gateway or at the source.
void Combine::expect(Item item) {
  const Parcel& parcel = this->parcel(item);
  Contribution part{.item = item, .rank = parcel.peer, .is_node = parcel.leg == Leg::trunk};
  if (parcel.leg == Leg::branch) {
    Gathering& chunk = chunks_[parcel.first];
    ++chunk.missing;
    chunk.parts.push_back(part);
    return;
  }
  const Outgoing& rows = plan().outgoing;
  const auto tokens = part.is_node ? rows.tokens_of_node(node_of(part)) : rows.tokens_of_rank(parcel.peer);
  part.tokens = tokens.subspan(parcel.first, parcel.rows);
  Gathering& window = windows_[parcel.window];
  ++window.missing;
  window.parts.push_back(part);
}

void Combine::add_own_part(std::uint32_t window) {
  const auto own = tokens_of(site().rank);
  Contribution part{.rank = site().rank, .is_own = true, .first = first_row(own, window)};
  part.tokens = own.subspan(part.first, first_row(own, window + 1) - part.first);
  windows_[window].parts.push_back(part);
}

// The order of additions.
void Combine::sort(Gathering& gathering) const {
  std::sort(gathering.parts.begin(), gathering.parts.end(), [&](const Contribution& a, const Contribution& b) {
    return std::pair(node_of(a), a.rank) < std::pair(node_of(b), b.rank);
  });
}

bool Combine::is_ready(Item item) const {
  const Parcel& parcel = this->parcel(item);
  return parcel.leg != Leg::trunk || !parcel.sends || chunks_[parcel.first].missing == 0;
}

bool Combine::goes_by_rows(const Parcel& parcel, bool near) const {
  return parcel.leg == Leg::straight && travels_by_rows(near, sums_.row_bytes());
}

std::size_t Combine::staging_bytes(Item item, bool near) const {
  const Parcel& parcel = this->parcel(item);
  if (parcel.sends && sums_.is_plain() && goes_by_rows(parcel, near)) return 0;
  return rows_of(parcel) * sums_.row_bytes();
}

void Combine::load(Item item, bool near, std::byte* staging, std::vector<transport::Transfer>& messages) {
  const Parcel& parcel = this->parcel(item);
  const bool by_rows = goes_by_rows(parcel, near);
  const std::size_t row_bytes = sums_.row_bytes();
  transport::Transfer message;
  message.bytes = by_rows ? row_bytes : staging_bytes(item, near);
  for (std::uint32_t row = 0; row < (by_rows ? parcel.rows : 1); ++row) {
    message.data = staging == nullptr ? const_cast<std::byte*>(sums_.plain_row(parcel.source, parcel.first + row))
                                      : staging + row * row_bytes;
    messages.push_back(message);
  }
  if (!parcel.sends || staging == nullptr) return;
  if (parcel.leg == Leg::trunk) return load_chunk(parcel, staging);
  for (std::uint32_t row = 0; row < parcel.rows; ++row)
    sums_.write_partial(parcel.source, parcel.first + row, staging + row * row_bytes);
}

// The gateway's part: what its node has for each token of the chunk.
void Combine::load_chunk(const Parcel& parcel, std::byte* staging) {
  const Chunk& chunk = plan().chunks[parcel.first];
  const auto& mates = site().members[static_cast<std::size_t>(site().node)];
  Gathering& gathering = chunks_[parcel.first];
  std::vector<const std::byte*> next(mates.size(), nullptr);
  for (const Contribution& part : gathering.parts)
    next[static_cast<std::size_t>(site().local[static_cast<std::size_t>(part.rank)])] = part.rows;
  std::uint32_t own = first_row(tokens_of(chunk.source), chunk.window);
  for (std::uint32_t row = 0; row < chunk.rows; ++row, staging += sums_.row_bytes()) {
    for (std::size_t local = 0; local < mates.size(); ++local) {
      if (!chunk.wants(row, mates.size(), static_cast<std::int32_t>(local))) continue;
      if (mates[local] == site().rank) {
        sums_.add_own(chunk.source, own++, true);
      } else {
        sums_.add_arrived(next[local]);
        next[local] += sums_.row_bytes();
      }
    }
    sums_.write_node(staging);
  }
  for (const Contribution& part : gathering.parts) freed_.push_back(part.item);
}

Result<bool> Combine::finish(Item item, bool /*near*/, std::byte* staging) {
  const Parcel& parcel = this->parcel(item);
  if (parcel.sends) return true;
  Gathering& gathering = parcel.leg == Leg::branch ? chunks_[parcel.first] : windows_[parcel.window];
  --gathering.missing;
  for (Contribution& part : gathering.parts) {
    if (!part.is_own && part.item == item) part.rows = staging;
  }
  return false;
}

bool Combine::work(std::vector<Item>& freed) {
  bool worked = false;
  while (!is_done() && windows_[next_window_].missing == 0) {
    finish_window(next_window_++);
    worked = true;
  }
  worked = worked || !freed_.empty();
  freed.insert(freed.end(), freed_.begin(), freed_.end());
  freed_.clear();
  return worked;
}

void Combine::finish_window(std::uint32_t number) {
  Gathering& window = windows_[number];
  const std::uint64_t first = std::uint64_t{number} * plan().window;
  const std::uint64_t last = std::min<std::uint64_t>(plan().outgoing.tokens, first + plan().window);
  for (auto token = static_cast<std::uint32_t>(first); token < last; ++token) {
    if (sums_.is_direct() && sum_at_once(window, token)) continue;
    add_terms(window, token);
    sums_.write_token(token);
  }
  for (const Contribution& part : window.parts) {
    if (!part.is_own) freed_.push_back(part.item);
  }
}

void Combine::add_terms(Gathering& window, std::uint32_t token) {
  for (std::size_t at = 0; at < window.parts.size(); ++at) {
    Contribution& part = window.parts[at];
    if (part.has(token)) {
      if (part.is_own) {
        sums_.add_own(part.rank, part.first + static_cast<std::uint32_t>(part.next), false);
      } else {
        sums_.add_arrived(part.rows + part.next * sums_.row_bytes());
      }
      ++part.next;
    }
    const bool ends_node = at + 1 == window.parts.size() || node_of(window.parts[at + 1]) != node_of(part);
    if (ends_node) sums_.end_node(!site().is_near(part.rank));
  }
}

// Adds all rows of a token in one go, if that is the same: the order of additions is that of its terms from left to
// right when only the first node has several, and their sum is not rounded.
bool Combine::sum_at_once(Gathering& window, std::uint32_t token) {
  terms_.clear();
  std::int32_t first = -1;  // node
  std::int32_t last = -1;
  for (const Contribution& part : window.parts) {
    if (!part.has(token)) continue;
    const std::int32_t node = node_of(part);
    if (terms_.empty()) first = node;
    if (node == last && (node != first || node != site().node)) return false;
    last = node;
    terms_.push_back(part.is_own ? sums_.plain_row(part.rank, part.first + static_cast<std::uint32_t>(part.next))
                                 : part.rows + part.next * sums_.row_bytes());
  }
  if (terms_.empty()) return false;
  for (Contribution& part : window.parts) part.next += part.has(token) ? 1 : 0;
  sums_.write_sum(token, terms_);
  return true;
}

}  // namespace tutti::moe
