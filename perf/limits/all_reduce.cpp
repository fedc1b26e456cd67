// What ranks with a core each can do when all of them reach all buffers: three ways, with either kind of store. `p`
// ranks, `S` bytes; a meeting is a round of flags.
//   staged   copy the input to a slot, meet, add all slots: (p + 2) S a rank, 1 meeting; slots alternate, so that
//   nobody
//            waits for those who still read
//   pulled   meet, add a p-th of all inputs, meet, copy the other parts from who has added them, meet
//   pushed   meet, add a p-th of all inputs a piece at a time, and store each piece, still in L1, to all outputs, meet
#include <algorithm>
#include <array>

#include "perf/limits/measures.hpp"
#include "perf/limits/memory.hpp"
#include "perf/limits/stores.hpp"
#include "perf/limits/timing.hpp"

namespace tutti::limits {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kPiece = std::size_t{8} << 10;  // with its inputs a part of L1
constexpr std::size_t kMostStaged = std::size_t{1} << 20;

struct Rank {
  Pages in;
  Pages out;
  Pages slots;    // two
  Pages scratch;  // a piece
};

struct Part {
  std::size_t at;
  std::size_t bytes;
};

class Contest {
 public:
  Contest(const Settings& settings, std::vector<Rank>& ranks) : settings_(settings), ranks_(ranks) {}

  Result<AllReduce> run(std::size_t bytes) {
    bytes_ = std::max(kLine, bytes);  // what is less than a line takes as long as one
    AllReduce row{.ranks = count(), .bytes = bytes};
    for (const Stores& stores : {plain_stores(), streaming_stores()}) {
      stores_ = stores;
      double& best = stores.name == plain_stores().name ? row.plain_us : row.streaming_us;
      for (const Way& way : kWays) {
        if (way.pass == &Contest::staged && bytes_ > kMostStaged) continue;
        const Flags flags(count());
        const double us =
            TUTTI_TRY(time_passes(settings_.cores, settings_.samples,
                                  [&](int member, std::uint64_t number) { (this->*way.pass)(member, flags, number); }));
        if (best == 0 || us < best) best = us;
        if (row.us != 0 && row.us <= us) continue;
        row.us = us;
        row.best = std::string(way.name) + ", " + stores.name;
      }
    }
    return row;
  }

 private:
  struct Way {
    const char* name;
    void (Contest::*pass)(int, const Flags&, std::uint64_t);
  };

  [[nodiscard]] int count() const { return static_cast<int>(ranks_.size()); }
  Rank& rank(int member) { return ranks_[static_cast<std::size_t>(member)]; }

  // Whole lines; the last rank may have less or nothing.
  [[nodiscard]] Part part_of(int member) const {
    const std::size_t lines = bytes_ / kLine;
    const auto p = ranks_.size();
    const std::size_t most = (lines + p - 1) / p;
    const std::size_t first = std::min(lines, most * static_cast<std::size_t>(member));
    return {first * kLine, std::min(most, lines - first) * kLine};
  }

  // The first two with the stores at hand; what is added to that is in the cache.
  template <typename From>
  void add_all(std::byte* out, std::size_t bytes, Add first, const From& from) {
    if (count() == 1) stores_.copy(out, from(0), bytes);
    if (count() > 1) first(out, from(0), from(1), bytes);
    for (int other = 2; other < count(); ++other) plain_stores().add(out, out, from(other), bytes);
  }

  void staged(int member, const Flags& flags, std::uint64_t number) {
    const std::size_t slot = number % 2 * kMostStaged;
    plain_stores().copy(rank(member).slots.data() + slot, rank(member).in.data(), bytes_);
    flags.meet(member, number);
    add_all(rank(member).out.data(), bytes_, stores_.add, [&](int other) { return rank(other).slots.data() + slot; });
  }

  void pulled(int member, const Flags& flags, std::uint64_t number) {
    const Part own = part_of(member);
    flags.meet(member, 3 * number - 2);
    add_all(rank(member).out.data() + own.at, own.bytes, stores_.add,
            [&](int other) { return rank(other).in.data() + own.at; });
    flags.meet(member, 3 * number - 1);
    for (int step = 1; step < count(); ++step) {
      const int other = (member + step) % count();
      const Part part = part_of(other);
      stores_.copy(rank(member).out.data() + part.at, rank(other).out.data() + part.at, part.bytes);
    }
    flags.meet(member, 3 * number);
  }

  void pushed(int member, const Flags& flags, std::uint64_t number) {
    const Part own = part_of(member);
    flags.meet(member, 2 * number - 1);
    for (std::size_t done = 0; done < own.bytes; done += kPiece) {
      const std::size_t at = own.at + done;
      const std::size_t bytes = std::min(kPiece, own.bytes - done);
      std::byte* const piece = rank(member).scratch.data();
      add_all(piece, bytes, plain_stores().add, [&](int other) { return rank(other).in.data() + at; });
      for (int step = 0; step < count(); ++step) {
        stores_.copy(rank((member + step) % count()).out.data() + at, piece, bytes);
      }
    }
    flags.meet(member, 2 * number);
  }

  static constexpr std::array<Way, 3> kWays = {
      {{"staged", &Contest::staged}, {"pulled", &Contest::pulled}, {"pushed", &Contest::pushed}}};

  const Settings& settings_;
  std::vector<Rank>& ranks_;
  Stores stores_ = plain_stores();
  std::size_t bytes_ = 0;
};

}  // namespace

Result<std::vector<AllReduce>> measure_all_reduce(const Settings& settings) {
  std::vector<AllReduce> rows;
  for (const int members : team_sizes(static_cast<int>(settings.cores.size()))) {
    if (members == 1) continue;
    Settings team = settings;
    team.cores.resize(static_cast<std::size_t>(members));
    std::vector<Rank> ranks;
    for (int member = 0; member < members; ++member) {
      Pages in = TUTTI_TRY(Pages::make(std::max(kLine, settings.most_bytes)));
      Pages out = TUTTI_TRY(Pages::make(std::max(kLine, settings.most_bytes)));
      Pages slots = TUTTI_TRY(Pages::make(2 * kMostStaged));
      Pages scratch = TUTTI_TRY(Pages::make(kPiece));
      ranks.push_back({std::move(in), std::move(out), std::move(slots), std::move(scratch)});
    }
    Contest contest(team, ranks);
    for (const std::size_t bytes : sizes_between(8, settings.most_bytes)) rows.push_back(TUTTI_TRY(contest.run(bytes)));
  }
  return rows;
}

}  // namespace tutti::limits
