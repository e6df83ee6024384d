#include "host/model/model_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cuglmm/error.hpp"
#include "host/model/contrasts.hpp"

namespace cuglmm {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

bool is_category(const Value& value) {
  return !value.is_matrix && (value.columns[0].is_factor() || value.columns[0].type == Column::Type::logical);
}

/// Logical variables are factors with the levels FALSE, TRUE, whether used or not.
std::vector<std::string> levels(const Column& column) {
  return column.is_factor() ? column.levels : std::vector<std::string>{"FALSE", "TRUE"};
}

Contrasts kind(const std::string& name, const Column& column,
               const std::map<std::string, Contrasts>& contrasts) {
  const auto chosen = contrasts.find(name);
  if (chosen != contrasts.end()) return chosen->second;
  return column.type == Column::Type::ordered ? Contrasts::poly : Contrasts::treatment;
}

void require_two_levels(const std::string& name, const Column& column) {
  if (levels(column).size() >= 2) return;
  throw Error(fmt::format(
      "factor '{}' has one level in the rows used ('{}'): contrasts can be applied only to factors "
      "with 2 or more levels; leave it out of the formula",
      name, column.levels[0]));
}

ModelMatrix code_factor(const std::string& name, const Column& column, const Coding& coding) {
  const Index n = static_cast<Index>(column.size());
  ModelMatrix out{MatrixXd(n, coding.matrix.cols()), {}};
  for (Index c = 0; c < coding.matrix.cols(); ++c) {
    const auto value = coding.matrix.col(c);
    for (Index i = 0; i < n; ++i) {
      const auto row = static_cast<std::size_t>(i);
      out.matrix(i, c) =
          value(column.is_factor() ? column.codes[row] : static_cast<int>(column.numbers[row]));
    }
    out.names.push_back(name + coding.suffixes[static_cast<std::size_t>(c)]);
  }
  return out;
}

ModelMatrix numeric_columns(const std::string& name, const Value& value) {
  const Index n = static_cast<Index>(value.columns[0].size());
  ModelMatrix out{MatrixXd(n, static_cast<Index>(value.columns.size())), {}};
  for (std::size_t c = 0; c < value.columns.size(); ++c) {
    if (value.columns[c].is_factor()) throw Error(fmt::format("'{}' has a column that is not numeric", name));
    out.matrix.col(static_cast<Index>(c)) = Eigen::Map<const VectorXd>(value.columns[c].numbers.data(), n);
    out.names.push_back(value.is_matrix ? name + value.suffixes[c] : name);
  }
  return out;
}

/// Every column of a with every one of b, those of a fastest.
ModelMatrix interact(const ModelMatrix& a, const ModelMatrix& b) {
  ModelMatrix out{MatrixXd(a.matrix.rows(), a.matrix.cols() * b.matrix.cols()), {}};
  Index next = 0;
  for (Index j = 0; j < b.matrix.cols(); ++j) {
    for (Index i = 0; i < a.matrix.cols(); ++i) {
      out.matrix.col(next++) = a.matrix.col(i).cwiseProduct(b.matrix.col(j));
      out.names.push_back(a.names[static_cast<std::size_t>(i)] + ":" + b.names[static_cast<std::size_t>(j)]);
    }
  }
  return out;
}

ModelMatrix term_columns(const Terms& terms, std::size_t t, const std::vector<bool>& full, const Frame& frame,
                         const std::map<std::string, Contrasts>& contrasts) {
  ModelMatrix out;
  for (std::size_t k = 0; k < terms.terms[t].size(); ++k) {
    const std::string& name = terms.names[static_cast<std::size_t>(terms.terms[t][k])];
    const Value& value = frame[name];
    const Column& first = value.columns[0];
    ModelMatrix columns;
    if (!is_category(value)) {
      columns = numeric_columns(name, value);
    } else if (full[k]) {
      columns = code_factor(name, first, full_coding(levels(first)));
    } else {
      columns = code_factor(name, first, contrast_coding(kind(name, first, contrasts), levels(first)));
    }
    out = k == 0 ? std::move(columns) : interact(out, columns);
  }
  return out;
}

ModelMatrix side_by_side(const std::vector<ModelMatrix>& blocks, bool intercept, Index rows) {
  Index columns = intercept ? 1 : 0;
  for (const ModelMatrix& block : blocks) columns += block.matrix.cols();
  ModelMatrix out{MatrixXd(rows, columns), {}};
  Index next = 0;
  if (intercept) {
    out.matrix.col(next++).setOnes();
    out.names.push_back("(Intercept)");
  }
  for (const ModelMatrix& block : blocks) {
    out.matrix.middleCols(next, block.matrix.cols()) = block.matrix;
    next += block.matrix.cols();
    out.names.insert(out.names.end(), block.names.begin(), block.names.end());
  }
  return out;
}

}  // namespace

ModelMatrix model_matrix(const Terms& terms, const Frame& frame,
                         const std::map<std::string, Contrasts>& contrasts) {
  std::vector<bool> category;
  for (const std::string& name : terms.names) {
    const Value& value = frame[name];
    category.push_back(is_category(value));
    if (category.back()) require_two_levels(name, value.columns[0]);
    if (!category.back() && contrasts.count(name)) {
      throw Error(fmt::format(
          "contrasts apply only to factors, and '{}' is numeric; read it with --factor {}", name, name));
    }
  }
  const std::vector<std::vector<bool>> full = full_coding(terms, category);
  std::vector<ModelMatrix> blocks;
  for (std::size_t t = 0; t < terms.terms.size(); ++t) {
    blocks.push_back(term_columns(terms, t, full[t], frame, contrasts));
  }
  return side_by_side(blocks, terms.intercept, frame.rows());
}

std::vector<Index> aliased_columns(const MatrixXd& X) {
  MatrixXd basis(X.rows(), std::min(X.rows(), X.cols()));  // orthonormal, of the columns kept
  Index rank = 0;
  std::vector<Index> aliased;
  for (Index c = 0; c < X.cols(); ++c) {
    VectorXd rest = X.col(c);
    const auto before = basis.leftCols(rank);
    for (int pass = 0; pass < 2; ++pass) rest -= before * (before.transpose() * rest);
    // 1e-7: lme4's tolerance for R's qr().
    if (rank < basis.cols() && rest.norm() > 1e-7 * X.col(c).norm()) {
      basis.col(rank++) = rest.normalized();
    } else {
      aliased.push_back(c);
    }
  }
  return aliased;
}

std::vector<std::string> drop_columns(ModelMatrix& X, const std::vector<Index>& columns) {
  std::vector<std::string> dropped, names;
  Index kept = 0;
  for (Index c = 0; c < X.matrix.cols(); ++c) {
    std::string& name = X.names[static_cast<std::size_t>(c)];
    if (std::find(columns.begin(), columns.end(), c) != columns.end()) {
      dropped.push_back(std::move(name));
      continue;
    }
    if (kept != c) X.matrix.col(kept) = X.matrix.col(c);
    ++kept;
    names.push_back(std::move(name));
  }
  X.matrix.conservativeResize(Eigen::NoChange, kept);
  X.names = std::move(names);
  return dropped;
}

}  // namespace cuglmm
