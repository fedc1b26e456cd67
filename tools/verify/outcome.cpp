#include "tools/verify/outcome.hpp"

#include <fmt/format.h>

#include "tools/text/figures.hpp"

namespace tutti::prove {
namespace {

constexpr std::size_t kMostShown = 20;

}  // namespace

void Outcome::count(std::uint64_t plans) {
  const std::lock_guard guard(lock_);
  plans_ += plans;
}

void Outcome::fail(Failure failure) {
  const std::lock_guard guard(lock_);
  failures_.push_back(std::move(failure));
}

void Outcome::progress(std::size_t done, std::size_t jobs) {
  if (!shows_progress_) return;
  const std::lock_guard guard(lock_);
  const int now = static_cast<int>(done * 1000 / jobs);
  if (now <= shown_) return;
  shown_ = now;
  line_is_open_ = true;
  fmt::print(stderr, "\r{:5.1f} %  {} plans proven, {} wrong ", now / 10.0, plans_, failures_.size());
  std::fflush(stderr);
}

void Outcome::end_progress() {
  if (line_is_open_) fmt::print(stderr, "\r{:60}\r", "");
  line_is_open_ = false;
}

std::string Outcome::report(double wall_ms, const std::string& what) const {
  std::string text;
  for (std::size_t i = 0; i < failures_.size() && i < kMostShown; ++i)
    text += fmt::format("wrong: {}\n  {}\n  {}\n", failures_[i].plan, failures_[i].error, failures_[i].command);
  if (failures_.size() > kMostShown)
    text += fmt::format("... and {} more (--json has them all)\n", failures_.size() - kMostShown);
  const std::string took = text::time(wall_ms * 1e3);
  return text + (failures_.empty()
                     ? fmt::format("all {} plans hold: {}; {}\n", plans_, what, took)
                     : fmt::format("{} of {} plans do not hold: {}; {}\n", failures_.size(), plans_, what, took));
}

nlohmann::ordered_json Outcome::document(std::int32_t max_ranks, double wall_ms) const {
  auto failures = nlohmann::ordered_json::array();
  for (const Failure& failure : failures_)
    failures.push_back({{"plan", failure.plan}, {"error", failure.error}, {"command", failure.command}});
  return {{"schema", "tutti.verify/1"},
          {"plans", plans_},
          {"max_ranks", max_ranks},
          {"failures", std::move(failures)},
          {"wall_ms", wall_ms}};
}

}  // namespace tutti::prove
