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

void fill_feed(const PlanData& plan, const ResponseSums& sums, const Eigen::VectorXd& u, Feed& feed,
               int width) {
  const auto fill = [width](double* at, Eigen::Index i, double value) {
    std::fill_n(at + i * width, width, value);
  };
  for (int i = 0; i < plan.view.zy_total; ++i) fill(feed.zy, i, sums.zy[i]);
  for (int j = 0; j < plan.p; ++j) fill(feed.xy, j, sums.xy[j]);
  fill(feed.offset_y, 0, sums.offset_y);
  fill(feed.constant, 0, sums.constant);
  if (!plan.view.separable)
    for (int i = 0; i < plan.view.arrow.effects; ++i) fill(feed.u, i, u[plan.view.arrow.u_number[i]]);
  for (const ComponentData& component : plan.components)
    for (int i = 0; i < component.u_count; ++i) fill(feed.u, component.u_first + i, u[component.u_number[i]]);
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
