#include "tools/world/here.hpp"

#include <sched.h>
#include <unistd.h>

#include "base/config.hpp"
#include "base/text_file.hpp"
#include "plan/exchange/exchange.hpp"

namespace tutti::world {
namespace {

// Jobs warn of a file that is damaged, and go on without; so does this, and says that numbers are assumed.
plan::TuningTable measured_here() {
  const auto config = read_config(process_environment());
  if (!config) return {};
  const std::string file = tuning_file(*config);
  if (file.empty() || ::access(file.c_str(), R_OK) != 0) return {};
  const auto text = read_text(file, plan::ExchangeLimits{}.bytes);
  if (!text) return {};
  auto table = plan::read_tuning(*text);
  return table ? std::move(*table) : plan::TuningTable{};
}

}  // namespace

void ask_about_here(ClusterWords& words) {
  if (words.is_described() || words.ranks < 1 || words.ranks > kSupernode) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
  words.cores = CPU_COUNT(&set);
  if (words.tuning.sites.empty()) words.known = measured_here();
}

}  // namespace tutti::world
