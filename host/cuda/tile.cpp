#include <host/cuda/tile.hpp>

#include <kernels/bfgs.hpp>

namespace cuglmm::cuda {
namespace {

/// Calls take(pointer, entries per lane) for every array of doubles.
template <class Take>
void each_array(const PlanView& plan, Problems& problems, Take take) {
  const Index k = plan.k;
  take(problems.zy, plan.zy_total);
  take(problems.u, plan.u_total);
  take(problems.xy, plan.p);
  for (double** one : {&problems.offset_y, &problems.constant, &problems.objective, &problems.phase,
                       &problems.evaluations, &problems.escapes})
    take(*one, 1);
  for (double** point : {&problems.psi, &problems.evaluated}) take(*point, k);
  take(problems.gradient, k + plan.carried);
  take(problems.estimate, plan.m + plan.p);
  take(problems.G, plan.m);
  take(problems.T, plan.m);
  take(problems.TT, plan.TT_size);
  take(problems.sensitivity, plan.shape == KernelShape::one_unit ? plan.component_count * k : 0);
  take(problems.search, Bfgs<double>::reals(plan.k, plan.carried));
  take(problems.scratch, problem_scratch(plan));
}

std::size_t reals(const PlanView& plan) {
  std::size_t sum = 0;
  Problems none{};
  each_array(plan, none, [&](double*&, Index entries) { sum += static_cast<std::size_t>(entries); });
  return sum;
}

}  // namespace

Tile::Tile(const PlanView& plan, int lanes) : reals_(reals(plan) * lanes), number_(lanes), ending_(lanes) {
  problems_.lanes = lanes;
  problems_.number = number_.data();
  problems_.ending = ending_.data();
  std::size_t used = 0;
  each_array(plan, problems_, [&](double*& at, Index entries) {
    at = reals_.data() + used;
    used += static_cast<std::size_t>(entries) * lanes;
  });
}

std::size_t Tile::bytes(const PlanView& plan) {
  // A lane's place in three lists too.
  return reals(plan) * sizeof(double) + sizeof(std::int64_t) + 4 * sizeof(int);
}

}  // namespace cuglmm::cuda
