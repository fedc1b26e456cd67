// A path with faults: transfers wait here before the inner path gets them, with memory of their own.
#pragma once

#include <memory>
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

  /// A put, which the inner transport gets in parts.
  struct PutParts {
    Put put;
    std::vector<std::byte> key;
    std::size_t open = 0;  // parts that are not over
    bool ok = true;
  };
  struct Operation {
    FaultyEndpoint* endpoint = nullptr;
    Transfer transfer;
    std::vector<std::byte> memory;
    std::shared_ptr<PutParts> put = nullptr;  // a part of it, and no transfer
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
  Status put(std::span<const Put> batch) override;
  [[nodiscard]] Status admits(const Put& put) const override;
  [[nodiscard]] const Error* failure() const override;

  /// Gives the inner path some of what waits. False: something still waits.
  bool release();
  /// The inner transport has completed it.
  static void completed(Self& self, Self::Operation& operation, bool ok);
  static void has_put(Self& self, Self::Operation& part, bool ok);
  /// The path dies.
  void fail(const Error& error);
  /// Forgets everything; `inner` may go away then, if `why` says what has become of it.
  void forget(std::optional<Error> why);

 private:
  void release_put(const std::shared_ptr<Self::PutParts>& put);

  Self& self_;
  Endpoint* inner_;  // null: it is gone
  Fifo<Transfer> waiting_;
  std::vector<std::shared_ptr<Self::PutParts>> puts_;  // that wait
  std::optional<Error> failure_;
};

}  // namespace tutti::transport::faulty
