/// Objective and gradient from one of the engines, whichever its layout.
#pragma once

#include <Eigen/Core>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <host/engine/cuda_module.hpp>
#include <host/engine/engine.hpp>
#include <tests/support/random_model.hpp>

#ifdef CUGLMM_EMULATED_CUDA
#define CUGLMM_TEST_CUDA "cuda_emulated"
#else
#define CUGLMM_TEST_CUDA "cuda"
#endif

namespace cuglmm::test {

/// An engine this machine has, and a layout (design 2).
struct EngineKind {
  std::string device;  ///< "cpu" or "cuda"
  std::string simd;    ///< of the CPU
  bool by_problem = false;

  std::unique_ptr<Engine> make(const PlanData& plan, int threads = 1) const {
    return make_engine(plan, device, simd, threads);
  }
  /// For the name of a test.
  std::string name() const {
    return (device == "cpu" ? simd : CUGLMM_TEST_CUDA) +
           std::string(by_problem ? "_by_problem" : "_by_component");
  }
};

inline void PrintTo(const EngineKind& kind, std::ostream* out) { *out << kind.name(); }

/// Those of one layout, or of both. In an emulated build the emulated GPU alone: the CPU's run elsewhere.
inline std::vector<EngineKind> engine_kinds(const std::vector<bool>& layouts = {false, true}) {
  std::vector<EngineKind> kinds;
  for (const bool by_problem : layouts) {
#ifndef CUGLMM_EMULATED_CUDA
    for (const std::string& simd : simd_levels()) kinds.push_back({"cpu", simd, by_problem});
#endif
    std::string why_none;
    if (!cuda_devices(why_none).empty())
      kinds.push_back({"cuda", "auto", by_problem});
    else
      std::fprintf(stderr, "no tests on a GPU: %s\n", why_none.c_str());
  }
  return kinds;
}

/// Where tests of whole fits run; script/gpu runs them on the GPU too.
inline std::string test_device() {
#ifdef CUGLMM_EMULATED_CUDA
  return "cuda";
#else
  const char* device = std::getenv("CUGLMM_TEST_DEVICE");
  return device ? device : "cpu";
#endif
}

struct Value {
  double objective = 0;
  Eigen::VectorXd gradient;  ///< k
};

inline Eigen::VectorXd joined(const Psi& psi) {
  Eigen::VectorXd all(psi.theta.size() + psi.beta.size());
  all << psi.theta, psi.beta;
  return all;
}

/// Those that the search is over: all, or theta where beta is profiled.
inline Eigen::VectorXd parameters(const PlanView& view, const Psi& psi) { return joined(psi).head(view.k); }

/// Fills lanes [0, count) of a feed with the same responses; u starts at 0.
inline void fill_feed(Feed& feed, const PlanView& view, const ResponseSums& sums, int width, int count) {
  std::fill_n(feed.u, static_cast<std::size_t>(view.u_total) * static_cast<std::size_t>(width), 0.0);
  for (int lane = 0; lane < width; ++lane) {
    fill_lane(view, sums, feed, width, lane);
    feed.number[lane] = 1 + std::min(lane, count - 1);
  }
  feed.count = count;
  feed.next = 0;
}

struct EvaluateOptions {
  PlanOptions plan = {};
  int threads = 1;
  int times = 1;  ///< evaluations, each from the modes of the one before: the last are exact to rounding
};

/// The model's own responses at each psi. By problem: side by side in feeds, the last of them not full.
inline std::vector<Value> evaluate(const EngineKind& kind, const Model& model, const std::vector<Psi>& at,
                                   const EvaluateOptions& options = {}) {
  const PlanData plan(model, options.plan);
  const auto engine = kind.make(plan, options.threads);
  const ResponseSums sums = plan.sums(model, model.y);
  std::vector<Value> values;
  if (!kind.by_problem) {
    for (const Psi& psi : at) {
      const auto problem = engine->problem(sums);
      ProblemEvaluation out;
      for (int i = 0; i < options.times; ++i) out = problem->evaluate(psi.theta, psi.beta);
      values.push_back({out.objective, out.gradient});
    }
    return values;
  }
  const int width = engine->feed_width();
  FeedStorage storage(plan.view, width);
  for (std::size_t first = 0; first < at.size(); first += static_cast<std::size_t>(width)) {
    const int count = std::min(width, static_cast<int>(at.size() - first));
    fill_feed(storage.feed, plan.view, sums, width, count);
    Eigen::MatrixXd psi(plan.view.k, count), gradient;
    for (int c = 0; c < count; ++c)
      psi.col(c) = parameters(plan.view, at[first + static_cast<std::size_t>(c)]);
    Eigen::VectorXd objective;
    for (int i = 0; i < options.times; ++i) objective = engine->evaluate(storage.feed, psi, gradient);
    for (int c = 0; c < count; ++c) values.push_back({objective[c], gradient.col(c)});
  }
  return values;
}

inline Value evaluate(const EngineKind& kind, const Model& model, const Psi& psi,
                      const EvaluateOptions& options = {}) {
  return evaluate(kind, model, std::vector<Psi>{psi}, options).front();
}

/// Regular and singular parameters of a model.
inline std::vector<Psi> several_psi(const Model& model, std::uint64_t seed) {
  return {random_psi(model, 10 * seed), random_psi(model, 10 * seed + 1, true),
          random_psi(model, 10 * seed + 2)};
}

}  // namespace cuglmm::test
