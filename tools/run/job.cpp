#include "tools/run/job.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "tools/run/leftovers.hpp"
#include "tools/run/lines.hpp"
#include "tools/run/process.hpp"
#include "tools/run/signals.hpp"

namespace tutti::run {
namespace {

// A process that is killed closes its sockets before its parent can reap it. So a rank that ended by itself is not yet
// the first that failed: it may have noticed the death of one that is reaped within this time.
constexpr Duration kDeathTakes = std::chrono::milliseconds(500);

struct RankProcess {
  pid_t pid = -1;
  bool running = false;
  Lines out;
  Lines err;
};

struct End {
  std::size_t rank = 0;
  int wait_status = 0;
};

class Job {
 public:
  explicit Job(const JobRequest& request) : request_(request) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() {
    signal_all(SIGKILL);
    end_leftovers();
    for (auto& rank : ranks_) {
      drain(rank);
      rank.out.close();
      rank.err.close();
    }
  }

  Status start_ranks();
  int run();

 private:
  void wait_for_news();
  void take_signals();
  void reap();
  void note_end(End end);
  void give_verdict();
  void on_timer(TimePoint now);
  void end_by(int signal, TimePoint now);
  void signal_all(int signal);
  void pump();
  static void drain(RankProcess& rank);
  [[nodiscard]] std::size_t running() const;
  static TimePoint now() { return std::chrono::steady_clock::now(); }

  const JobRequest& request_;
  std::vector<RankProcess> ranks_;
  FileDescriptor signals_;
  int exit_code_ = 0;
  std::optional<End> suspect_;           // failed first, as far as is known
  std::optional<TimePoint> verdict_at_;  // it is the one then
  std::optional<TimePoint> job_deadline_;
  std::optional<TimePoint> terminate_at_;  // a rank has failed: SIGTERM to the others then
  std::optional<TimePoint> kill_at_;       // the ranks were told to end: SIGKILL then
};

Status Job::start_ranks() {
  const sigset_t handled = handled_signals();
  signals_ = FileDescriptor(::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return Error{Code::system, fmt::format("signalfd: {}", std::strerror(errno))};
  if (request_.timeout) job_deadline_ = now() + *request_.timeout;
  ranks_.reserve(request_.environments.size());
  for (const auto& environment : request_.environments) {
    const std::vector<int> any;
    const auto& processors = request_.processors.empty() ? any : request_.processors[ranks_.size()];
    auto process = start(request_.program, request_.arguments, environment, processors);
    if (!process) return process.error().within(fmt::format("rank {}", ranks_.size()));
    const std::string tag = request_.tag ? fmt::format("[{}] ", ranks_.size()) : "";
    ranks_.push_back({process->pid, true, Lines(std::move(process->out), STDOUT_FILENO, tag),
                      Lines(std::move(process->err), STDERR_FILENO, tag)});
  }
  return {};
}

int Job::run() {
  while (running() > 0) {
    wait_for_news();
    pump();
    take_signals();
    on_timer(now());
  }
  give_verdict();
  return exit_code_;
}

void Job::wait_for_news() {
  std::vector<pollfd> watched = {{signals_.get(), POLLIN, 0}};
  for (const auto& rank : ranks_) {
    if (rank.out.is_open()) watched.push_back({rank.out.fd(), POLLIN, 0});
    if (rank.err.is_open()) watched.push_back({rank.err.fd(), POLLIN, 0});
  }
  std::optional<TimePoint> next;
  for (const auto& timer : {verdict_at_, job_deadline_, terminate_at_, kill_at_}) {
    if (timer && (!next || *timer < *next)) next = timer;
  }
  int milliseconds = -1;
  if (next) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - now()).count();
    milliseconds = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }
  ::poll(watched.data(), watched.size(), milliseconds);
}

void Job::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGCHLD) continue;
    give_verdict();
    if (exit_code_ == 0) exit_code_ = 128 + signal;
    if (kill_at_) {
      signal_all(SIGKILL);  // asked twice
    } else {
      fmt::print(stderr, "tutti run: SIG{}: ending all ranks\n", ::sigabbrev_np(signal));
      end_by(signal, now());
    }
  }
  reap();
}

void Job::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto rank = std::find_if(ranks_.begin(), ranks_.end(), [pid](const auto& r) { return r.pid == pid; });
    if (rank == ranks_.end()) continue;  // an orphan of a rank
    rank->running = false;
    note_end({static_cast<std::size_t>(rank - ranks_.begin()), status});
  }
}

void Job::note_end(End end) {
  if (exit_code_of(end.wait_status) == 0 || exit_code_ != 0) return;
  if (!suspect_) {
    verdict_at_ = now() + kDeathTakes;
    terminate_at_ = now() + request_.last_words;
  }
  const bool killed = WIFSIGNALED(end.wait_status);
  if (!suspect_ || killed) suspect_ = end;
  if (killed) give_verdict();
}

void Job::give_verdict() {
  if (!suspect_) return;
  const auto [rank, wait_status] = *suspect_;
  suspect_.reset();
  verdict_at_.reset();
  exit_code_ = exit_code_of(wait_status);
  drain(ranks_[rank]);  // its last words before ours
  fmt::print(stderr, "tutti run: rank {} (pid {}) failed first: {}\n", rank, ranks_[rank].pid,
             describe_end(wait_status));
}

void Job::on_timer(TimePoint now) {
  if (running() == 0) return;
  if (verdict_at_ && now >= *verdict_at_) give_verdict();
  if (job_deadline_ && now >= *job_deadline_) {
    job_deadline_.reset();
    give_verdict();
    if (exit_code_ == 0) {
      exit_code_ = 124;
      fmt::print(stderr, "tutti run: the job has not ended within its --timeout; ending {} ranks\n", running());
    }
    end_by(SIGTERM, now);
  }
  if (terminate_at_ && now >= *terminate_at_) {
    terminate_at_.reset();
    give_verdict();
    if (!kill_at_) end_by(SIGTERM, now);
  }
  if (kill_at_ && now >= *kill_at_) {
    kill_at_ = now + request_.grace;
    signal_all(SIGKILL);
  }
}

void Job::end_by(int signal, TimePoint now) {
  signal_all(signal);
  kill_at_ = now + request_.grace;
}

void Job::signal_all(int signal) {
  for (const auto& rank : ranks_) {
    if (rank.running) ::kill(-rank.pid, signal);
  }
}

void Job::pump() {
  for (auto& rank : ranks_) {
    rank.out.pump();
    rank.err.pump();
  }
}

void Job::drain(RankProcess& rank) {
  while (rank.out.pump() || rank.err.pump()) {
  }
}

std::size_t Job::running() const {
  return static_cast<std::size_t>(std::count_if(ranks_.begin(), ranks_.end(), [](const auto& r) { return r.running; }));
}

}  // namespace

Result<int> run_job(const JobRequest& request) {
  Job job(request);
  TUTTI_TRY(job.start_ranks());
  return job.run();
}

}  // namespace tutti::run
