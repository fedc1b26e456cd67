// What a user asks `tutti perf moe` to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "tools/perf/options.hpp"

namespace tutti::perf::moe {

/// How tokens choose their experts.
enum class Routing : std::uint8_t { uniform, group_limited, log_normal, zipf, k_hot, replay };

std::string_view to_string(Routing routing);

/// Names with commas, or `all` (without replay). Fails with invalid_argument on an unknown name.
Result<std::vector<Routing>> parse_routings(std::string_view text);

/// 20 warm-up and 100 measured iterations.
perf::Options default_sweep();

struct Options {
  perf::Options sweep = default_sweep();
  std::vector<Routing> routings = {Routing::uniform};
  std::int64_t tokens = 4096;  // a rank
  std::size_t hidden = 7168;   // elements of a row
  int experts = 256;
  int topk = 8;
  int groups = 4;           // group_limited: nodes that a token's experts may be on
  double sigma = 1.0;       // log_normal
  double exponent = 1.0;    // zipf
  std::string replay_file;  // a line a token: its experts
  std::string type = "bfloat16";
  std::string wire = "bfloat16";
  std::string route = "auto";
  std::uint64_t seed = 1;
  std::uint64_t staging = std::uint64_t{64} << 20;
};

/// Fails with invalid_argument on what cannot be measured.
Status check(const Options& options);

}  // namespace tutti::perf::moe
