// Nearly singular and singular covariances of the factors in a large border, whose T is made by products of
// matrices: single problems, and lanes of them side by side.
#include <gtest/gtest.h>

#include <cuglmm/error.hpp>
#include <host/engine/dense.hpp>
#include <tests/support/criterion.hpp>
#include <tests/support/crossed_model.hpp>
#include <tests/support/error.hpp>
#include <tests/support/evaluate.hpp>

namespace cuglmm {
namespace {

using test::Criterion;
using test::error;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Of nodes of q effects, in the first of `stride` lanes.
void expect_definition(int n, int begin, int end, int q, int stride) {
  const Eigen::MatrixXd A = Eigen::MatrixXd::Random(n, n), B = Eigen::MatrixXd::Random(n, n);
  const Eigen::MatrixXd R = A + A.transpose(), C = B + B.transpose();
  RowMatrix C_lower = C, R_lanes = RowMatrix::Constant(n, Eigen::Index{n} * stride, NAN);
  C_lower.triangularView<Eigen::StrictlyUpper>().setConstant(NAN);
  for (int r = 0; r < n; ++r)
    for (int c = 0; c <= r; ++c) R_lanes(r, c * stride) = R(r, c);
  const int node = q + 1;  // there is room for more than q effects
  std::vector<double> T(static_cast<std::size_t>((end - begin) * node * stride), NAN);
  define_T({R_lanes.data(), C_lower.data(), n, begin, end, q, T.data(), stride, Index{stride} * node}, 2);
  const Eigen::MatrixXd wanted = R - R * C * R;
  for (int at = begin; at < end; at += q)
    for (int i = 0; i < q * q; ++i)
      EXPECT_NEAR(T[static_cast<std::size_t>(((at - begin) * node + i) * stride)],
                  wanted(at + i / q, at + i % q), 1e-9 * n * n);
}

TEST(DefineT, EqualsItsDefinition) {
  expect_definition(300, 0, 300, 1, 1);
  expect_definition(200, 20, 170, 1, 8);
  expect_definition(420, 0, 420, 3, 1);
  expect_definition(310, 10, 310, 2, 4);
}

class SmallVariance : public testing::TestWithParam<Criterion> {};

TEST_P(SmallVariance, InALargeBorderEqualsReference) {
  const Criterion criterion = GetParam();
  const Model model =
      test::crossed_model("y ~ x + (1 | g) + (x | h)", {kDenseBorder / 2, kDenseBorder + 1, 700, 0.3},
                          test::is_linear(criterion) ? gaussian() : poisson());
  const PlanData plan(model, test::plan_options(criterion));
  ASSERT_EQ(plan.view.arrow.border, kDenseBorder);
  for (const Eigen::Vector4d& theta : {Eigen::Vector4d(.5, .6, .1, 1e-5), Eigen::Vector4d(.5, .6, -.2, 0),
                                       Eigen::Vector4d(.5, 1e-4, .2, .3), Eigen::Vector4d(.5, 0, 0, 0)}) {
    SCOPED_TRACE(theta.transpose());
    const test::Psi psi{theta, Eigen::Vector2d(.4, .3)};
    const test::Expected wanted = test::expected(criterion, model, psi);
    const auto engine = make_engine(plan, "cpu", "auto", 2);
    const auto problem = engine->problem(plan.sums(model, model.y));
    problem->set_mode_tolerance(1e-12);
    const ProblemEvaluation out = problem->evaluate(theta, psi.beta, true);
    EXPECT_NEAR(out.objective, wanted.objective, 1e-9 * std::abs(wanted.objective));
    EXPECT_LT(error(out.gradient, wanted.gradient), 1e-6);

    FeedStorage lanes(plan.view, engine->feed_width());
    fill_feed(plan, plan.sums(model, model.y), problem->u(), lanes.feed, engine->feed_width());
    lanes.feed.count = 1;
    Eigen::MatrixXd gradient;
    engine->evaluate(lanes.feed, search_point(plan.view, theta, psi.beta), gradient, 1e-12);
    EXPECT_LT(error(Eigen::VectorXd(gradient.col(0)), wanted.gradient), 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Criteria, SmallVariance, testing::ValuesIn(test::criteria),
                         [](const auto& criterion) { return test::name(criterion.param); });

TEST(HugeBorder, IsToldOf) {
  const Model model =
      test::crossed_model("y ~ x + (1 | g) + (1 | h)", {200'000, 200'010, 400'000}, gaussian());
  const PlanData plan(model, {.border = PlanOptions::Border::dense});
  EXPECT_THAT([&] { make_engine(plan, "cpu", "auto", 1)->problem(plan.sums(model, model.y)); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("a dense matrix of")));
}

}  // namespace
}  // namespace cuglmm
