// Runs a test on every instruction set that was compiled and can run here, by turns.
#pragma once

#include <gtest/gtest.h>

#include "kernels/targets.hpp"
// After targets.hpp, as in what is tested.
#include <hwy/highway.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::moe {

class OnEachInstructionSet : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    hwy::GetChosenTarget().Update(GetParam());
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

inline std::vector<std::int64_t> instruction_sets() {
  std::vector<std::int64_t> sets;
  for (std::int64_t left = HWY_TARGETS & (hwy::SupportedTargets() | HWY_STATIC_TARGET); left != 0; left &= left - 1)
    sets.push_back(left & -left);
  return sets;
}

inline std::string name_of_set(const testing::TestParamInfo<std::int64_t>& set) {
  return hwy::TargetName(set.param);
}

}  // namespace tutti::moe
