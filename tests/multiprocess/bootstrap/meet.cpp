// A rank as a launcher starts it: finds out who it is, agrees on an id, meets the others, and leaves. With `die R`,
// rank R kills itself after the meeting, and the others say whom they lost.
#include <fmt/format.h>
#include <signal.h>  // NOLINT: raise
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "bootstrap/identity.hpp"
#include "bootstrap/session.hpp"

namespace tutti::bootstrap {
namespace {

Deadline within(Duration duration) {
  return in(duration, std::chrono::steady_clock::now());
}

void say(const std::string& line) {
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, line.data(), line.size());
}

Status gather_and_check(Session& session, int ranks) {
  const auto mine = fmt::format("rank {}", index(session.rank()));
  const auto all = TUTTI_TRY(session.all_gather(std::as_bytes(std::span(mine)), within(std::chrono::seconds(20))));
  for (int rank = 0; rank < ranks; ++rank) {
    const auto expected = fmt::format("rank {}", rank);
    const auto& got = all.of(to_rank(rank));
    if (got.size() != expected.size() || std::memcmp(got.data(), expected.data(), got.size()) != 0) {
      return Error{Code::internal, fmt::format("the contribution of rank {} is wrong", rank)};
    }
  }
  return {};
}

Status await_loss(const Session& session) {
  const auto until = within(std::chrono::seconds(20));
  while (!session.failure()) {
    if (until.passed(std::chrono::steady_clock::now())) return Error{Code::internal, "nobody was lost"};
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  say(fmt::format("lost: {}\n", session.failure()->text));
  return {};
}

Status run(int dies) {
  const auto environment = process_environment();
  const auto config = TUTTI_TRY(read_config(environment));
  const auto identity = TUTTI_TRY(identify(config, environment));
  const Log log(TUTTI_TRY(LogLevels::parse(config.log)), fmt::format("rank {}", index(identity.rank)));
  const auto deadline = within(config.init_timeout);
  const auto agreement = TUTTI_TRY(agree(identity, config, environment, log, deadline));
  const auto session =
      TUTTI_TRY(Session::join({agreement.id, identity.rank, identity.world_size, &config, log, deadline}));
  TUTTI_TRY(gather_and_check(*session, identity.world_size));
  if (dies == index(identity.rank)) ::raise(SIGKILL);
  if (dies >= 0) return await_loss(*session);
  session->leave();
  if (agreement.root && !agreement.root->wait_until_finished(within(std::chrono::seconds(20)))) {
    return Error{Code::internal, "the root did not see all leave"};
  }
  say(fmt::format("met: rank {} of {}, source {}, nodes {}\n", index(identity.rank), identity.world_size,
                  identity.source, session->layout().nodes()));
  return {};
}

}  // namespace
}  // namespace tutti::bootstrap

int main(int count, char** arguments) {
  const bool dies = count == 3 && std::string_view(arguments[1]) == "die";
  const auto done = tutti::bootstrap::run(dies ? std::atoi(arguments[2]) : -1);
  if (!done) std::fprintf(stderr, "%s: %s\n", to_string(done.error().code), done.error().text.c_str());
  return done ? 0 : 1;
}
