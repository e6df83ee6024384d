#include <tests/reference/random_effects.hpp>

#include <Eigen/Dense>

namespace cuglmm::reference {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Eigen::Index effects(const Model& model) {
  Eigen::Index q = 0;
  for (const RandomTerm& term : model.terms) q += levels(model, term) * term.size();
  return q;
}

/// E_k = dLambda_k Lambda' + Lambda dLambda_k' for the entries k of the lower triangle of a template.
std::vector<MatrixXd> covariance_derivatives(const MatrixXd& L) {
  std::vector<MatrixXd> E;
  for (Eigen::Index c = 0; c < L.cols(); ++c)
    for (Eigen::Index r = c; r < L.rows(); ++r) {
      MatrixXd dL = MatrixXd::Zero(L.rows(), L.cols());
      dL(r, c) = 1;
      E.push_back(dL * L.transpose() + L * dL.transpose());
    }
  return E;
}

}  // namespace

Eigen::Index levels(const Model& model, const RandomTerm& term) {
  return static_cast<Eigen::Index>(model.factors[static_cast<std::size_t>(term.factor)].levels.size());
}

MatrixXd dense_Z(const Model& model) {
  MatrixXd Z = MatrixXd::Zero(model.rows(), effects(model));
  Eigen::Index at = 0;
  for (const RandomTerm& term : model.terms) {
    const std::vector<int>& codes = model.factors[static_cast<std::size_t>(term.factor)].codes;
    for (Eigen::Index i = 0; i < model.rows(); ++i)
      Z.row(i).segment(at + codes[static_cast<std::size_t>(i)] * term.size(), term.size()) = term.Z.row(i);
    at += levels(model, term) * term.size();
  }
  return Z;
}

std::vector<MatrixXd> templates(const Model& model, const VectorXd& theta) {
  std::vector<MatrixXd> result;
  Eigen::Index k = 0;
  for (const RandomTerm& term : model.terms) {
    MatrixXd L = MatrixXd::Zero(term.size(), term.size());
    for (int c = 0; c < term.size(); ++c)
      for (int r = c; r < term.size(); ++r) L(r, c) = theta[k++];
    result.push_back(L);
  }
  return result;
}

MatrixXd Lambda(const Model& model, const VectorXd& theta) {
  const std::vector<MatrixXd> L = templates(model, theta);
  MatrixXd result = MatrixXd::Zero(effects(model), effects(model));
  Eigen::Index at = 0;
  for (std::size_t j = 0; j < L.size(); ++j)
    for (Eigen::Index l = 0; l < levels(model, model.terms[j]); ++l, at += L[j].rows())
      result.block(at, at, L[j].rows(), L[j].rows()) = L[j];
  return result;
}

std::vector<MatrixXd> modes(const Model& model, const VectorXd& theta, const VectorXd& u) {
  const VectorXd b = Lambda(model, theta) * u;
  std::vector<MatrixXd> result;
  Eigen::Index at = 0;
  for (const RandomTerm& term : model.terms) {
    MatrixXd modes_j(levels(model, term), term.size());
    for (Eigen::Index l = 0; l < modes_j.rows(); ++l, at += term.size())
      modes_j.row(l) = b.segment(at, term.size()).transpose();
    result.push_back(modes_j);
  }
  return result;
}

std::vector<std::vector<MatrixXd>> diagonal_blocks(const Model& model, const MatrixXd& full) {
  std::vector<std::vector<MatrixXd>> blocks(model.terms.size());
  Eigen::Index at = 0;
  for (std::size_t j = 0; j < model.terms.size(); ++j) {
    const int q = model.terms[j].size();
    for (Eigen::Index l = 0; l < levels(model, model.terms[j]); ++l, at += q)
      blocks[j].push_back(full.block(at, at, q, q));
  }
  return blocks;
}

std::vector<MatrixXd> sums_over_levels(const Model& model, const MatrixXd& full) {
  std::vector<MatrixXd> sums;
  for (const std::vector<MatrixXd>& blocks : diagonal_blocks(model, full)) {
    sums.push_back(MatrixXd::Zero(blocks[0].rows(), blocks[0].cols()));
    for (const MatrixXd& block : blocks) sums.back() += block;
  }
  return sums;
}

VectorXd to_theta(const Model& model, const MatrixXd& dLambda) {
  VectorXd gradient(model.theta_size());
  Eigen::Index k = 0;
  for (const MatrixXd& sum : sums_over_levels(model, dLambda))
    for (Eigen::Index c = 0; c < sum.cols(); ++c)
      for (Eigen::Index r = c; r < sum.rows(); ++r) gradient[k++] = sum(r, c);
  return gradient;
}

MatrixXd theta_information(const Model& model, const VectorXd& theta, const MatrixXd& T) {
  const auto blocks = diagonal_blocks(model, T);
  const std::vector<MatrixXd> L = templates(model, theta);
  MatrixXd result = MatrixXd::Zero(theta.size(), theta.size());
  Eigen::Index first = 0;
  for (std::size_t j = 0; j < L.size(); ++j) {
    const std::vector<MatrixXd> E = covariance_derivatives(L[j]);
    const auto size = static_cast<Eigen::Index>(E.size());
    for (Eigen::Index r = 0; r < size; ++r)
      for (Eigen::Index c = 0; c < size; ++c)
        for (const MatrixXd& T_ll : blocks[j])
          result(first + r, first + c) +=
              (T_ll * E[static_cast<std::size_t>(r)] * T_ll * E[static_cast<std::size_t>(c)]).trace();
    first += size;
  }
  return result;
}

VectorXd identity_theta(const Model& model) {
  VectorXd theta = VectorXd::Zero(model.theta_size());
  Eigen::Index k = 0;
  for (const RandomTerm& term : model.terms)
    for (int length = term.size(); length > 0; k += length--) theta[k] = 1;
  return theta;
}

}  // namespace cuglmm::reference
