/// For GoogleTest: after every test the device must be clean (nothing left over, no call misused), and is as
/// new for the next.
#pragma once

#include <gtest/gtest.h>

#include <emulation/emulation.hpp>

namespace cuglmm::emulation {

class Listener : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override { reset(); }
  void OnTestEnd(const ::testing::TestInfo&) override {
    const Report left = report();
    if (!left.clean()) ADD_FAILURE() << "on the emulated device\n" << left.text();
    reset();
  }
};

}  // namespace cuglmm::emulation
