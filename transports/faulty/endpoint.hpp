// A path with faults: transfers wait here before the inner path gets them, with memory of their own.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "transports/faulty/dice.hpp"
#include "transports/faulty/faulty.hpp"
#include "transports/fifo.hpp"

namespace tutti::transport::faulty {

class FaultyEndpoint;

/// What the endpoints of a rank share.
struct Self {
  explicit Self(Script what) : script(std::move(what)), dice(script.seed) {}

  struct Operation {
    FaultyEndpoint* endpoint = nullptr;
    Transfer transfer;
    std::vector<std::byte> memory;
  };
  struct Late {
    Completion completion;
    TimePoint due;
  };

  void complete(Completion completion);

  Script script;
  Dice dice;
  TimePoint now{};
  std::unordered_map<std::uint64_t, Operation> operations;  // that the inner transport has, by the token it was given
  std::uint64_t next_token = 1;
  std::uint64_t transfers = 0;  // posted so far
  bool has_waiting = false;     // transfers that the inner transport has not been given
  std::vector<Late> late;       // completions that are not due
};

class FaultyEndpoint final : public Endpoint {
 public:
  FaultyEndpoint(Self& self, Endpoint& inner) : self_(self), inner_(&inner) {}

  void post(std::span<const Transfer> batch) override;
  [[nodiscard]] const Error* failure() const override;

  /// Gives the inner path some of what waits. False: something still waits.
  bool release();
  /// The inner transport has completed it.
  static void completed(Self& self, Self::Operation& operation, bool ok);
  /// The path dies.
  void fail(const Error& error);
  /// Forgets everything; `inner` may go away then, if `why` says what has become of it.
  void forget(std::optional<Error> why);

 private:
  Self& self_;
  Endpoint* inner_;  // null: it is gone
  Fifo<Transfer> waiting_;
  std::optional<Error> failure_;
};

}  // namespace tutti::transport::faulty
