// Dispatch and combine against the same exchange by hand over MPI: rows are packed by destination, exchanged with
// MPI_Alltoallv, and results come back the same way and are added up. Both in one run, by turns; float32 rows, each
// token once a rank, results compared.
//
//   cmake --preset release -DTUTTI_PERF=ON && cmake --build --preset release -t moe_alltoallv
//   mpirun -n 8 build/release/perf/moe_alltoallv [TOKENS HIDDEN EXPERTS TOPK ITERATIONS]
#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tutti/tutti.hpp>
#include <vector>

namespace {

struct Options {
  int tokens = 256;
  int hidden = 2048;
  int experts = 64;
  int topk = 8;
  int iterations = 20;
};

int home_of(int expert, const Options& options, int ranks) {
  int next = 0;
  for (int rank = 0; rank < ranks; ++rank) {
    next += options.experts / ranks + (rank < options.experts % ranks ? 1 : 0);
    if (expert < next) return rank;
  }
  return ranks - 1;
}

std::vector<std::int32_t> draw(const Options& options, int rank) {
  std::vector<std::int32_t> ids;
  std::uint64_t state = 77 + static_cast<std::uint64_t>(rank);
  for (int i = 0; i < options.tokens * options.topk; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    ids.push_back(static_cast<std::int32_t>((state >> 33) % static_cast<std::uint64_t>(options.experts)));
  }
  return ids;
}

// What a careful user writes: everything that does not change is prepared, and only rows are moved.
class ByHand {
 public:
  ByHand(const Options& options, int ranks, const std::vector<std::int32_t>& ids) : hidden_(options.hidden) {
    sends_.resize(static_cast<std::size_t>(ranks));
    for (int to = 0; to < ranks; ++to) {
      int rows = 0;
      for (int token = 0; token < options.tokens; ++token) {
        const auto first = ids.begin() + token * options.topk;
        const bool goes = std::any_of(first, first + options.topk,
                                      [&](std::int32_t expert) { return home_of(expert, options, ranks) == to; });
        if (!goes) continue;
        order_.push_back(token);
        ++rows;
      }
      sends_[static_cast<std::size_t>(to)] = rows * hidden_;
    }
    recvs_.resize(sends_.size());
    MPI_Alltoall(sends_.data(), 1, MPI_INT, recvs_.data(), 1, MPI_INT, MPI_COMM_WORLD);
    send_at_ = starts(sends_);
    recv_at_ = starts(recvs_);
    packed_.resize(order_.size() * static_cast<std::size_t>(hidden_));
    came_.resize(static_cast<std::size_t>(recv_at_.back() + recvs_.back()));
  }

  void exchange(const std::vector<float>& in, std::vector<float>& out) {
    const auto bytes = static_cast<std::size_t>(hidden_) * sizeof(float);
    for (std::size_t row = 0; row < order_.size(); ++row)
      std::memcpy(row_of(packed_, row), &in[at(order_[row])], bytes);
    MPI_Alltoallv(packed_.data(), sends_.data(), send_at_.data(), MPI_FLOAT, came_.data(), recvs_.data(),
                  recv_at_.data(), MPI_FLOAT, MPI_COMM_WORLD);
    MPI_Alltoallv(came_.data(), recvs_.data(), recv_at_.data(), MPI_FLOAT, packed_.data(), sends_.data(),
                  send_at_.data(), MPI_FLOAT, MPI_COMM_WORLD);
    std::fill(out.begin(), out.end(), 0.0F);
    for (std::size_t row = 0; row < order_.size(); ++row) {
      float* const sum = &out[at(order_[row])];
      const float* const more = row_of(packed_, row);
      for (int i = 0; i < hidden_; ++i) sum[i] += more[i];
    }
  }

 private:
  [[nodiscard]] std::size_t at(int token) const {
    return static_cast<std::size_t>(token) * static_cast<std::size_t>(hidden_);
  }
  float* row_of(std::vector<float>& rows, std::size_t row) const {
    return &rows[row * static_cast<std::size_t>(hidden_)];
  }
  static std::vector<int> starts(const std::vector<int>& counts) {
    std::vector<int> first(counts.size(), 0);
    for (std::size_t i = 1; i < counts.size(); ++i) first[i] = first[i - 1] + counts[i - 1];
    return first;
  }

  int hidden_;
  std::vector<int> order_;  // tokens, by destination
  std::vector<int> sends_, recvs_, send_at_, recv_at_;
  std::vector<float> packed_, came_;
};

template <typename Call>
double slowest_us(Call&& call) {
  MPI_Barrier(MPI_COMM_WORLD);
  const double begin = MPI_Wtime();
  call();
  double took = (MPI_Wtime() - begin) * 1e6;
  MPI_Allreduce(MPI_IN_PLACE, &took, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return took;
}

double median(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

bool compare(const Options& options) {
  tutti::Communicator comm;
  const auto ids = draw(options, comm.rank());
  const auto hidden = static_cast<std::size_t>(options.hidden);
  std::vector<float> in(static_cast<std::size_t>(options.tokens) * hidden);
  for (std::size_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<float>((i * 7 + static_cast<std::size_t>(comm.rank())) % 17);
  std::vector<float> by_hand(in.size());
  std::vector<float> by_tutti(in.size());
  ByHand hand(options, comm.size(), ids);
  auto config = tutti::make_experts_config(options.experts);
  config.maxTopk = options.topk;
  config.maxTokens = options.tokens;
  config.maxRowBytes = hidden * sizeof(float);
  const tutti::Experts experts(comm, config);
  auto plan = experts.plan(tutti::make_routing(std::span<const std::int32_t>(ids), options.topk));
  std::vector<float> rows(static_cast<std::size_t>(plan.rows()) * hidden);
  std::vector<double> hand_us;
  std::vector<double> tutti_us;
  for (int i = -3; i < options.iterations; ++i) {
    const double first = slowest_us([&] { hand.exchange(in, by_hand); });
    const double second = slowest_us([&] {
      plan.dispatch({tutti::make_column(std::span<const float>(in), std::span(rows), hidden)});
      plan.combine(tutti::make_combine(std::span<const float>(rows), std::span(by_tutti), hidden));
    });
    if (i < 0) continue;
    hand_us.push_back(first);
    tutti_us.push_back(second);
  }
  int same = by_hand == by_tutti ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  if (comm.rank() == 0)
    std::printf(
        "%d ranks, %d tokens, hidden %d, %d experts, topk %d: MPI_Alltoallv %.0f us, tutti %.0f us, ratio %.2f, %s\n",
        comm.size(), options.tokens, options.hidden, options.experts, options.topk, median(hand_us), median(tutti_us),
        median(hand_us) / median(tutti_us), same != 0 ? "the same results" : "DIFFERENT results");
  return same != 0;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  Options options;
  int* const fields[] = {&options.tokens, &options.hidden, &options.experts, &options.topk, &options.iterations};
  for (int i = 1; i < argc && i <= 5; ++i) *fields[i - 1] = std::max(1, std::atoi(argv[i]));
  bool well = false;
  try {
    well = compare(options);
  } catch (const tutti::Error& error) {
    std::fprintf(stderr, "moe_alltoallv: %s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return well ? 0 : 1;
}
