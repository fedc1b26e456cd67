// The plan of an answer as a file for others: `tutti plan --export FILE`.
#pragma once

#include <cstdint>
#include <string>

#include "tools/plan/answer.hpp"

namespace tutti::explain {

/// Its suffix says what a file holds: .json tutti.plan/1, or tutti.program/1 where `programs` asks for it; .xml MSCCL's
/// XML; .goal GOAL.
struct Export {
  std::string file;
  bool programs = false;
  bool in_place = false;  // of tutti.program/1: for calls whose input and output are the same memory
  std::uint64_t most_steps = std::uint64_t{4} << 20;  // of all ranks
};

/// Fails with invalid_argument on a suffix that says nothing, with unsupported where the format cannot hold the plan,
/// and with system where the file cannot be written.
Status export_plan(const Answer& answer, const Export& wanted);

}  // namespace tutti::explain
