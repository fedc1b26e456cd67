#include "api/group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "comm/drive.hpp"
#include "comm/placement.hpp"

namespace tutti::api {
namespace {

using comm::Batch;
using comm::Call;
using comm::Communicator;

// What a group holds of one communicator: its collectives in order, then all its messages together. Ranks may thus mix
// them in any order.
struct Part {
  Communicator* communicator = nullptr;
  comm::Stream* stream = nullptr;
  std::vector<Call> collectives;
  comm::MessageCall messages;

  [[nodiscard]] std::vector<Call> take_calls() {
    std::vector<Call> calls = std::move(collectives);
    if (!messages.messages.empty()) calls.emplace_back(std::move(messages));
    return calls;
  }
};

struct Group {
  int depth = 0;
  std::vector<Part> parts;
  std::vector<std::function<Status()>> jobs;
};

Group& group() {
  thread_local Group group;
  return group;
}

// Parts that run together, on one stream or on the calling thread.
struct Together {
  std::vector<std::vector<Call>> calls;
  std::vector<Batch> batches;

  Status run() { return comm::run(batches); }
};

Part& part_of(Communicator& communicator, comm::Stream* stream) {
  auto& parts = group().parts;
  const auto known =
      std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.communicator == &communicator; });
  if (known != parts.end()) {
    if (known->stream == nullptr) known->stream = stream;
    return *known;
  }
  parts.push_back({&communicator, stream, {}, {}});
  return parts.back();
}

// Each on a thread, because each waits for the others.
Status run_jobs(std::vector<std::function<Status()>> jobs) {
  std::vector<Status> results(jobs.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < jobs.size(); ++i) threads.emplace_back([&, i] { results[i] = jobs[i](); });
  for (auto& thread : threads) thread.join();
  for (auto& result : results) TUTTI_TRY(std::move(result));
  return {};
}

Status run_parts(std::vector<Part> parts) {
  std::vector<std::pair<comm::Stream*, std::shared_ptr<Together>>> all;
  for (Part& part : parts) {
    auto at = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.first == part.stream; });
    if (at == all.end()) at = all.insert(all.end(), {part.stream, std::make_shared<Together>()});
    at->second->calls.push_back(part.take_calls());
    at->second->batches.push_back({part.communicator, part.communicator->take_ticket(), {}});
  }
  Status status;
  for (auto& [stream, together] : all) {
    for (std::size_t i = 0; i < together->batches.size(); ++i) together->batches[i].calls = together->calls[i];
    if (stream == nullptr) continue;
    stream->push([work = together] {
      comm::stay_near(work->batches.front().communicator->nic().near);
      return work->run();
    });
  }
  for (auto& [stream, together] : all) {
    if (stream == nullptr) status = together->run();
  }
  return status;
}

}  // namespace

bool in_group() {
  return group().depth > 0;
}

Status submit(Communicator& communicator, comm::Stream* stream, Call call) {
  auto* const collective = std::get_if<comm::CollectiveCall>(&call);
  if (collective != nullptr && (in_group() || stream != nullptr)) keep_arrays(*collective);
  if (in_group()) {
    Part& part = part_of(communicator, stream);
    if (auto* const messages = std::get_if<comm::MessageCall>(&call)) {
      auto& all = part.messages.messages;
      all.insert(all.end(), messages->messages.begin(), messages->messages.end());
    } else {
      part.collectives.push_back(std::move(call));
    }
    return {};
  }
  const std::uint64_t ticket = communicator.take_ticket();
  if (stream == nullptr) return comm::run(communicator, call, ticket);
  stream->push([&communicator, ticket, call = std::move(call)] {
    comm::stay_near(communicator.nic().near);
    return comm::run(communicator, call, ticket);
  });
  return {};
}

// Most calls: nothing is kept of it.
Status submit(Communicator& communicator, comm::Stream* stream, const comm::CollectiveCall& call) {
  if (stream != nullptr || in_group()) return submit(communicator, stream, Call(call));
  return comm::run(communicator, call, communicator.take_ticket());
}

Status submit_job(std::function<Status()> job) {
  if (!in_group()) return job();
  group().jobs.push_back(std::move(job));
  return {};
}

}  // namespace tutti::api

using namespace tutti::api;

tuttiResult_t tuttiGroupStart(void) {
  ++group().depth;
  return tuttiSuccess;
}

tuttiResult_t tuttiGroupEnd(void) {
  return guarded([]() -> tutti::Status {
    Group& mine = group();
    if (mine.depth == 0) return tutti::Error{tutti::Code::invalid_usage, "tuttiGroupEnd without tuttiGroupStart"};
    if (--mine.depth > 0) return {};
    auto jobs = std::move(mine.jobs);
    auto parts = std::move(mine.parts);
    mine.jobs.clear();
    mine.parts.clear();
    TUTTI_TRY(run_jobs(std::move(jobs)));
    return run_parts(std::move(parts));
  });
}
