// Ranks as threads of one process, meeting over real sockets.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bootstrap/root.hpp"
#include "bootstrap/session.hpp"

namespace tutti::bootstrap {

inline Deadline within(Duration duration) {
  return in(duration, std::chrono::steady_clock::now());
}

/// Loopback only, so that a test needs no network.
inline Config loopback_config() {
  Config config;
  config.iface = "lo";
  config.init_timeout = std::chrono::seconds(60);
  return config;
}

inline std::unique_ptr<Root> start_root(const Config& config = loopback_config(), const Log& log = Log()) {
  auto root = Root::start(config, log);
  EXPECT_TRUE(root) << root.error().text;
  return root ? std::move(root).value() : nullptr;
}

/// Does the same on `count` threads.
inline void on_threads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (auto& thread : threads) thread.join();
}

using Sessions = std::vector<std::unique_ptr<Session>>;

/// All ranks of one meeting; `node_of` gives each rank's TUTTI_NODE_ID.
inline Sessions join_all(
    const UniqueId& id, int ranks, const std::function<std::string(int)>& node_of = [](int) { return std::string(); },
    Duration patience = std::chrono::seconds(60), const Log& log = Log()) {
  Sessions sessions(static_cast<std::size_t>(ranks));
  on_threads(ranks, [&](int rank) {
    Config config = loopback_config();
    config.node_id = node_of(rank);
    auto joined = Session::join({id, to_rank(rank), ranks, &config, log, within(patience)});
    ASSERT_TRUE(joined) << "rank " << rank << ": " << joined.error().text;
    sessions[static_cast<std::size_t>(rank)] = std::move(joined).value();
  });
  return sessions;
}

inline std::vector<std::byte> bytes_of_text(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// Waits for a failure, as a rank that polls would.
inline std::optional<Error> await_failure(const Session& session, Duration patience = std::chrono::seconds(10)) {
  const auto until = within(patience);
  while (!session.failure() && !until.passed(std::chrono::steady_clock::now())) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return session.failure();
}

}  // namespace tutti::bootstrap
