// The optimizers' state machines (kernels/search.hpp).
#include <kernels/cuda/launch.hpp>
#include <kernels/cuda/problems.hpp>
#include <kernels/search.hpp>

namespace cuglmm::cuda {
namespace {

__device__ SearchLane search_lane(const PlanView& plan, const Problems& problems, int lane) {
  const Index lanes = problems.lanes;
  const int k = plan.k;
  SearchLane one{{},
                 {problems.gradient + Index{lane} * (k + plan.carried)},
                 entries(problems.G, lane, lanes),
                 entries(problems.TT, lane, lanes),
                 problems.objective + lane,
                 problems.phase + lane,
                 problems.evaluations + lane,
                 problems.escapes + lane};
  one.bfgs.place(entries(problems.search, lane, lanes), k, plan.m, plan.carried);
  one.bfgs.trial = {problems.psi + Index{lane} * k};  // where evaluate() reads it
  return one;
}

__global__ void begin_problems(const PlanView plan, const Problems problems, const int* list, int count,
                               const SearchControl control) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at];
  if (control.mode_u) {
    const Lanes<double> u = entries(problems.u, lane, problems.lanes),
                        zy = entries(problems.zy, lane, problems.lanes);
    for (int i = 0; i < plan.u_total; ++i)
      u[i] = control.mode_u[i] + control.mode_factor[i] * (zy[i] - control.mode_zy[i]);
  }
  Search<double> search(plan, search_lane(plan, problems, lane), control.tolerance, control.max_evaluations,
                        control.inverse_hessian);
  search.begin(control.psi, control.score_start);
}

template <int capacity>
__global__ void settle_problems(const PlanView plan, const Problems problems, const int* list, int count,
                                const SearchControl control) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at];
  SearchLane one = search_lane(plan, problems, lane);
  one.bfgs.tolerance = control.tolerance;
  bool converged = false, stalled = false;
  if (*one.phase == kSearch) {
    const auto outcome = one.bfgs.advance(true, *one.value, one.gradient);
    converged = outcome.converged;
    stalled = outcome.stalled;
  }
  Search<double, capacity> search(plan, one, control.tolerance, control.max_evaluations,
                                  control.inverse_hessian);
  Ending ending = search.settle(converged, stalled);
  if (ending != kGoesOn) {
    double* estimate = problems.estimate + Index{lane} * (plan.m + plan.p);
    ending = search.estimate(ending, estimate);
    for (int j = 0; plan.profiled && j < plan.p; ++j) estimate[plan.m + j] = one.bfgs.gradient[plan.k + j];
    *one.phase = kIdle;
  }
  problems.ending[lane] = ending;
}

__global__ void collect_problems(const PlanView plan, const Problems problems, const int* list, int count,
                                 double* results) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at], parameters = plan.m + plan.p;
  const SearchLane one = search_lane(plan, problems, lane);
  double* out = results + Index{at} * (kResultHead + parameters);
  double squares = 0;
  for (int i = 0; i < plan.k; ++i) squares = fma(one.bfgs.gradient[i], one.bfgs.gradient[i], squares);
  out[0] = static_cast<double>(problems.number[lane]);
  out[1] = problems.ending[lane];
  out[2] = *one.evaluations;
  out[3] = sqrt(squares);
  out[4] = one.bfgs.objective();
  out[5] = plan.profiled ? one.bfgs.gradient[plan.k + plan.p] : 1.0;
  for (int i = 0; i < parameters; ++i) out[kResultHead + i] = problems.estimate[Index{lane} * parameters + i];
}

}  // namespace

cudaError_t begin(const PlanView& plan, const Problems& problems, const int* list, int count,
                  const SearchControl& control, cudaStream_t stream) {
  return launch(begin_problems, dim3(blocks(count)), 0, stream, plan, problems, list, count, control);
}

cudaError_t settle(const PlanView& plan, const Problems& problems, const int* list, int count,
                   const SearchControl& control, cudaStream_t stream) {
  const int q = plan.largest_term;
  const auto kernel = q == 1 ? settle_problems<1> : q <= 3 ? settle_problems<3> : settle_problems<kMaxPath>;
  return launch(kernel, dim3(blocks(count)), 0, stream, plan, problems, list, count, control);
}

cudaError_t collect(const PlanView& plan, const Problems& problems, const int* list, int count,
                    double* results, cudaStream_t stream) {
  return launch(collect_problems, dim3(blocks(count)), 0, stream, plan, problems, list, count, results);
}

}  // namespace cuglmm::cuda
