// The optimizer's state machine: every lane minimises a function of its own.
#include <kernels/bfgs.hpp>

#include <functional>

#include "tests/kernels/lanes.hpp"

namespace cuglmm::testing {
namespace {

/// A function of k parameters: its value; its gradient into g.
using Function = std::function<double(const std::vector<double>& x, std::vector<double>& g)>;

/// Rosenbrock's valley along x2 = x1^2, as narrow as b; minimum 0 at (a, a^2).
Function rosenbrock(double a, double b) {
  return [=](const std::vector<double>& x, std::vector<double>& g) {
    const double s = a - x[0], t = x[1] - x[0] * x[0];
    g[0] = -2 * s - 4 * b * x[0] * t;
    g[1] = 2 * b * t;
    return s * s + b * t * t;
  };
}

/// sum_i w_i (x_i - c)^2 + product terms; minimum 0 at (c, .., c).
Function quadratic(double c, double scale) {
  return [=](const std::vector<double>& x, std::vector<double>& g) {
    double value = 0, sum = 0;
    for (const double v : x) sum += v - c;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double w = scale * (1 + 3 * static_cast<double>(i)), d = x[i] - c;
      value += w * d * d;
      g[i] = 2 * w * d + scale * sum;
    }
    return value + scale * sum * sum / 2;
  };
}

/// Runs a lane per function to its end.
template <class Real>
struct Search {
  std::vector<Real> memory, g_memory, value_memory;
  Bfgs<Real> bfgs;
  std::vector<bool> active, converged, stalled;
  std::vector<int> evaluations;
  int k;

  Search(int k_, int m, double start, double tolerance) : k(k_) {
    memory.assign(std::size_t(Bfgs<Real>::reals(k)), Real(0.0));
    g_memory.assign(std::size_t(k), Real(0.0));
    Lanes<Real> at;
    at.at = memory.data();
    bfgs.place(at, k, m);
    bfgs.tolerance = tolerance;
    for (int i = 0; i < k; ++i) {
      bfgs.psi[i] = bfgs.trial[i] = Real(start);
      bfgs.B[i * k + i] = Real(1.0);
    }
    bfgs.fresh() = bfgs.alpha() = Real(1.0);
    bfgs.objective() = Real(1e308);
    const std::size_t lanes = kLanes<Real>;
    active.assign(lanes, true);
    converged.assign(lanes, false);
    stalled.assign(lanes, false);
    evaluations.assign(lanes, 0);
  }

  /// One evaluation of every lane, active or not, and one advance of those that are.
  void advance(const std::vector<Function>& functions) {
    Real value(0.0);
    for (int lane = 0; lane < kLanes<Real>; ++lane) {
      std::vector<double> x, g(static_cast<std::size_t>(k));
      for (int i = 0; i < k; ++i) x.push_back(lane_of(bfgs.trial[i], lane));
      lane_of(value, lane) = functions[std::size_t(lane)](x, g);
      for (int i = 0; i < k; ++i) lane_of(g_memory[std::size_t(i)], lane) = g[std::size_t(i)];
    }
    const auto mask = make_lanes<Real>([&](int lane) { return active[std::size_t(lane)] ? 1.0 : 0.0; }) > 0.5;
    Lanes<Real> gradient;
    gradient.at = g_memory.data();
    const auto outcome = bfgs.advance(mask, value, gradient);
    for (std::size_t lane = 0; lane < active.size(); ++lane) {
      if (!active[lane]) continue;
      ++evaluations[lane];
      converged[lane] = is_set<Real>(outcome.converged, int(lane));
      stalled[lane] = is_set<Real>(outcome.stalled, int(lane));
      if (converged[lane] || stalled[lane]) active[lane] = false;
    }
  }

  Search& run(const std::vector<Function>& functions) {
    for (int i = 0; i < 500 && std::count(active.begin(), active.end(), true) > 0; ++i) advance(functions);
    return *this;
  }
  std::vector<double> psi(int lane) {
    std::vector<double> x;
    for (int i = 0; i < k; ++i) x.push_back(lane_of(bfgs.psi[i], lane));
    return x;
  }
};

template <class Real>
class Optimizer : public ::testing::Test {
 protected:
  static std::vector<Function> each(const std::function<Function(int)>& f) {
    std::vector<Function> functions;
    for (int lane = 0; lane < kLanes<Real>; ++lane) functions.push_back(f(lane));
    return functions;
  }
};
TYPED_TEST_SUITE(Optimizer, Reals);

TYPED_TEST(Optimizer, EveryLaneEndsAtTheMinimumOfItsQuadratic) {
  for (int k : {1, 2, 5}) {
    Search<TypeParam> search(k, 1, 3.0, 1e-14);
    search.run(this->each([](int lane) { return quadratic(0.2 * lane - 0.3, 1.0 + lane); }));
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      EXPECT_TRUE(search.converged[std::size_t(lane)]);
      for (const double x : search.psi(lane)) EXPECT_NEAR(x, 0.2 * lane - 0.3, 1e-5);
    }
  }
}

TYPED_TEST(Optimizer, EveryLaneEndsAtTheMinimumOfItsRosenbrockFunction) {
  Search<TypeParam> search(2, 2, -1.2, 1e-12);
  search.run(this->each([](int lane) { return rosenbrock(0.5 + 0.2 * lane, lane % 2 ? 10 : 100); }));
  for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
    const double a = 0.5 + 0.2 * lane;
    EXPECT_TRUE(search.converged[std::size_t(lane)]) << "lane " << lane;
    EXPECT_NEAR(search.psi(lane)[0], a, 1e-4);
    EXPECT_NEAR(search.psi(lane)[1], a * a, 3e-4);
    EXPECT_LT(search.evaluations[std::size_t(lane)], 120);
  }
}

