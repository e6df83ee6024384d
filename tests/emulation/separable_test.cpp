// kernels/cuda/separable.cu as it stands, on the emulated device: the optimizer minimizes a quadratic per
// lane.
#include <kernels/bfgs.hpp>
#include <kernels/cuda/separable.hpp>

#include "support.hpp"

namespace cuglmm::emulation {
namespace {

constexpr int kLanes = 200, kParameters = 2;

/// (x - lane)^2 + 3 (y + lane)^2, at the columns of psi.
__global__ void quadratic(cuda::Problems problems) {
  const int lane = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (lane >= problems.count) return;
  const double x = problems.psi[2 * lane] - lane, y = problems.psi[2 * lane + 1] + lane;
  problems.objective[lane] = x * x + 3.0 * y * y;
  problems.gradient[2 * lane] = 2.0 * x;
  problems.gradient[2 * lane + 1] = 6.0 * y;
}

/// As before the first evaluation.
std::vector<double> fresh_states() {
  std::vector<double> state(kLanes * static_cast<std::size_t>(Bfgs<double>::reals(kParameters)));
  Bfgs<double> bfgs;
  for (int lane = 0; lane < kLanes; ++lane) {
    bfgs.place({state.data() + lane, kLanes}, kParameters, 0);
    bfgs.fresh() = bfgs.alpha() = 1.0;
    for (int i = 0; i < kParameters; ++i) bfgs.B[i * kParameters + i] = 1.0;
  }
  return state;
}

TEST(Separable, OptimizesEveryActiveLane) {
  in_both_orders([] {
    std::vector<double> switches(kLanes, 1.0);
    switches[150] = 0.0;
    const OnDevice<double> psi(std::vector<double>(kLanes * kParameters, 0.5)), active(switches),
        objective(kLanes), gradient(kLanes * kParameters), state(fresh_states()), outcome(kLanes);
    const Stream stream;
    cuda::Problems problems{};
    problems.count = kLanes;
    problems.psi = psi.get();
    problems.active = active.get();
    problems.objective = objective.get();
    problems.gradient = gradient.get();
    PlanView plan{};
    plan.p = kParameters;
    for (int step = 0; step < 60; ++step) {
      ASSERT_EQ(launch((kLanes + 63) / 64, 64, 0, stream.get(), quadratic, problems), cudaSuccess);
      ASSERT_EQ(cuda::advance(plan, problems, {state.get(), 1e-20, outcome.get()}, stream.get()),
                cudaSuccess);
    }
    ASSERT_EQ(cudaStreamSynchronize(stream.get()), cudaSuccess);
    const auto found = psi.peek();
    for (int lane = 0; lane < kLanes; ++lane) {
      EXPECT_NEAR(found[static_cast<std::size_t>(2 * lane)], lane == 150 ? 0.5 : lane, 1e-6);
      EXPECT_NEAR(found[static_cast<std::size_t>(2 * lane + 1)], lane == 150 ? 0.5 : -lane, 1e-6);
    }
  });
}

}  // namespace
}  // namespace cuglmm::emulation
