#include "unit/moe/oracle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace tutti::moe {
namespace {

// Where expert e lives, from the definition of the even placement alone.
std::int32_t home_of(std::int64_t expert, std::int32_t experts, std::int32_t ranks) {
  std::int64_t next = 0;
  for (std::int32_t rank = 0; rank < ranks; ++rank) {
    next += experts / ranks + (rank < experts % ranks ? 1 : 0);
    if (expert < next) return rank;
  }
  return -1;
}

std::int64_t first_expert(std::int32_t rank, std::int32_t experts, std::int32_t ranks) {
  std::int64_t first = 0;
  for (std::int32_t before = 0; before < rank; ++before) first += experts / ranks + (before < experts % ranks ? 1 : 0);
  return first;
}

std::byte byte_of(std::int32_t rank, std::uint32_t token, std::size_t column, std::size_t at) {
  return static_cast<std::byte>(mix(static_cast<std::uint64_t>(rank), token, column * 100003 + at));
}

float value_of(std::int32_t rank, std::uint32_t token, std::size_t at) {
  return static_cast<float>(static_cast<std::int64_t>(mix(static_cast<std::uint64_t>(rank), token, at) % 2001) - 1000) /
         64.0F;
}

// An affine function that no other expert has.
float apply_expert(std::int64_t expert, float value) {
  return value * (1.0F + 0.25F * static_cast<float>(expert)) + 3.0F * static_cast<float>(expert);
}

}  // namespace

std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t mixed = a * 0x9e3779b97f4a7c15 + b * 0xbf58476d1ce4e5b9 + c * 0x94d049bb133111eb + 1;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return mixed ^ mixed >> 31;
}

Batch make_batch(const std::vector<std::int64_t>& tokens, std::int32_t topk, const Chooser& choose, bool weighted) {
  Batch batch;
  for (std::size_t rank = 0; rank < tokens.size(); ++rank) {
    auto& lists = batch.choices.emplace_back();
    auto& weights = batch.weights.emplace_back();
    for (std::int64_t token = 0; token < tokens[rank]; ++token) {
      auto& list = lists.emplace_back();
      auto& factors = weights.emplace_back();
      for (std::int32_t k = 0; k < topk; ++k) {
        list.push_back(choose(static_cast<std::int32_t>(rank), static_cast<std::uint32_t>(token), k));
        factors.push_back(
            static_cast<float>(mix(rank, static_cast<std::uint64_t>(token), static_cast<std::uint64_t>(k)) % 97) / 32);
      }
    }
  }
  if (!weighted) batch.weights.clear();
  return batch;
}

Trial::Trial(World& world, Batch batch, const Shape& shape) : world_(world), batch_(std::move(batch)), shape_(shape) {}

std::vector<Status> Trial::plan(Form form) {
  std::vector<std::shared_ptr<Meeting>> meetings;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  std::vector<Lists> lists(static_cast<std::size_t>(world_.ranks()));
  if (plans_.empty()) {
    for (std::int32_t rank = 0; rank < world_.ranks(); ++rank) {
      auto plan = world_.group(rank)->new_plan(shape_);
      if (!plan) return {plan.error()};
      plans_.push_back(std::move(plan).value());
    }
  }
  for (std::int32_t rank = 0; rank < world_.ranks(); ++rank) {
    const auto at = static_cast<std::size_t>(rank);
    Lists& list = lists[at];
    list.row_ptr.push_back(0);
    for (const auto& token : batch_.choices[at]) {
      for (const std::int64_t choice : token) {
        list.dense64.push_back(choice);
        list.dense32.push_back(static_cast<std::int32_t>(choice));
      }
      list.row_ptr.push_back(static_cast<std::int64_t>(list.dense64.size()));
    }
    if (!batch_.weights.empty()) {
      for (const auto& token : batch_.weights[at]) list.weights.insert(list.weights.end(), token.begin(), token.end());
    }
    Choices choices;
    choices.tokens = batch_.tokens(rank);
    if (form == Form::dense32) choices.ids32 = list.dense32.data();
    if (form != Form::dense32) choices.ids64 = list.dense64.data();
    if (form == Form::csr) choices.row_ptr = list.row_ptr.data();
    if (form != Form::csr && choices.tokens > 0)
      choices.topk = static_cast<std::int32_t>(batch_.choices[at].front().size());
    if (!batch_.weights.empty()) choices.weights = list.weights.data();
    auto meeting = world_.group(rank)->meet(plans_[at], choices, false);
    if (!meeting) return {meeting.error()};
    meetings.push_back(*meeting);
    exchanges.push_back(*meeting);
  }
  EXPECT_TRUE(world_.run(exchanges)) << "the meeting does not end";
  std::vector<Status> outcomes;
  for (const auto& meeting : meetings) outcomes.push_back(meeting->outcome());
  return outcomes;
}

