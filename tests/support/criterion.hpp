/// The criteria that a fit can have, and what tests/reference says of a model under each.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <ostream>
#include <vector>

#include <host/plan/plan_data.hpp>
#include <tests/support/random_model.hpp>

namespace cuglmm::test {

enum class Criterion { laplace, joint, ml, reml };  ///< joint: nAGQ = 0

inline constexpr std::array criteria{Criterion::laplace, Criterion::joint, Criterion::ml, Criterion::reml};

const char* name(Criterion criterion);
inline void PrintTo(Criterion criterion, std::ostream* out) { *out << name(criterion); }

inline bool is_linear(Criterion criterion) {
  return criterion == Criterion::ml || criterion == Criterion::reml;
}

/// A random model of any structure that the criterion is for.
Model random_model(Criterion criterion, std::uint64_t seed);

PlanOptions plan_options(Criterion criterion, bool collapse = true);

struct Expected {
  double objective = 0, sigma = 1;
  Eigen::VectorXd gradient;  ///< of the parameters of the search
  Eigen::VectorXd beta, u;
  std::vector<Eigen::MatrixXd> G, modes;               ///< per term
  std::vector<std::vector<Eigen::MatrixXd>> variance;  ///< of b: per term, per level
  Eigen::MatrixXd vcov;                                ///< of beta; of GLMMs RX
};

/// At psi; of beta where it is profiled nothing is used.
Expected expected(Criterion criterion, const Model& model, const Psi& psi);

}  // namespace cuglmm::test
