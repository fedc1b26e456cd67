// Runs a test once for every element type on every instruction set that this machine has.
#pragma once

#include <gtest/gtest.h>

#include "base/datatype.hpp"
#include "kernels/targets.hpp"
// After targets.hpp, as in the kernels.
#include <hwy/highway.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace tutti::kernels {

/// Those that were compiled and can run here; the baseline can always.
inline std::vector<std::int64_t> instruction_sets() {
  std::vector<std::int64_t> sets;
  for (std::int64_t left = HWY_TARGETS & (hwy::SupportedTargets() | HWY_STATIC_TARGET); left != 0; left &= left - 1) {
    sets.push_back(left & -left);
  }
  return sets;
}

class EveryKernel : public testing::TestWithParam<std::tuple<std::int64_t, DataType>> {
 protected:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(std::get<0>(GetParam()));
    hwy::GetChosenTarget().Update(std::get<0>(GetParam()));
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  static DataType type() { return std::get<1>(GetParam()); }
};

inline std::string kernel_name(const testing::TestParamInfo<EveryKernel::ParamType>& info) {
  return std::string(hwy::TargetName(std::get<0>(info.param))) + "_" + std::string(to_string(std::get<1>(info.param)));
}

}  // namespace tutti::kernels
