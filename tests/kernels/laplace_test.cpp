// Mode, objective and gradient of a component of one random intercept against the definition in long double;
// a lane that is inactive, has converged or fails leaves the others as they are.
#include <kernels/laplace.hpp>
#include <kernels/unit.hpp>

#include <functional>
#include <type_traits>

#include "tests/kernels/lanes.hpp"

namespace cuglmm::testing {
namespace {

using Real_ = long double;

/// Rows with an intercept, a covariate, an offset and weights; one random intercept.
struct Data {
  std::vector<double> X, Z, offset, weights;
  int rows = 12;
  Data() {
    for (int i = 0; i < rows; ++i) {
      X.insert(X.end(), {1.0, std::cos(2.1 * i)});
      Z.push_back(1.0);
      offset.push_back(0.1 * std::sin(1.0 * i));
      weights.push_back(1 + i % 3);
    }
  }
};

/// A lane's problem.
struct Problem {
  double theta, beta[2], zy, start;
};
Problem problem_of(int lane) {
  return {0.4 + 0.35 * lane, {-0.5 + 0.2 * lane, 0.8 - 0.3 * lane}, 3.0 + 4 * lane, lane == 3 ? 9.0 : 0.0};
}

struct Exact {
  Real_ objective, u;
};

/// F(u) - terms free of u and theta, plus log H, at the mode found by bisection of dF/du.
template <class Family>
Exact definition(const Data& data, const Problem& at) {
  constexpr bool binomial = std::is_same_v<Family, BinomialLogit>;
  const auto sums = [&](Real_ u) {
    std::array<Real_, 3> s{};  // sum p b, sum p mu, sum p V
    for (int i = 0; i < data.rows; ++i) {
      const std::size_t r = std::size_t(i);
      const Real_ eta = data.offset[r] + at.beta[0] * Real_(data.X[2 * r]) +
                        at.beta[1] * Real_(data.X[2 * r + 1]) + at.theta * u;
      const Real_ p = data.weights[r], e = std::exp(eta), mu = binomial ? e / (1 + e) : e;
      s[0] += p * (binomial ? std::log1p(e) : e);
      s[1] += p * mu;
      s[2] += p * (binomial ? mu / (1 + e) : mu);
    }
    return s;
  };
  Real_ low = -30, high = 30;
  for (int i = 0; i < 200; ++i) {
    const Real_ u = (low + high) / 2;
    (at.theta * (at.zy - sums(u)[1]) - u > 0 ? low : high) = u;
  }
  const auto s = sums(low);
  return {2 * s[0] - 2 * at.zy * at.theta * low + low * low + std::log(1 + Real_(at.theta) * at.theta * s[2]),
          low};
}

template <class Real>
struct Result {
  Real objective{0.0};
  std::vector<Real> G = std::vector<Real>(1, Real(0.0)), beta = std::vector<Real>(2, Real(0.0)), u = G;
  Mask<Real> failed{false};
};

template <class Real>
Lanes<Real> lanes(std::vector<Real>& values) {
  Lanes<Real> result;
  result.at = values.data();
  return result;
}

/// In the place of a shape: unit.hpp, which has its own way of evaluating.
struct Unit {};

template <class Real, class Family>
Result<Real> evaluate(const Data& data, const std::function<Problem(int)>& problem, const Mask<Real>& active,
                      const Unit&) {
  const auto of = [&](auto f) { return make_lanes<Real>([&](int lane) { return f(problem(lane)); }); };
  const Real psi[3] = {of([](const Problem& p) { return p.theta; }),
                       of([](const Problem& p) { return p.beta[0]; }),
                       of([](const Problem& p) { return p.beta[1]; })};
  using Design = ByProblem<Real, false>;
  const Design rows{data.X.data(), data.Z.data(), data.offset.data(), data.weights.data(), 2, 1};
  UnitComponent<Real, Family, 2, Design> unit(rows, data.rows, psi, of([](const Problem& p) { return p.zy; }),
                                              of([](const Problem& p) { return p.start; }), active);
  UnitSums<Real, 2> sums;
  unit.evaluate(Real(1e-9), sums);
  Result<Real> result;
  result.objective = sums.objective - sums.log_inverse.value();
  result.G = {sums.G};
  result.beta = {sums.beta[0], sums.beta[1]};
  result.u = {unit.u};
  result.failed = sums.failed;
  return result;
}

/// One evaluation, lane `l` on problem(l).
template <class Real, class Family, class Shape>
requires(!std::is_same_v<Shape, Unit>) Result<Real> evaluate(const Data& data,
                                                             const std::function<Problem(int)>& problem,
                                                             const Mask<Real>& active, const Shape& shape) {
  const auto of = [&](auto f) { return make_lanes<Real>([&](int lane) { return f(problem(lane)); }); };
  const Real theta = of([](const Problem& p) { return p.theta; });
  const Real beta[2] = {of([](const Problem& p) { return p.beta[0]; }),
                        of([](const Problem& p) { return p.beta[1]; })};
  std::vector<Real> zy{of([](const Problem& p) { return p.zy; })};
  Result<Real> result;
  result.u[0] = of([](const Problem& p) { return p.start; });

  const Node node{0, 0, data.rows, 0, 0, 0};
  const int path = 0;
  TreeView tree;
  tree.nodes = &node;
  tree.path = &path;
  tree.node_count = tree.leaf_count = tree.u_count = 1;
  tree.rows = data.rows;
  tree.storage = Elimination{1, 1}.size();
  const std::size_t n = std::size_t(data.rows) + 1;
  std::vector<Real> storage(std::size_t(tree.storage) + 2), b(1), step(1), fixed(n), mean(n), leaf(3),
      front(3), border(4);
  const Work<Real> work{lanes(storage), lanes(b),    lanes(step),  lanes(fixed),
                        lanes(mean),    lanes(leaf), lanes(front), lanes(border)};
  using Design = ByProblem<Real, false>;
  const Design rows{data.X.data(), data.Z.data(), data.offset.data(), data.weights.data(), 2, 1};
  const LaneProblem<Real> lane_problem{&theta, beta, lanes(zy), lanes(result.u), active};
  Evaluation<Real> out{Real(0.0), {}, lanes(result.G), lanes(result.beta), Mask<Real>(false)};
  Laplace<Real, Family, Shape, Design> laplace(shape, tree, rows, lane_problem, work);
  laplace.evaluate(Real(1e-9), out, {});
  result.objective = out.objective - out.log_inverse.value();
  result.failed = out.failed;
  return result;
}

/// f(shape) for both that serve a random intercept.
template <class F>
void for_each_unit(F f) {
  f(OneTerm<1, true>{2});
  f(Unit{});
}

template <class Real>
class LaplaceLanes : public ::testing::Test {
 protected:
  template <class Family, class Shape>
  void expect_definition(const Shape& shape) {
    const auto result = evaluate<Real, Family>(data_, problem_of, Mask<Real>(true), shape);
    EXPECT_FALSE(any_(result.failed));
    for (int lane = 0; lane < kLanes<Real>; ++lane) {
      const auto at = [&](const Real& value) { return lanes_of(value)[std::size_t(lane)]; };
      const Problem problem = problem_of(lane);
      const Exact exact = definition<Family>(data_, problem);
      EXPECT_NEAR(at(result.objective), double(exact.objective),
                  1e-9 * (1 + std::fabs(double(exact.objective))));
      EXPECT_NEAR(at(result.u[0]), double(exact.u), 1e-7);
      const double h = 1e-5;
      const auto slope = [&](double Problem::*member, double(Problem::*array)[2], int j) {
        Problem above = problem, below = problem;
        (member ? above.*member : (above.*array)[j]) += h;
        (member ? below.*member : (below.*array)[j]) -= h;
        return double(
            (definition<Family>(data_, above).objective - definition<Family>(data_, below).objective) /
            (2 * h));
      };
      const double d_theta = slope(&Problem::theta, nullptr, 0);
      EXPECT_NEAR(2 * at(result.G[0]) * problem.theta, d_theta, 1e-6 * (1 + std::fabs(d_theta)))
          << "lane " << lane;
      for (int j = 0; j < 2; ++j) {
        const double d_beta = slope(nullptr, &Problem::beta, j);
        EXPECT_NEAR(at(result.beta[std::size_t(j)]), d_beta, 1e-6 * (1 + std::fabs(d_beta)))
            << "lane " << lane;
      }
    }
  }
  Data data_;
  const int level_first_[2] = {0, 1};
  const TermView term_{0, 0, 1, 0};
  const AnyShape any_shape_{2, 1, 1, 1, level_first_, &term_};
};
TYPED_TEST_SUITE(LaplaceLanes, Reals);

TYPED_TEST(LaplaceLanes, ObjectiveGradientAndModeEqualTheDefinition) {
  for_each_unit([&](const auto& shape) {
    this->template expect_definition<BinomialLogit>(shape);
    this->template expect_definition<PoissonLog>(shape);
  });
}

TYPED_TEST(LaplaceLanes, EveryShapeOfTheSamePathEqualsTheDefinition) {
  this->template expect_definition<BinomialLogit>(OneTerm<1>{2});
  this->template expect_definition<BinomialLogit>(this->any_shape_);
  this->template expect_definition<PoissonLog>(this->any_shape_);
}

template <class Real>
void expect_same_lane(const Result<Real>& a, int lane_a, const Result<Real>& b, int lane_b) {
  const auto at = [](const Real& value, int lane) { return lanes_of(value)[std::size_t(lane)]; };
  EXPECT_EQ(at(a.objective, lane_a), at(b.objective, lane_b));
  EXPECT_EQ(at(a.G[0], lane_a), at(b.G[0], lane_b));
  EXPECT_EQ(at(a.beta[0], lane_a), at(b.beta[0], lane_b));
  EXPECT_EQ(at(a.beta[1], lane_a), at(b.beta[1], lane_b));
  EXPECT_EQ(at(a.u[0], lane_a), at(b.u[0], lane_b));
}

// A lane that has converged waits for the others without moving: alone or among slower ones, the bits are the
// same.
TYPED_TEST(LaplaceLanes, ALaneIsTheSameBitForBitWhateverItsNeighboursDo) {
  for_each_unit([&](const auto& shape) {
    const auto mixed = [](int lane) {
      Problem p = problem_of(lane);
      if (lane % 2 == 1) p.start = 25;  // halvings
      return p;
    };
    const auto together = evaluate<TypeParam, PoissonLog>(this->data_, mixed, Mask<TypeParam>(true), shape);
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      const auto same = evaluate<TypeParam, PoissonLog>(
          this->data_, [&](int) { return mixed(lane); }, Mask<TypeParam>(true), shape);
      expect_same_lane(together, lane, same, 0);
    }
  });
}

TYPED_TEST(LaplaceLanes, AnInactiveLaneKeepsItsModeAndAddsNoGradient) {
  for_each_unit([&](const auto& shape) {
    const auto nowhere = [](int lane) {
      return lane == 0 ? Problem{std::nan(""), {std::nan(""), 1e300}, std::nan(""), 0.125} : problem_of(lane);
    };
    const auto active = not_(only_lane<TypeParam>(0));
    const auto result = evaluate<TypeParam, BinomialLogit>(this->data_, nowhere, active, shape);
    EXPECT_FALSE(any_(result.failed));
    EXPECT_EQ(lanes_of(result.u[0])[0], 0.125);
    EXPECT_EQ(lanes_of(result.G[0])[0], 0.0);
    EXPECT_EQ(lanes_of(result.beta[0])[0], 0.0);
    EXPECT_EQ(lanes_of(result.beta[1])[0], 0.0);
    const auto all =
        evaluate<TypeParam, BinomialLogit>(this->data_, problem_of, Mask<TypeParam>(true), shape);
    for (int lane = 1; lane < kLanes<TypeParam>; ++lane) expect_same_lane(result, lane, all, lane);
  });
}

TYPED_TEST(LaplaceLanes, ALaneWithoutAModeFailsAlone) {
  for_each_unit([&](const auto& shape) {
    const auto bad = [](int lane) {
      Problem p = problem_of(lane);
      if (lane == 0) p.beta[0] = std::nan("");
      return p;
    };
    const auto result = evaluate<TypeParam, BinomialLogit>(this->data_, bad, Mask<TypeParam>(true), shape);
    const auto good =
        evaluate<TypeParam, BinomialLogit>(this->data_, problem_of, Mask<TypeParam>(true), shape);
    EXPECT_TRUE(is_set<TypeParam>(result.failed, 0));
    for (int lane = 1; lane < kLanes<TypeParam>; ++lane) {
      EXPECT_FALSE(is_set<TypeParam>(result.failed, lane));
      expect_same_lane(result, lane, good, lane);
    }
  });
}

TYPED_TEST(LaplaceLanes, AStartFarOffFindsTheSameMode) {
  for_each_unit([&](const auto& shape) {
    const auto far = [](int lane) {
      Problem p = problem_of(lane);
      p.start = lane % 2 ? -40 : 1e6;  // F overflows at the second
      return p;
    };
    const auto result = evaluate<TypeParam, PoissonLog>(this->data_, far, Mask<TypeParam>(true), shape);
    EXPECT_FALSE(any_(result.failed));
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane)
      EXPECT_NEAR(lanes_of(result.u[0])[std::size_t(lane)],
                  double(definition<PoissonLog>(this->data_, problem_of(lane)).u), 1e-6);
  });
}

}  // namespace
}  // namespace cuglmm::testing
