#include <cmath>
#include <limits>
#include <map>

#include <cuglmm/fit.hpp>
#include <host/fit/varcorr.hpp>
#include <kernels/covariance.hpp>

namespace cuglmm {
namespace {

/// Lambda_j of one term from its part of theta.
Eigen::MatrixXd template_of(const double* theta, int q) {
  Eigen::MatrixXd Lambda = Eigen::MatrixXd::Zero(q, q);
  for (int c = 0; c < q; ++c)
    for (int r = c; r < q; ++r) Lambda(r, c) = theta[lower(r, c, q)];
  return Lambda;
}

}  // namespace

std::vector<VarCorr> make_varcorr(const Model& model, const Eigen::VectorXd& theta, double sigma) {
  std::vector<VarCorr> out;
  std::map<int, int> seen;
  const double* at = theta.data();
  for (const RandomTerm& term : model.terms) {
    VarCorr v;
    const int earlier = seen[term.factor]++;
    v.group = model.factors[term.factor].name + (earlier > 0 ? "." + std::to_string(earlier) : "");
    v.columns = term.columns;
    const Eigen::MatrixXd Lambda = sigma * template_of(at, term.size());
    const Eigen::MatrixXd Sigma = Lambda * Lambda.transpose();
    v.sd = Sigma.diagonal().cwiseSqrt();
    v.correlation = Eigen::MatrixXd::Identity(term.size(), term.size());
    for (int r = 0; r < term.size(); ++r)
      for (int c = 0; c < r; ++c) {
        const double product = v.sd[r] * v.sd[c];
        v.correlation(r, c) = v.correlation(c, r) =
            product > 0 ? Sigma(r, c) / product : std::numeric_limits<double>::quiet_NaN();
      }
    out.push_back(std::move(v));
    at += term.theta_size();
  }
  return out;
}

Eigen::VectorXd sd_and_correlations(const Model& model, const Eigen::VectorXd& theta, double sigma) {
  std::vector<double> values;
  for (const VarCorr& v : make_varcorr(model, theta, sigma)) {
    const Eigen::Index q = v.sd.size();
    for (Eigen::Index c = 0; c < q; ++c) {
      values.push_back(v.sd[c]);
      for (Eigen::Index r = c + 1; r < q; ++r) values.push_back(v.correlation(r, c));
    }
  }
  return Eigen::Map<Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

std::vector<std::string> sd_and_correlation_names(const Model& model) {
  std::vector<std::string> names;
  for (const RandomTerm& term : model.terms) {
    const std::string& group = model.factors[term.factor].name;
    for (int c = 0; c < term.size(); ++c) {
      names.push_back("sd_" + term.columns[c] + "|" + group);
      for (int r = c + 1; r < term.size(); ++r)
        names.push_back("cor_" + term.columns[r] + "." + term.columns[c] + "|" + group);
    }
  }
  return names;
}

}  // namespace cuglmm