void Trial::check_dispatch(const std::vector<std::size_t>& columns) {
  const std::int32_t experts = world_.group(0)->settings().experts;
  for (std::size_t round = 0; round < rounds(); ++round) {
    std::vector<std::vector<std::vector<std::byte>>> sent;
    std::vector<std::vector<std::vector<std::byte>>> got;
    std::vector<std::shared_ptr<Exchange>> exchanges;
    for (std::int32_t rank = 0; rank < world_.ranks(); ++rank) {
      const auto& plan = plans_[static_cast<std::size_t>(rank)];
      auto& send = sent.emplace_back();
      auto& recv = got.emplace_back();
      std::vector<Column> all;
      for (std::size_t c = 0; c < columns.size(); ++c) {
        auto& data = send.emplace_back(static_cast<std::size_t>(batch_.tokens(rank)) * columns[c]);
        for (std::size_t at = 0; at < data.size(); ++at)
          data[at] = byte_of(rank, static_cast<std::uint32_t>(at / columns[c]), c, at % columns[c]);
        recv.emplace_back(static_cast<std::size_t>(plan->rounds[round].rows) * columns[c], std::byte{0xee});
        all.push_back({.send = data.data(), .recv = recv.back().data(), .bytes = columns[c]});
      }
      exchanges.push_back(world_.group(rank)->dispatch(plan, all, round, false).value());
    }
    ASSERT_TRUE(world_.run(exchanges)) << "dispatch does not end";
    for (std::int32_t rank = 0; rank < world_.ranks(); ++rank) {
      const Arrangement& rows = plans_[static_cast<std::size_t>(rank)]->rounds[round];
      for (std::size_t place = 0; place < rows.row_source.size(); ++place) {
        for (std::size_t c = 0; c < columns.size(); ++c) {
          const std::byte* const row = got[static_cast<std::size_t>(rank)][c].data() + place * columns[c];
          for (std::size_t at = 0; at < columns[c]; ++at) {
            const std::byte wanted =
                rows.row_source[place] < 0
                    ? std::byte{0xee}
                    : byte_of(rows.row_source[place], static_cast<std::uint32_t>(rows.row_token[place]), c, at);
            ASSERT_EQ(row[at], wanted) << "rank " << rank << " place " << place << " column " << c << " byte " << at;
          }
        }
      }
    }
  }
  // Every choice has come to its expert once, over all rounds, and in the order of (source, token, choice).
  using Key = std::tuple<std::int32_t, std::int32_t, std::int32_t>;
  for (std::int32_t rank = 0; rank < world_.ranks(); ++rank) {
    std::map<std::int64_t, std::vector<Key>> came;  // by local slot; flat rows under 0
    std::map<std::int64_t, std::vector<Key>> wanted;
    const bool by_expert = is_by_expert(shape_.layout);
    for (const Arrangement& rows : plans_[static_cast<std::size_t>(rank)]->rounds) {
      for (std::size_t place = 0; place < rows.row_source.size(); ++place) {
        if (rows.row_source[place] < 0) continue;
        came[by_expert ? rows.row_slot[place] : 0].push_back(
            {rows.row_source[place], rows.row_token[place], by_expert ? rows.row_k[place] : 0});
      }
    }
    for (std::int32_t from = 0; from < world_.ranks(); ++from) {
      const auto& lists = batch_.choices[static_cast<std::size_t>(from)];
      for (std::size_t token = 0; token < lists.size(); ++token) {
        bool first = true;
        for (std::size_t k = 0; k < lists[token].size(); ++k) {
          const std::int64_t expert = lists[token][k];
          if (expert < 0 || home_of(expert, experts, world_.ranks()) != rank) continue;
          const std::int64_t slot = expert - first_expert(rank, experts, world_.ranks());
          const auto row = static_cast<std::int32_t>(token);
          if (by_expert) wanted[slot].push_back({from, row, static_cast<std::int32_t>(k)});
          if (!by_expert && std::exchange(first, false)) wanted[0].push_back({from, row, 0});
        }
      }
    }
    if (plans_[static_cast<std::size_t>(rank)]->rounds.size() > 1) {  // rounds cut every source's tokens
      for (auto& [slot, keys] : came) std::sort(keys.begin(), keys.end());
    }
    ASSERT_EQ(came, wanted) << "rank " << rank;
  }
}

// What the experts at `rank` make of a row of their buffer: by expert, one of them; else the sum of those chosen.
std::vector<float> Trial::expert_row(std::int32_t rank, std::size_t round, Place place, std::size_t elements) const {
  const Plan& plan = *plans_[static_cast<std::size_t>(rank)];
  const Arrangement& rows = plan.rounds[round];
  std::vector<float> out(elements, 0.0F);
  const std::int32_t source = rows.row_source[place];
  if (source < 0) return std::vector<float>(elements, -1e30F);  // must never be used
  const auto token = static_cast<std::uint32_t>(rows.row_token[place]);
  for (std::size_t at = 0; at < elements; ++at) {
    const float value = value_of(source, token, at);
    if (is_by_expert(shape_.layout)) {
      out[at] = apply_expert(plan.slot_expert[static_cast<std::size_t>(rows.row_slot[place])], value);
      continue;
    }
    const auto experts = world_.group(0)->settings().experts;
    for (const std::int64_t expert : batch_.choices[static_cast<std::size_t>(source)][token]) {
      if (expert >= 0 && home_of(expert, experts, world_.ranks()) == rank) out[at] += apply_expert(expert, value);
    }
  }
  return out;
}

