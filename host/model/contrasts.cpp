#include "host/model/contrasts.hpp"

#include <fmt/format.h>

#include "cuglmm/error.hpp"

namespace cuglmm {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<std::string> numbered(Index columns) {
  std::vector<std::string> out;
  for (Index c = 1; c <= columns; ++c) out.push_back(std::to_string(c));
  return out;
}

Coding treatment(const std::vector<std::string>& levels) {
  const Index n = static_cast<Index>(levels.size());
  return {MatrixXd::Identity(n, n).rightCols(n - 1), {levels.begin() + 1, levels.end()}};
}

Coding sum(Index n) {
  MatrixXd matrix = MatrixXd::Identity(n, n - 1);
  matrix.row(n - 1).setConstant(-1);
  return {matrix, numbered(n - 1)};
}

/// Column c compares level c + 1 with the mean of the levels before it.
Coding helmert(Index n) {
  MatrixXd matrix = MatrixXd::Zero(n, n - 1);
  for (Index c = 0; c < n - 1; ++c) {
    matrix.col(c).head(c + 1).setConstant(-1);
    matrix(c + 1, c) = static_cast<double>(c + 1);
  }
  return {matrix, numbered(n - 1)};
}

/// Orthonormal polynomials of the level's number: the next one is x times the last, made orthogonal to all
/// before.
Coding poly(Index n) {
  // R's limit, beyond which the polynomials cannot be told apart in double precision.
  if (n > 95) throw Error(fmt::format("polynomial contrasts for {} levels; at most 95 are possible", n));
  const VectorXd x =
      VectorXd::LinSpaced(n, 1, static_cast<double>(n)).array() - static_cast<double>(n + 1) / 2;
  MatrixXd basis(n, n);
  basis.col(0).setConstant(1 / std::sqrt(static_cast<double>(n)));
  std::vector<std::string> suffixes;
  for (Index c = 1; c < n; ++c) {
    VectorXd next = x.cwiseProduct(basis.col(c - 1));
    const auto before = basis.leftCols(c);
    for (int pass = 0; pass < 2; ++pass) next -= before * (before.transpose() * next);
    basis.col(c) = next.normalized();
    suffixes.push_back(c == 1 ? ".L" : c == 2 ? ".Q" : c == 3 ? ".C" : fmt::format("^{}", c));
  }
  return {basis.rightCols(n - 1), suffixes};
}

}  // namespace

Coding contrast_coding(Contrasts kind, const std::vector<std::string>& levels) {
  const Index n = static_cast<Index>(levels.size());
  switch (kind) {
    case Contrasts::treatment:
      return treatment(levels);
    case Contrasts::sum:
      return sum(n);
    case Contrasts::helmert:
      return helmert(n);
    case Contrasts::poly:
      return poly(n);
  }
  throw Error("unknown contrasts");
}

Coding full_coding(const std::vector<std::string>& levels) {
  const Index n = static_cast<Index>(levels.size());
  return {MatrixXd::Identity(n, n), levels};
}

}  // namespace cuglmm
