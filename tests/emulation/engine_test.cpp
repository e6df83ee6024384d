// What only the emulated device can show of the CUDA engine: failures of every call, a device that is too
// small or not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cuglmm/cuglmm.hpp>
#include <emulation/emulation.hpp>
#include <host/engine/cuda_module.hpp>
#include <tests/support/crossed_model.hpp>
#include <tests/support/fits.hpp>

#include "small_borders.hpp"

namespace cuglmm {
namespace {

using testing::HasSubstr;

/// A small one.
const Fit& original() {
  static const Fit result = test::cbpp_fit();
  return result;
}

/// Every call of `work` is made to fail in turn.
template <class Work>
void fail_each_call(const Work& work) {
  emulation::reset();
  work();
  const auto calls = emulation::calls();
  ASSERT_GT(calls, 20);
  for (long n = 1; n <= calls; ++n) {
    emulation::reset();
    emulation::fail_call(n);
    try {
      work();  // a call that may fail without harm, or memory for a smaller tile
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::device) << error.what();
      EXPECT_THAT(error.what(), testing::AnyOf(HasSubstr("GPU"), HasSubstr("cuSOLVER"))) << error.what();
    }
    EXPECT_TRUE(emulation::report().clean()) << "call " << n << " " << emulation::report().text();
  }
}

TEST(Failures, OfEveryCallOfAFitAreErrorsAndLeaveNothing) {
  fail_each_call([] { fit(*original().model, {.device = "cuda"}); });
}

TEST(Failures, OfEveryCallOfAFitWithABorderOnTheDeviceAreErrorsOrTheCpus) {
  const Model model = test::crossed_model(5, 60);
  const FitOptions options{.se = StandardErrors::rx, .device = "cuda"};
  const test::SmallBorders on_the_device;
  const Fit expected = fit(model, options);
  fail_each_call(
      [&] { EXPECT_NEAR(fit(model, options).minus2_log_likelihood, expected.minus2_log_likelihood, 1e-8); });
}

TEST(Failures, OfEveryCallOfABootstrapAreErrorsOrSmallerTiles) {
  const Fits expected = bootstrap(original(), {.replicates = 20, .device = "cuda"});
  fail_each_call([&] {
    const Fits fits = bootstrap(original(), {.replicates = 20, .device = "cuda"});
    EXPECT_EQ(fits.beta, expected.beta);
    EXPECT_EQ(fits.evaluations, expected.evaluations);
  });
}

// What has been handed on before the device is lost stays: in order, without a gap, the same as without the
// loss.
TEST(Failures, OfADeviceThatIsLostKeepWhatWasFinished) {
  const BootstrapOptions options{.replicates = 400, .device = "cuda", .memory_limit = 1 << 17};
  emulation::reset();
  const Fits expected = bootstrap(original(), options);
  const long calls = emulation::calls();
  emulation::reset();
  emulation::fail_call(calls * 3 / 4, cudaErrorIllegalAddress);
  Fits kept;
  EXPECT_THROW(bootstrap(original(), options, [&](const Fits& block) { kept.append(block); }), Error);
  ASSERT_GT(kept.size(), 0);
  ASSERT_LT(kept.size(), 400);
  EXPECT_EQ(kept.beta, expected.beta.leftCols(kept.size()));
}

TEST(Failures, ADeviceThatIsTooSmallRunsSmallerTiles) {
  const BootstrapOptions options{.replicates = 300, .device = "cuda"};
  const Fits expected = bootstrap(original(), options);
  emulation::settings().memory = 1 << 19;
  const Fits fits = bootstrap(original(), options);
  EXPECT_EQ(fits.beta, expected.beta);
}

TEST(Devices, AreListed) {
  std::string why_none;
  const auto devices = cuda_devices(why_none);
  ASSERT_EQ(devices.size(), 1u);
  EXPECT_THAT(devices[0].name, HasSubstr("emulated"));
}

TEST(Devices, ThatAreNotThereAreSaid) {
  const auto message = [](const std::string& device) {
    try {
      require_device(device);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::device);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message("cuda:3"), "--device cuda:3: there is no such GPU; the last is cuda:0");
  emulation::settings().driver_version = 12020;
  EXPECT_THAT(message("cuda"), HasSubstr("its driver is for CUDA 12.2, this build needs CUDA "));
  emulation::settings().driver_version = 0;
  EXPECT_THAT(message("cuda"), HasSubstr("there is no NVIDIA driver"));
  emulation::reset();
  emulation::settings().devices = 0;
  EXPECT_THAT(message("cuda"), HasSubstr("there is none, or CUDA_VISIBLE_DEVICES hides it"));
}

}  // namespace
}  // namespace cuglmm