// The recipe of combine.hpp, for one token, written down from its text.
std::vector<float> Trial::expected(std::int32_t rank, std::uint32_t token, std::size_t elements, Wire wire,
                                   bool weighted) const {
  const auto& list = batch_.choices[static_cast<std::size_t>(rank)][token];
  const std::int32_t experts = world_.group(0)->settings().experts;
  Coder coder(wire);
  std::vector<std::vector<float>> nodes;
  for (std::int32_t node = 0; node < world_.layout().nodes(); ++node) {
    std::vector<std::vector<float>> partials;
    for (std::int32_t other = 0; other < world_.ranks(); ++other) {
      if (world_.layout().node_of(Rank{other}) != node) continue;
      std::vector<std::vector<float>> terms;
      for (std::size_t k = 0; k < list.size(); ++k) {
        if (list[k] < 0 || home_of(list[k], experts, world_.ranks()) != other) continue;
        const float weight = weighted ? batch_.weights[static_cast<std::size_t>(rank)][token][k] : 1.0F;
        std::vector<float> term(elements);
        for (std::size_t at = 0; at < elements; ++at)
          term[at] = apply_expert(list[k], value_of(rank, token, at)) * weight;
        terms.push_back(term);
      }
      if (terms.empty()) continue;
      auto partial = terms.front();
      if (!is_by_expert(shape_.layout)) std::fill(partial.begin(), partial.end(), 0.0F);
      for (std::size_t i = is_by_expert(shape_.layout) ? 1 : 0; i < terms.size(); ++i) {
        for (std::size_t at = 0; at < elements; ++at) partial[at] += terms[i][at];
      }
      if (other != rank) coder.round(partial.data(), elements);
      partials.push_back(partial);
    }
    if (partials.empty()) continue;
    auto sum = partials.front();
    for (std::size_t i = 1; i < partials.size(); ++i) {
      for (std::size_t at = 0; at < elements; ++at) sum[at] += partials[i][at];
    }
    if (node != world_.layout().node_of(Rank{rank})) coder.round(sum.data(), elements);
    nodes.push_back(sum);
  }
  std::vector<float> total(elements, 0.0F);
  if (!nodes.empty()) total = nodes.front();
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    for (std::size_t at = 0; at < elements; ++at) total[at] += nodes[i][at];
  }
  return total;
}

std::vector<std::vector<float>> Trial::check_combine(std::size_t elements, Wire wire, bool weighted) {
  std::vector<std::vector<float>> out;
  for (std::int32_t rank = 0; rank < world_.ranks(); ++rank)
    out.emplace_back(static_cast<std::size_t>(batch_.tokens(rank)) * elements, -77.0F);
  for (std::size_t round = 0; round < rounds(); ++round) {
    std::vector<std::vector<float>> in;
    std::vector<std::shared_ptr<Exchange>> exchanges;
    for (std::int32_t rank = 0; rank < world_.ranks(); ++rank) {
      const auto at = static_cast<std::size_t>(rank);
      auto& rows = in.emplace_back();
      for (Place place = 0; place < plans_[at]->rounds[round].rows; ++place) {
        const auto row = expert_row(rank, round, place, elements);
        rows.insert(rows.end(), row.begin(), row.end());
      }
      CombineCall call;
      call.elements = elements;
      call.in.data = reinterpret_cast<const std::byte*>(rows.data());
      call.out.data = reinterpret_cast<const std::byte*>(out[at].data());
      call.weighted = weighted;
      call.wire = wire;
      exchanges.push_back(world_.group(rank)->combine(plans_[at], call, round).value());
    }
    EXPECT_TRUE(world_.run(exchanges)) << "combine does not end";
  }
  for (std::int32_t rank = 0; rank < world_.ranks(); ++rank) {
    for (std::uint32_t token = 0; token < batch_.tokens(rank); ++token) {
      const auto wanted = expected(rank, token, elements, wire, weighted);
      const float* const row = out[static_cast<std::size_t>(rank)].data() + token * elements;
      if (std::memcmp(row, wanted.data(), elements * sizeof(float)) == 0) continue;
      ADD_FAILURE() << "rank " << rank << " token " << token << " has " << row[0] << " instead of " << wanted[0];
      return out;
    }
  }
  return out;
}

}  // namespace tutti::moe
