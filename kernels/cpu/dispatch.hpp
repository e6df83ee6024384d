/// From a plan's family and shape to the instantiation that serves it, and the table one instruction set
/// exports.
#pragma once

#include <kernels/cpu/arrow.hpp>
#include <kernels/cpu/batch.hpp>
#include <kernels/cpu/slices.hpp>
#include <kernels/simulate_arrow.hpp>

namespace cuglmm {

template <class T>
struct Type {
  using type = T;
};

/// Calls f(Type<Family>, Type<Draw>, Type<Shape>).
template <class A, class F>
auto dispatch(const PlanView& plan, F f) {
  const auto with_shape = [&](auto family, auto draw) {
    if (plan.shape == KernelShape::one_2) return f(family, draw, Type<OneTerm<2>>{});
    if (plan.shape == KernelShape::one_3) return f(family, draw, Type<OneTerm<3>>{});
    if (plan.shape == KernelShape::one_unit) return f(family, draw, Type<OneTerm<1, true>>{});
    if (plan.shape == KernelShape::nested_2) return f(family, draw, Type<NestedShape<2>>{});
    if (plan.shape == KernelShape::nested_3) return f(family, draw, Type<NestedShape<3>>{});
    return f(family, draw, Type<AnyShape>{});
  };
  if (plan.family == KernelFamily::poisson_log) return with_shape(Type<PoissonLog>{}, Type<PoissonDraw>{});
  return with_shape(Type<BinomialLogit>{}, Type<BinomialDraw>{});
}

/// Short components end before the arithmetic of one pack has come through: four packs at a time hide its
/// latency. (Exam, 65 collapsed rows: 1.3 times faster; on all its rows, 1.25 times slower: AVX2, Zen 3,
/// 2026-11-24.)
template <class A>
struct Functions {
  using Wide = Pack<A, 4>;
  using One = Pack<A, 1>;

  static constexpr int kShort = 8;  ///< rows of the longest component up to which the wide batch serves
  static bool wide(const PlanView& plan) {
    return plan.separable && plan.shape == KernelShape::one_unit && plan.max_rows <= kShort;
  }

  /// f(batch) of the width and evaluator that serve the plan; optimises, memory: see Batch.
  template <class F>
  static auto with_batch(const PlanView& plan, bool optimises, void* memory, F f) {
    if (wide(plan)) {
      const bool poisson = plan.family == KernelFamily::poisson_log;
      Batch<Wide> batch(plan,
                        poisson ? &evaluate_separable<Wide, PoissonLog, OneTerm<1, true>, false>
                                : &evaluate_separable<Wide, BinomialLogit, OneTerm<1, true>, false>,
                        optimises, memory);
      return f(batch);
    }
    Batch<One> batch(plan, evaluator(plan), optimises, memory);
    return f(batch);
  }
  static EvaluateProblems<One> evaluator(const PlanView& plan) {
    if (!plan.separable) {
      if (plan.family == KernelFamily::gaussian) return &evaluate_gaussian<One>;
      return plan.family == KernelFamily::poisson_log ? &evaluate_bordered<One, PoissonLog>
                                                      : &evaluate_bordered<One, BinomialLogit>;
    }
    return dispatch<A>(plan, [&](auto family, auto, auto shape) -> EvaluateProblems<One> {
      using Family = typename decltype(family)::type;
      using Shape = typename decltype(shape)::type;
      return plan.unit_weights ? &evaluate_separable<One, Family, Shape, true>
                               : &evaluate_separable<One, Family, Shape, false>;
    });
  }
  static Slices<One> slices(const PlanView& plan, void* memory) {
    return Slices<One>(plan,
                       dispatch<A>(plan,
                                   [&](auto family, auto, auto shape) -> SliceFunctions<One> {
                                     using Family = typename decltype(family)::type;
                                     return {&slice_laplace<One, Family, typename decltype(shape)::type>,
                                             &slice_beta_information<One, Family>};
                                   }),
                       memory);
  }

