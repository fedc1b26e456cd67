#include "goal.hpp"

#include <set>
#include <sstream>
#include <stdexcept>
#include <tuple>

namespace tutti::plan::test {
namespace {

[[noreturn]] void wrong(const std::string& line) {
  throw std::runtime_error("no GOAL: " + line);
}

int label_of(const std::string& word, const std::string& line) {
  if (word.size() < 2 || word[0] != 'l') wrong(line);
  return std::stoi(word.substr(1));
}

void read_line(const std::string& line, GoalRank& rank) {
  std::istringstream words(line);
  std::string first;
  std::string verb;
  words >> first >> verb;
  if (verb == "requires" || verb == "irequires") {
    std::string other;
    words >> other;
    auto& task = rank.at(label_of(first, line));
    const int before = label_of(other, line);
    if (!rank.contains(before)) wrong(line);
    (verb == "requires" ? task.after : task.after_begin).push_back(before);
    return;
  }
  if (first.empty() || first.back() != ':') wrong(line);
  GoalTask task;
  std::string amount;
  words >> amount;
  task.amount = std::stoull(amount);
  if (verb == "send" || verb == "recv") {
    task.kind = verb == "send" ? GoalTask::Kind::send : GoalTask::Kind::recv;
    std::string way;
    std::string tag;
    words >> way >> task.peer >> tag >> task.tag;
    if (amount.back() != 'b' || way != (verb == "send" ? "to" : "from") || tag != "tag" || !words) wrong(line);
  } else if (verb != "calc") {
    wrong(line);
  }
  if (!rank.emplace(label_of(first.substr(0, first.size() - 1), line), task).second) wrong(line);
}

class Machine {
 public:
  explicit Machine(const std::vector<GoalRank>& ranks)
      : ranks_(ranks),
        begun_(ranks.size()),
        over_(ranks.size()),
        run_{0, std::vector<std::uint64_t>(ranks.size()), {}} {}

  GoalRun run() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
        for (const auto& [label, task] : ranks_[rank]) {
          if (begun_[rank].contains(label) || !may_begin(rank, task)) continue;
          begin(static_cast<int>(rank), label, task);
          moved = true;
        }
      }
    }
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
      for (const auto& [label, task] : ranks_[rank]) {
        if (!over_[rank].contains(label)) run_.stuck = "rank " + std::to_string(rank) + " l" + std::to_string(label);
      }
    }
    return run_;
  }

 private:
  using Envelope = std::tuple<int, int, int>;  // from, to, tag
  struct Waiting {
    int label;
    std::uint64_t bytes;
  };

  bool may_begin(std::size_t rank, const GoalTask& task) const {
    for (const int before : task.after) {
      if (!over_[rank].contains(before)) return false;
    }
    for (const int before : task.after_begin) {
      if (!begun_[rank].contains(before)) return false;
    }
    return true;
  }
  void begin(int rank, int label, const GoalTask& task) {
    const auto self = static_cast<std::size_t>(rank);
    begun_[self].insert(label);
    if (task.kind == GoalTask::Kind::calc) {
      over_[self].insert(label);
      return;
    }
    const bool sends = task.kind == GoalTask::Kind::send;
    const Envelope envelope = sends ? Envelope{rank, task.peer, task.tag} : Envelope{task.peer, rank, task.tag};
    auto& own = sends ? sent_ : received_;
    auto& others = sends ? received_ : sent_;
    if (sends) {
      ++run_.messages;
      run_.sent[self] += task.amount;
    }
    const auto met = others.find(envelope);
    if (met == others.end()) {
      if (!own.emplace(envelope, Waiting{label, task.amount}).second) throw std::runtime_error("a tag is used twice");
      return;
    }
    if (met->second.bytes != task.amount) throw std::runtime_error("a message has two lengths");
    over_[self].insert(label);
    over_[static_cast<std::size_t>(task.peer)].insert(met->second.label);
    others.erase(met);
  }

  const std::vector<GoalRank>& ranks_;
  std::vector<std::set<int>> begun_;
  std::vector<std::set<int>> over_;
  std::map<Envelope, Waiting> sent_;
  std::map<Envelope, Waiting> received_;
  GoalRun run_;
};

}  // namespace

std::vector<GoalRank> read_goal(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  if (!line.starts_with("num_ranks ")) wrong(line);
  std::vector<GoalRank> ranks(std::stoul(line.substr(10)));
  GoalRank* at = nullptr;
  while (std::getline(lines, line)) {
    if (line.starts_with("rank ")) {
      at = &ranks.at(std::stoul(line.substr(5)));
      if (!line.ends_with("{") || !at->empty()) wrong(line);
    } else if (line == "}") {
      at = nullptr;
    } else if (!line.empty()) {
      if (at == nullptr) wrong(line);
      read_line(line, *at);
    }
  }
  return ranks;
}

GoalRun run_goal(const std::vector<GoalRank>& ranks) {
  return Machine(ranks).run();
}

}  // namespace tutti::plan::test
