// What both engines share.
#include <algorithm>

#include <host/engine/engine.hpp>
#include <kernels/covariance.hpp>

namespace cuglmm {

FeedStorage::FeedStorage(const PlanView& view, int width)
    : zy_(std::size_t(view.zy_total) * width),
      u_(std::size_t(view.u_total) * width),
      xy_(std::size_t(view.p) * width),
      offset_y_(width),
      constant_(width),
      number_(width) {
  feed = {zy_.data(), u_.data(), xy_.data(), offset_y_.data(), constant_.data(), number_.data(), 0, 0};
}

Eigen::VectorXd search_point(const PlanView& view, const Eigen::VectorXd& theta,
                             const Eigen::VectorXd& beta) {
  Eigen::VectorXd psi(view.k);
  psi.head(view.m) = theta;
  if (!view.profiled) psi.tail(view.p) = beta;
  return psi;
}

void fill_lane(const PlanView& view, const ResponseSums& sums, Feed& feed, int width, int lane) {
  for (int i = 0; i < view.zy_total; ++i) feed.zy[std::size_t(i) * width + lane] = sums.zy[i];
  for (int j = 0; j < view.p; ++j) feed.xy[j * width + lane] = sums.xy[j];
  feed.offset_y[lane] = sums.offset_y;
  feed.constant[lane] = sums.constant;
}

void fill_feed(const PlanData& plan, const ResponseSums& sums, const Eigen::VectorXd& u, Feed& feed,
               int width) {
  for (int lane = 0; lane < width; ++lane) fill_lane(plan.view, sums, feed, width, lane);
  const auto fill = [&](int i, double value) { std::fill_n(feed.u + std::size_t(i) * width, width, value); };
  if (plan.arrow)
    for (int i = 0; i < plan.view.arrow.effects; ++i) fill(i, u[plan.view.arrow.u_number[i]]);
  for (const ComponentData& component : plan.components)
    for (int i = 0; i < component.u_count; ++i) fill(component.u_first + i, u[component.u_number[i]]);
}

void ModeStart::apply(Feed& feed, int width) const {
  for (std::size_t i = 0; i < u.size(); ++i)
    for (int lane = 0; lane < width; ++lane) {
      const std::size_t at = i * width + lane;
      feed.u[at] = u[i] + factor[i] * (feed.zy[at] - zy[i]);
    }
}

ProblemEvaluation assemble(const PlanView& view, const ResponseSums& responses, const Eigen::VectorXd& theta,
                           const Eigen::VectorXd& beta, double objective, Eigen::VectorXd G,
                           const Eigen::VectorXd& beta_gradient) {
  ProblemEvaluation out;
  out.objective = objective + responses.constant - 2 * (responses.xy.dot(beta) + responses.offset_y);
  out.G = std::move(G);
  out.gradient.resize(view.m + view.p);
  const AnyShape shape{view.p, view.levels, view.terms, view.m, view.level_first, view.term};
  theta_gradient(shape, theta.data(), Lanes<double>{out.G.data()}, out.gradient.data());
  out.gradient.tail(view.p) = beta_gradient - 2 * responses.xy;
  return out;
}

}  // namespace cuglmm