TYPED_TEST(Optimizer, StopsWithinItsToleranceOfTheMinimum) {
  for (const double tolerance : {1e-3, 1e-6, 1e-9}) {
    Search<TypeParam> search(4, 2, 2.0, tolerance);
    search.run(this->each([](int lane) { return quadratic(0.1 * lane, 1); }));
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      EXPECT_TRUE(search.converged[std::size_t(lane)]);
      EXPECT_LT(lanes_of(search.bfgs.objective())[std::size_t(lane)], 5 * tolerance);
    }
  }
}

TYPED_TEST(Optimizer, ALaneIsTheSameBitForBitWhateverItsNeighboursDo) {
  const auto mixed = this->each([](int lane) -> Function {
    if (lane % 4 == 2) return [](const std::vector<double>&, std::vector<double>&) { return std::nan(""); };
    if (lane % 4 == 1) return rosenbrock(1.0, 100);
    return quadratic(0.3 * lane, 2);
  });
  Search<TypeParam> together(2, 1, -1.2, 1e-10);
  together.run(mixed);
  for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
    Search<TypeParam> same(2, 1, -1.2, 1e-10);
    same.run(std::vector<Function>(std::size_t(kLanes<TypeParam>), mixed[std::size_t(lane)]));
    EXPECT_EQ(together.psi(lane), same.psi(lane)) << "lane " << lane;
    EXPECT_EQ(together.evaluations[std::size_t(lane)], same.evaluations[std::size_t(lane)]);
    EXPECT_EQ(together.converged[std::size_t(lane)], same.converged[std::size_t(lane)]);
  }
}

TYPED_TEST(Optimizer, AFrozenLaneKeepsItsWholeState) {
  const auto functions = this->each([](int) { return rosenbrock(1.0, 100); });
  Search<TypeParam> search(2, 1, -1.2, 1e-10);
  for (int i = 0; i < 5; ++i) search.advance(functions);
  const auto before = search.memory;
  search.active[0] = false;
  for (int i = 0; i < 5; ++i) search.advance(functions);
  for (int i = 0; i < Bfgs<TypeParam>::reals(2); ++i) {
    if (i >= 8 && i < 12) continue;  // scratch
    EXPECT_EQ(lanes_of(search.memory[std::size_t(i)])[0], lanes_of(before[std::size_t(i)])[0])
        << "entry " << i;
  }
}

TYPED_TEST(Optimizer, AFirstEvaluationThatFailsStallsItsLaneOnly) {
  const int last = kLanes<TypeParam> - 1;
  const auto functions = this->each([&](int lane) -> Function {
    if (lane == last) return [](const std::vector<double>&, std::vector<double>&) { return std::nan(""); };
    return quadratic(1, 1);
  });
  Search<TypeParam> search(2, 1, 0.0, 1e-8);
  search.advance(functions);
  EXPECT_TRUE(search.stalled[std::size_t(last)]);
  search.run(functions);
  for (int lane = 0; lane < last; ++lane) EXPECT_TRUE(search.converged[std::size_t(lane)]);
}

TYPED_TEST(Optimizer, ShortensStepsOutOfARegionWithoutValues) {
  // Not a number beyond 1.5: the full step from 0 goes there.
  const auto functions = this->each([](int) -> Function {
    return [](const std::vector<double>& x, std::vector<double>& g) {
      g[0] = 2 * (x[0] - 1.2);
      return x[0] > 1.5 ? std::nan("") : (x[0] - 1.2) * (x[0] - 1.2);
    };
  });
  Search<TypeParam> search(1, 1, 0.0, 1e-12);
  search.run(functions);
  EXPECT_TRUE(search.converged[0]);
  EXPECT_NEAR(search.psi(0)[0], 1.2, 1e-5);
}

TYPED_TEST(Optimizer, StallsWhereTheGradientIsWrong) {
  const auto functions = this->each([](int) -> Function {
    return [](const std::vector<double>& x, std::vector<double>& g) {
      g[0] = -1;
      return x[0];
    };
  });
  Search<TypeParam> search(1, 1, 0.0, 1e-8);
  search.run(functions);
  EXPECT_TRUE(search.stalled[0]);
  EXPECT_FALSE(search.converged[0]);
  EXPECT_EQ(search.psi(0)[0], 0.0);
}

TYPED_TEST(Optimizer, NoThetaMovesByMoreThanTwoAtOnce) {
  // Steep in theta (the first two), steeper in beta.
  const auto functions = this->each([](int) -> Function {
    return [](const std::vector<double>& x, std::vector<double>& g) {
      g = {-100, 50, -1000};
      return -100 * x[0] + 50 * x[1] - 1000 * x[2];
    };
  });
  Search<TypeParam> search(3, 2, 0.0, 1e-8);
  search.advance(functions);
  EXPECT_NEAR(lanes_of(search.bfgs.trial[0])[0], 2, 1e-12);
  EXPECT_NEAR(lanes_of(search.bfgs.trial[1])[0], -1, 1e-12);
  EXPECT_NEAR(lanes_of(search.bfgs.trial[2])[0], 20, 1e-10);
}

TYPED_TEST(Optimizer, RestartsWhereTheInverseHessianDoesNotDescend) {
  Search<TypeParam> search(2, 1, 1.0, 1e-10);
  for (int i = 0; i < 2; ++i) search.bfgs.B[i * 2 + i] = TypeParam(-1.0);
  search.run(this->each([](int) { return quadratic(0.25, 1); }));
  EXPECT_TRUE(search.converged[0]);
  EXPECT_NEAR(search.psi(0)[0], 0.25, 1e-4);
}

}  // namespace
}  // namespace cuglmm::testing
