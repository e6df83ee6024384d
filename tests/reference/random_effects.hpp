/// The random effects of a model as one vector: term by term, level by level, q_j within a level, as in lme4.
/// Z is n x q and Lambda q x q, both dense.
#pragma once

#include <Eigen/Core>
#include <vector>

#include <cuglmm/model.hpp>

namespace cuglmm::reference {

Eigen::Index levels(const Model& model, const RandomTerm& term);

/// n x q. Column of effect c of level l of term j: the q's of the terms before j, then l q_j + c.
Eigen::MatrixXd dense_Z(const Model& model);

/// The q_j x q_j lower triangular templates, filled from theta (column-major lower triangles, term by term).
std::vector<Eigen::MatrixXd> templates(const Model& model, const Eigen::VectorXd& theta);

/// q x q, block diagonal: the template of term j once per level.
Eigen::MatrixXd Lambda(const Model& model, const Eigen::VectorXd& theta);

/// The conditional modes b = Lambda u: per term, levels x q_j.
std::vector<Eigen::MatrixXd> modes(const Model& model, const Eigen::VectorXd& theta,
                                   const Eigen::VectorXd& u);

/// The q_j x q_j diagonal blocks of a q x q matrix: per term, per level.
std::vector<std::vector<Eigen::MatrixXd>> diagonal_blocks(const Model& model, const Eigen::MatrixXd& full);

/// The same, summed over the levels: per term.
std::vector<Eigen::MatrixXd> sums_over_levels(const Model& model, const Eigen::MatrixXd& full);

/// dd/dLambda (q x q) -> dd/dtheta (m): sum over the levels of a term, lower triangle.
Eigen::VectorXd to_theta(const Model& model, const Eigen::MatrixXd& dLambda);

/// The theta block of an expected Hessian (design 1.7): sum_l tr(T_ll E_k T_ll E_m), E_k = dLambda_k Lambda'
/// + Lambda dLambda_k'; zero between terms. T: q x q.
Eigen::MatrixXd theta_information(const Model& model, const Eigen::VectorXd& theta, const Eigen::MatrixXd& T);

/// theta where every template is the identity.
Eigen::VectorXd identity_theta(const Model& model);

}  // namespace cuglmm::reference
