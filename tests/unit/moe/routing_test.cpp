#include <gtest/gtest.h>

#include <set>

#include "moe/manifest.hpp"
#include "moe/routing.hpp"

namespace tutti::moe {
namespace {

struct Sorted {
  Site site = Site::of(topology::Layout::regular(2, 2), 0);
  Placement placement = Placement::even(8, 4);
  Directory directory{placement, site, false};
  Outgoing out;
  BadChoice bad;

  std::vector<std::uint32_t> tokens_of_rank(std::int32_t rank) {
    out.find_rows(rank);
    const auto tokens = out.tokens_of_rank(rank);
    return {tokens.begin(), tokens.end()};
  }

  explicit Sorted(const Choices& choices) {
    Sorter sorter;
    bad = sorter.sort(choices, directory, site, {.tokens = 100, .topk = 4}, out);
  }
};

TEST(Routing, MakesOneRowATokenAndRankAndKeepsTheOrderOfTokensAndChoices) {
  const std::vector<std::int32_t> ids = {7, 2, 6, -1, -1, -1, 3, 7, 3};
  Choices choices;
  choices.ids32 = ids.data();
  choices.tokens = 3;
  choices.topk = 3;
  Sorted sorted(choices);
  EXPECT_EQ(sorted.bad.kind, BadChoice::Kind::none);
  EXPECT_EQ(sorted.tokens_of_rank(3), (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(sorted.tokens_of_rank(1), (std::vector<std::uint32_t>{0, 2}));
  EXPECT_TRUE(sorted.tokens_of_rank(0).empty());
  const std::size_t first = sorted.out.entry_first[3];
  EXPECT_EQ(sorted.out.entry[first].slot, 1);   // expert 7
  EXPECT_EQ(sorted.out.entry[first + 1].k, 2);  // expert 6, the third choice
  sorted.out.rows[1].find_ends(sorted.out.entries_of_rank(1));
  EXPECT_EQ(sorted.out.rows[1].ends()[1], 3U);  // token 2 at rank 1: expert 3 twice
  const auto node = sorted.out.tokens_of_node(1);
  EXPECT_EQ(std::vector<std::uint32_t>(node.begin(), node.end()), (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(sorted.out.rank_rows[1], 2U);  // rank 2 has none
}

TEST(Routing, ReadsStridesAndSkipsTokensThatAreNotActive) {
  const std::vector<std::int64_t> ids = {0, 99, 5, 99, 1, 99};
  const std::vector<std::uint8_t> active = {1, 0, 1};
  Choices choices;
  choices.ids64 = ids.data();
  choices.tokens = 3;
  choices.topk = 1;
  choices.stride = 2;
  choices.active = active.data();
  Sorted sorted(choices);
  EXPECT_EQ(sorted.bad.kind, BadChoice::Kind::none);
  EXPECT_EQ(sorted.tokens_of_rank(0), (std::vector<std::uint32_t>{0, 2}));
  EXPECT_TRUE(sorted.tokens_of_rank(2).empty());
}

TEST(Routing, SaysWhichChoiceIsWrongAndSendsNothing) {
  const std::vector<std::int64_t> ids = {0, 1, 2, std::int64_t{1} << 40};
  Choices choices;
  choices.ids64 = ids.data();
  choices.tokens = 2;
  choices.topk = 2;
  const Sorted sorted(choices);
  EXPECT_EQ(describe(sorted.bad, 8, 4), "token 1, choice 1: 1099511627776 is not between -1 and 7");
  EXPECT_EQ(sorted.out.entry_first, std::vector<std::uint32_t>(5, 0));
  choices.topk = 5;
  EXPECT_EQ(Sorted(choices).bad.kind, BadChoice::Kind::too_many);
  const std::vector<std::int64_t> rows = {0, 2, 1};
  choices.row_ptr = rows.data();
  EXPECT_EQ(Sorted(choices).bad.kind, BadChoice::Kind::row_ptr);
}

TEST(RowList, RefusesTokensThatDescendOrAreTooManyAndSlotsThatAreNot) {
  const auto is_list = [](const std::vector<Entry>& entries) { return RowList().find(entries, 9, 3); };
  EXPECT_TRUE(is_list({}));
  EXPECT_TRUE(is_list({{0, 2, 0}, {0, 0, 1}, {8, 1, 0}}));
  EXPECT_FALSE(is_list({{9, 0, 0}}));
  EXPECT_FALSE(is_list({{4, 0, 0}, {3, 0, 0}, {8, 0, 0}}));
  EXPECT_FALSE(is_list({{1, 3, 0}, {8, 0, 0}}));
  EXPECT_FALSE(is_list({{0xf0000000, 0, 0}, {5, 0, 0}}));
  EXPECT_FALSE(is_list({{0x7fffffff, 0, 0}, {5, 0, 0}}));
  RowList rows;
  ASSERT_TRUE(rows.find(std::vector<Entry>{{2, 0, 0}, {2, 1, 1}, {5, 0, 0}}, 9, 3));
  EXPECT_EQ(std::vector<std::uint32_t>(rows.tokens().begin(), rows.tokens().end()), (std::vector<std::uint32_t>{2, 5}));
}

// Many ranks, several bytes a mask, an odd number of tokens, unequal nodes: each way of sorting gives what the
// definition says.
TEST(Routing, GivesTheSameStreamsForAnyNumberOfRanks) {
  for (const std::vector<std::int32_t>& nodes : std::vector<std::vector<std::int32_t>>{{2, 3}, {9, 1, 20}, {40, 30}}) {
    std::vector<std::uint64_t> node_of_rank;
    for (std::size_t node = 0; node < nodes.size(); ++node)
      node_of_rank.insert(node_of_rank.end(), static_cast<std::size_t>(nodes[node]), node);
    const auto site = Site::of(topology::Layout::from_nodes(node_of_rank), 1);
    const std::int32_t experts = 2 * site.ranks + 1;
    const auto placement = Placement::even(experts, site.ranks);
    const Directory directory(placement, site, false);
    for (const std::int64_t tokens : {64, 65}) {
      std::vector<std::int32_t> ids;
      for (std::int64_t i = 0; i < tokens * 8; ++i)
        ids.push_back(static_cast<std::int32_t>(i * i * 31 % (experts + 1)) - 1);
      Choices choices;
      choices.ids32 = ids.data();
      choices.tokens = tokens;
      choices.topk = 8;
      Sorter sorter;
      Outgoing out;
      ASSERT_EQ(sorter.sort(choices, directory, site, {.tokens = 100, .topk = 8}, out).kind, BadChoice::Kind::none);
      for (std::int32_t node = 0; node < site.nodes; ++node) {
        if (node == site.node) continue;
        const auto at = static_cast<std::size_t>(node);
        std::vector<std::uint32_t> wanted;
        std::uint32_t rank_rows = 0;
        for (std::int64_t token = 0; token < tokens; ++token) {
          std::set<std::int32_t> ranks;
          for (std::int64_t k = 0; k < 8; ++k) {
            const std::int32_t id = ids[static_cast<std::size_t>(token * 8 + k)];
            if (id < 0) continue;
            const std::int32_t rank = directory.find(static_cast<std::uint32_t>(id), 0).rank;
            if (site.node_of[static_cast<std::size_t>(rank)] == node) ranks.insert(rank);
          }
          rank_rows += static_cast<std::uint32_t>(ranks.size());
          if (ranks.empty()) continue;
          const Chunk chunk{0, 0, 1,
                            out.mask.data() + out.mask_first[at] + wanted.size() * mask_bytes(site.members[at].size())};
          for (const std::int32_t rank : site.members[at])
            EXPECT_EQ(chunk.wants(0, site.members[at].size(), site.local[static_cast<std::size_t>(rank)]),
                      ranks.contains(rank));
          wanted.push_back(static_cast<std::uint32_t>(token));
        }
        const auto stream = out.tokens_of_node(node);
        EXPECT_EQ(std::vector<std::uint32_t>(stream.begin(), stream.end()), wanted);
        EXPECT_EQ(out.rank_rows[at], rank_rows);
      }
    }
  }
}

TEST(Route, IsDirectWhereEachTokenHasOneRankAndHierarchicalWhereItHasMany) {
  const topology::Links links;
  EXPECT_EQ(
      choose_route({.rank_rows = 4000, .node_rows = 4000, .row_bytes = 14336, .ranks = 8}, links, Route::automatic)
          .route,
      Route::direct);
  const auto once =
      choose_route({.rank_rows = 16000, .node_rows = 4000, .row_bytes = 14336, .ranks = 8}, links, Route::automatic);
  EXPECT_EQ(once.route, Route::hierarchical);
  EXPECT_NE(once.reason().find("us direct"), std::string::npos) << once.reason();
  EXPECT_EQ(
      choose_route({.rank_rows = 16000, .node_rows = 4000, .row_bytes = 1, .ranks = 1}, links, Route::hierarchical)
          .route,
      Route::direct);
}

TEST(Manifest, ThatIsCutOrScribbledOnIsAnErrorThatNamesTheRank) {
  const Site site = Site::of(topology::Layout::regular(2, 2), 0);
  const std::vector<std::int32_t> ids = {7, 5, 4, 6, 7, 0, 6, 5};
  Choices choices;
  choices.ids32 = ids.data();
  choices.tokens = 4;
  choices.topk = 2;
  Sorted sorted(choices);
  std::vector<RouteChoice> routes(2);
  routes[1].route = Route::hierarchical;
  Manifests all;
  tell({&site, &sorted.out, routes, 2, {}}, all);
  const Site there = Site::of(topology::Layout::regular(2, 2), 3);
  const auto hear = [&](Source& source) {
    const auto entries = sorted.out.entries_of_rank(3);
    source.head = all.heads[3];
    source.memory.entries.assign(entries.begin(), entries.end());
    source.memory.passage = all.passages[3];
  };
  Source whole;
  hear(whole);
  ASSERT_TRUE(understand(whole, 0, there, 2, 2));
  std::uint64_t refused = 0;
  const auto break_each_bit = [&](auto&& bytes_of) {
    Source first;
    hear(first);
    for (std::size_t at = 0; at < bytes_of(first).size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        Source broken;
        hear(broken);
        bytes_of(broken)[at] ^= static_cast<std::byte>(1 << bit);
        const auto read = understand(broken, 0, there, 2, 2);
        if (read) continue;  // a choice may be another and still be one
        ++refused;
        EXPECT_EQ(read.error().culprit, Rank{0});
      }
    }
  };
  break_each_bit([](Source& source) { return std::as_writable_bytes(std::span(source.memory.entries)); });
  break_each_bit([](Source& source) { return std::span(source.memory.passage); });
  EXPECT_GT(refused, 100U);
  Source cut;
  hear(cut);
  cut.memory.passage.pop_back();
  EXPECT_FALSE(understand(cut, 0, there, 2, 2));
  hear(cut);
  cut.memory.entries.pop_back();
  EXPECT_FALSE(understand(cut, 0, there, 2, 2));
}

}  // namespace
}  // namespace tutti::moe
