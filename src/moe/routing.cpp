#include "moe/routing.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <type_traits>

#include "moe/vectors.hpp"

namespace tutti::moe {
namespace {

template <typename Id>
BadChoice find_bad(const Id* ids, const Choices& choices, std::uint32_t known) {
  BadChoice bad;
  for_choices(choices, [&](std::uint32_t token, std::uint32_t k, std::int64_t at) {
    if (bad.kind == BadChoice::Kind::none && from_none(ids[at]) > known)
      bad = {BadChoice::Kind::id, token, k, static_cast<std::int64_t>(ids[at])};
  });
  return bad;
}

// Whom a choice goes to, and whoever takes those of nobody.
struct PlainFind {
  const Directory::Target* targets;
  template <typename Id>
  Directory::Target operator()(Id id, std::uint32_t /*token*/) const {
    return targets[1 + static_cast<std::ptrdiff_t>(id)];
  }
};
struct TurningFind {
  const Directory* directory;
  const Site* site;
  template <typename Id>
  Directory::Target operator()(Id id, std::uint32_t token) const {
    if (id == -1) return {site->ranks, 0};
    return directory->find(static_cast<std::uint32_t>(id), token + static_cast<std::uint32_t>(site->rank));
  }
};

// And that as a bit in the word of a token.
struct PlainBit {
  const std::uint64_t* bits;  // by choice + 1
  template <typename Id>
  std::uint64_t operator()(Id id, std::uint32_t /*token*/) const {
    return bits[1 + static_cast<std::ptrdiff_t>(id)];
  }
};
struct TurningBit {
  TurningFind find;
  const std::uint64_t* bits;  // by rank
  template <typename Id>
  std::uint64_t operator()(Id id, std::uint32_t token) const {
    return bits[find(id, token).rank];
  }
};

}  // namespace

void Sorter::clear(const Site& site, Outgoing& out) {
  const auto ranks = static_cast<std::size_t>(site.ranks);
  const auto nodes = static_cast<std::size_t>(site.nodes);
  out.entry_first.assign(ranks + 1, 0);
  out.rows.resize(ranks);
  for (RowList& rows : out.rows) rows.clear();
  out.node_first.assign(nodes, 0);
  out.node_rows.assign(nodes, 0);
  out.rank_rows.assign(nodes, 0);
  out.mask_first.assign(nodes, 0);
}

BadChoice Sorter::sort(const Choices& choices, const Directory& directory, const Site& site, const Limits& limits,
                       Outgoing& out) {
  out.tokens = static_cast<std::uint32_t>(choices.tokens);
  out.weighted = choices.weights != nullptr;
  clear(site, out);
  const BadChoice bad = check_form(choices, limits);
  if (bad.kind != BadChoice::Kind::none) return bad;
  return choices.ids64 != nullptr ? sort_ids(choices.ids64, choices, directory, site, out)
                                  : sort_ids(choices.ids32, choices, directory, site, out);
}

// Choices are counted by destination, and then written to their places.
template <typename Id>
BadChoice Sorter::sort_ids(const Id* ids, const Choices& choices, const Directory& directory, const Site& site,
                           Outgoing& out) {
  const auto ranks = static_cast<std::size_t>(site.ranks);
  const std::uint32_t known = directory.size();
  next_.assign(kHalves * (ranks + 1), 0);
  const bool well = directory.is_plain() ? count_plain(ids, choices, directory)
                                         : count_turning(ids, choices, TurningFind{&directory, &site}, known);
  if (!well) return find_bad(ids, choices, known);
  std::exclusive_scan(next_.begin(), next_.end(), next_.begin(), std::uint32_t{0});
  for (std::size_t rank = 0; rank <= ranks; ++rank) out.entry_first[rank] = next_[kHalves * rank];
  const auto all = static_cast<std::size_t>(choices_in(choices));
  if (out.entry.size() < all) out.entry.resize(all);
  if (out.weighted && out.weight.size() < all) out.weight.resize(all);
  if (directory.is_plain()) {
    place(ids, choices, PlainFind{directory.plain().data()}, out);
  } else {
    place(ids, choices, TurningFind{&directory, &site}, out);
  }
  if (site.nodes == 1) return {};  // nobody asks for streams
  make_room_for_streams(site, out);
  if (site.ranks > kWordRanks) {
    make_streams(site, out);
  } else {
    find_bits(site);
    if (directory.is_plain()) {
      choice_bits_.clear();
      for (const auto target : directory.plain())
        choice_bits_.push_back(rank_bits_[static_cast<std::size_t>(target.rank)]);
      make_streams_of_words(ids, choices, PlainBit{choice_bits_.data()}, site, out);
    } else {
      make_streams_of_words(ids, choices, TurningBit{{&directory, &site}, rank_bits_.data()}, site, out);
    }
  }
  return {};
}

// By choice, and from that by rank: there are more choices than ranks, so that a counter is seldom met again while it
// is on its way to memory. False: some choice does not exist. Where choices lie one after the other that is found
// first.
template <typename Id>
bool Sorter::count_plain(const Id* ids, const Choices& choices, const Directory& directory) {
  using Number = std::make_unsigned_t<Id>;
  const Number none_such = Number{directory.size()} + 1;
  tally_.assign(kHalves * (std::size_t{directory.size()} + 2), 0);
  std::uint32_t* const tally = tally_.data();
  if (is_in_halves(choices)) {
    const auto half = static_cast<std::size_t>(choices.tokens / 2 * choices.topk);
    if (!vectors::are_choices(std::span(ids, 2 * half), directory.size())) return false;
    for (std::size_t at = 0; at < half; ++at) {
      ++tally[kHalves * from_none(ids[at])];
      ++tally[kHalves * from_none(ids[half + at]) + 1];
    }
  } else {
    for_choices(choices,
                [&](auto, auto, std::int64_t at) { ++tally[kHalves * std::min(from_none(ids[at]), none_such)]; });
    if (tally[kHalves * none_such] != 0) return false;
  }
  const auto targets = directory.plain();
  for (std::size_t choice = 0; choice < targets.size(); ++choice) {
    std::uint32_t* const next = &next_[kHalves * static_cast<std::size_t>(targets[choice].rank)];
    for (std::size_t half = 0; half < kHalves; ++half) next[half] += tally[kHalves * choice + half];
  }
  return true;
}

template <typename Id, typename Find>
bool Sorter::count_turning(const Id* ids, const Choices& choices, const Find& find, std::uint32_t known) {
  bool well = true;
  const std::uint32_t half = is_in_halves(choices) ? static_cast<std::uint32_t>(choices.tokens / 2) : ~0U;
  for_choices(choices, [&](std::uint32_t token, auto, std::int64_t at) {
    well = well && from_none(ids[at]) <= known;
    if (well) ++next_[kHalves * static_cast<std::size_t>(find(ids[at], token).rank) + (token >= half ? 1 : 0)];
  });
  return well;
}

template <typename Id, typename Find>
void Sorter::place(const Id* ids, const Choices& choices, const Find& find, Outgoing& out) {
  constexpr std::uint32_t kUsual = 8;
  const bool usual = choices.topk == kUsual;
  if (is_in_halves(choices)) {
    if (out.weighted)
      return usual ? place_halves<kUsual, true>(ids, choices, find, out)
                   : place_halves<0, true>(ids, choices, find, out);
    return usual ? place_halves<kUsual, false>(ids, choices, find, out)
                 : place_halves<0, false>(ids, choices, find, out);
  }
  for_choices(choices, [&](std::uint32_t token, std::uint32_t k, std::int64_t at) {
    const auto target = find(ids[at], token);
    const std::uint32_t where = next_[kHalves * static_cast<std::size_t>(target.rank)]++;
    out.entry[where] = {token, target.slot, static_cast<std::uint16_t>(k)};
    if (out.weighted) out.weight[where] = choices.weights[at];
  });
}

// Where choices lie one after the other, both halves of the batch are written by turns, each to a part of its own: a
// place that was just counted on need not be waited for. Entries are made and stored as words.
template <std::uint32_t kTopk, bool kWeighted, typename Id, typename Find>
void Sorter::place_halves(const Id* ids, const Choices& choices, const Find& find, Outgoing& out) {
  constexpr auto kSlot = std::bit_cast<std::uint64_t>(Directory::Target{0, 0xffff});
  constexpr auto kNextK = std::bit_cast<std::uint64_t>(Entry{0, 0, 1});
  std::uint32_t* const next = next_.data();
  Entry* const entry = out.entry.data();
  float* const weight = out.weight.data();
  const float* const weights = choices.weights;
  const auto put = [=](std::uint32_t token, std::uint64_t token_and_k, std::size_t at, std::size_t half) {
    const Directory::Target target = find(ids[at], token);
    const std::uint32_t where = next[kHalves * static_cast<std::size_t>(target.rank) + half]++;
    entry[where] = std::bit_cast<Entry>((std::bit_cast<std::uint64_t>(target) & kSlot) | token_and_k);
    if constexpr (kWeighted) weight[where] = weights[at];
  };
  const auto tokens = static_cast<std::uint32_t>(choices.tokens / 2);
  const std::uint32_t topk = kTopk == 0 ? static_cast<std::uint32_t>(choices.topk) : kTopk;  // known to the compiler
  const std::size_t half = std::size_t{tokens} * topk;
  std::size_t at = 0;
  for (std::uint32_t token = 0; token < tokens; ++token) {
    auto first = std::bit_cast<std::uint64_t>(Entry{token, 0, 0});
    auto second = std::bit_cast<std::uint64_t>(Entry{tokens + token, 0, 0});
    for (std::uint32_t k = 0; k < topk; ++k, ++at, first += kNextK, second += kNextK) {
      put(token, first, at, 0);
      put(tokens + token, second, half + at, 1);
    }
  }
}

// Where all ranks fit in a word, a token's ranks are one, those of a node beside each other.
void Sorter::find_bits(const Site& site) {
  rank_bits_.assign(static_cast<std::size_t>(site.ranks) + 1, 0);  // none for nobody
  std::size_t bit = 0;
  for (const auto& members : site.members) {
    for (const std::int32_t rank : members) rank_bits_[static_cast<std::size_t>(rank)] = std::uint64_t{1} << bit++;
  }
}

template <typename Id, typename Bit>
void Sorter::make_streams_of_words(const Id* ids, const Choices& choices, const Bit& bit_of, const Site& site,
                                   Outgoing& out) {
  token_words_.resize(out.tokens);
  const auto word_of = [&](const Id* first, const Id* last, std::uint32_t token) {
    std::uint64_t word = 0;
    for (; first != last; ++first) word |= bit_of(*first, token);
    return word;
  };
  for (std::uint32_t token = 0; token < out.tokens; ++token) {
    const Span span = span_of(choices, token);
    const Id* const first = ids + span.first;
    // The usual number of choices is one that the compiler knows.
    token_words_[token] =
        span.count == 8 ? word_of(first, first + 8, token) : word_of(first, first + span.count, token);
  }
  std::size_t bit = 0;
  for (std::size_t node = 0; node < site.members.size(); ++node) {
    const std::size_t ranks = site.members[node].size();
    if (node != static_cast<std::size_t>(site.node)) read_words(node, bit, ranks, out);
    bit += ranks;
  }
}

}  // namespace tutti::moe