  static int batch_width(const PlanView& plan) { return Lane<One>::width * (wide(plan) ? 4 : 1); }
  static std::size_t batch_bytes(const PlanView& plan) {
    return with_batch(plan, true, nullptr, [](auto& batch) { return batch.bytes(); });
  }
  static std::size_t evaluate_bytes(const PlanView& plan) {
    return with_batch(plan, false, nullptr, [](auto& batch) { return batch.bytes(); });
  }
  static void optimise(const PlanView& plan, const BatchControl& control, Feed& feed, void* memory) {
    with_batch(plan, true, memory, [&](auto& batch) { batch.optimise(control, feed); });
  }
  static void evaluate(const PlanView& plan, Feed& feed, const double* psi, double mode_tolerance,
                       double* objective, double* gradient, void* memory) {
    with_batch(plan, false, memory, [&](auto& batch) {
      batch.evaluate_once(feed, Lane<One>::width, psi, mode_tolerance, objective, gradient);
    });
  }
  static std::size_t slice_bytes(const PlanView& plan) { return slices(plan, nullptr).bytes(); }
  static void evaluate_slices(const PlanView& plan, int begin, int end, const double* theta,
                              const double* beta, const double* zy, double* u, double mode_tolerance,
                              ProblemSums& sums, void* memory) {
    slices(plan, memory).evaluate(begin, end, theta, beta, zy, u, mode_tolerance, sums);
  }
  static void slice_information(const PlanView& plan, int begin, int end, const double* theta,
                                const double* beta, const double* zy, double* u, double* information,
                                void* memory) {
    slices(plan, memory).information(begin, end, theta, beta, zy, u, information);
  }

  static void simulate(const PlanView& plan, const double* theta, const double* beta, double sigma,
                       std::uint64_t seed, Feed& feed, double* responses, void* memory) {
    Scratch<One> scratch{static_cast<One*>(memory)};
    const Lanes<One> theta_lanes = scratch.take(plan.m), beta_lanes = scratch.take(plan.p),
                     b = scratch.take(plan.max_u);
    for (int i = 0; i < plan.m; ++i) theta_lanes[i] = One(theta[i]);
    for (int i = 0; i < plan.p; ++i) beta_lanes[i] = One(beta[i]);
    Word<One> replicate;
    for (int lane = 0; lane < Lane<One>::width; ++lane)
      reinterpret_cast<std::uint64_t*>(&replicate)[lane] = static_cast<std::uint64_t>(feed.number[lane]);
    const Lanes<One> xy{reinterpret_cast<One*>(feed.xy)}, zy{reinterpret_cast<One*>(feed.zy)},
        u{reinterpret_cast<One*>(feed.u)};
    Simulated<One> out{zy, u, xy, One(0.0), One(0.0), {reinterpret_cast<One*>(responses)}};
    const PhiloxKey<One> key(seed);
    if (plan.family == KernelFamily::gaussian)
      simulate_gaussian(plan, theta_lanes.at, beta_lanes, One(sigma), key, replicate, b, out);
    else
      dispatch<A>(plan, [&](auto family, auto draw, auto) {
        using Family = typename decltype(family)::type;
        using Draw = typename decltype(draw)::type;
        if (!plan.separable)
          simulate_arrow<One, Family, Draw>(plan, theta_lanes.at, beta_lanes, key, replicate, b, out);
        else
          simulate_components<One, Family, Draw, AnyShape>(plan, theta_lanes.at, beta_lanes.at, key,
                                                           replicate, 0, plan.component_count, b, out);
      });
    *reinterpret_cast<One*>(feed.offset_y) = out.offset_y;
    *reinterpret_cast<One*>(feed.constant) = out.constant;
  }

  static constexpr CpuFunctions table(const char* name) {
    return {name,
            Lane<One>::width,
            batch_width,
            batch_bytes,
            optimise,
            evaluate_bytes,
            evaluate,
            slice_bytes,
            evaluate_slices,
            slice_information,
            SingleArrow<A>::bytes,
            SingleArrow<A>::evaluate,
            SingleArrow<A>::information,
            simulate};
  }
};

}  // namespace cuglmm
