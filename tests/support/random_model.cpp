#include <tests/support/random_model.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace cuglmm::test {
namespace {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : bits_(seed) {}
  double uniform(double low = 0, double high = 1) {
    return std::uniform_real_distribution<>(low, high)(bits_);
  }
  double normal(double sd = 1) { return std::normal_distribution<>(0, sd)(bits_); }
  int integer(int low, int high) { return std::uniform_int_distribution<>(low, high)(bits_); }
  bool chance(double probability) { return uniform() < probability; }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(integer(0, static_cast<int>(values.size()) - 1))];
  }
  int binomial(int trials, double probability) {
    return std::binomial_distribution<>(trials, probability)(bits_);
  }
  int poisson(double mean) { return std::poisson_distribution<>(mean)(bits_); }

 private:
  std::mt19937_64 bits_;
};

Column numbers(const std::string& name, std::vector<double> values) {
  Column column;
  column.name = name;
  column.numbers = std::move(values);
  return column;
}

/// Levels "g1", "g2", ..
Column factor(const std::string& name, const std::vector<int>& codes) {
  Column column;
  column.name = name;
  column.type = Column::Type::factor;
  column.codes = codes;
  const int levels = *std::max_element(codes.begin(), codes.end()) + 1;
  for (int l = 0; l < levels; ++l) column.levels.push_back(name + std::to_string(l + 1));
  return column;
}

/// Every level once, then the early levels more often: the late ones keep a row or two.
std::vector<int> unbalanced(Draw& draw, int rows, int levels) {
  std::vector<int> codes;
  for (int i = 0; i < rows; ++i)
    codes.push_back(i < levels ? i : static_cast<int>(levels * std::pow(draw.uniform(), 2)));
  return codes;
}

std::vector<int> balanced(Draw& draw, int rows, int levels) {
  std::vector<int> codes;
  for (int i = 0; i < rows; ++i) codes.push_back(i < levels ? i : draw.integer(0, levels - 1));
  return codes;
}

std::vector<double> covariate(Draw& draw, int rows, const std::vector<double>& ties) {
  std::vector<double> values;
  for (int i = 0; i < rows; ++i) values.push_back(ties.empty() ? draw.normal() : draw.one_of(ties));
  return values;
}

/// Everything about a model while it is drawn.
struct Recipe {
  Draw draw;
  int rows;
  bool ties;
  std::vector<Column> columns;
  std::vector<double> eta;  ///< that the responses are drawn from
  std::string fixed, offset;
  ModelOptions options;
};

void add_effect(Recipe& r, const std::vector<int>& codes, double sd) {
  std::vector<double> effects(static_cast<std::size_t>(r.rows));
  for (double& effect : effects) effect = r.draw.normal(sd);
  for (std::size_t i = 0; i < codes.size(); ++i) r.eta[i] += effects[static_cast<std::size_t>(codes[i])];
}

/// x, z numeric; f of 2 or 3 levels; in the fixed effects in several ways.
void add_covariates(Recipe& r) {
  const std::vector<double> none, x_ties{-1, 0, 0.5, 2}, z_ties{0, 1};
  const std::vector<double> x = covariate(r.draw, r.rows, r.ties ? x_ties : none);
  r.columns.push_back(numbers("x", x));
  r.columns.push_back(numbers("z", covariate(r.draw, r.rows, r.ties ? z_ties : none)));
  r.columns.push_back(factor("f", balanced(r.draw, r.rows, r.draw.integer(2, 3))));
  for (std::size_t i = 0; i < x.size(); ++i) r.eta[i] += 0.2 + 0.5 * x[i];
  r.fixed = r.draw.one_of<std::string>({"1", "x", "x + z", "x + f", "0 + f + x", "x * z"});
}

/// g for one grouping factor; a, b, c nested, with the labels of b and c used again within each level above
/// or not; obs numbers the rows.
void add_groups(Recipe& r) {
  const std::vector<int> g = unbalanced(r.draw, r.rows, r.draw.integer(2, std::max(3, r.rows / 6)));
  const std::vector<int> a = unbalanced(r.draw, r.rows, r.draw.integer(2, std::max(3, r.rows / 15)));
  std::vector<int> b = balanced(r.draw, r.rows, 3), c = balanced(r.draw, r.rows, 2), obs;
  const bool labels_again = r.draw.chance(0.5);
  for (int i = 0; i < r.rows; ++i) {
    const auto row = static_cast<std::size_t>(i);
    if (!labels_again) b[row] += 3 * a[row];
    if (!labels_again) c[row] += 2 * b[row];
    obs.push_back(i);
  }
  add_effect(r, g, 0.5);
  add_effect(r, a, 0.5);
  for (const auto& [name, codes] : {std::pair{"g", g}, {"a", a}, {"b", b}, {"c", c}, {"obs", obs}})
    r.columns.push_back(factor(name, codes));
}

/// h and k are crossed with g and a, k with few levels; a level of g meets three of r's at most: partially
/// crossed.
void add_crossed_groups(Recipe& r) {
  const std::vector<int> h = unbalanced(r.draw, r.rows, r.draw.integer(2, std::max(3, r.rows / 8)));
  const std::vector<int> k = balanced(r.draw, r.rows, r.draw.integer(2, 4));
  const int windows = r.draw.integer(3, 6);
  const auto group = [](const Column& column) { return column.name == "g"; };
  const std::vector<int> g = std::find_if(r.columns.begin(), r.columns.end(), group)->codes;
  std::vector<int> partial;
  for (const int level : g) partial.push_back((level + r.draw.integer(0, 2)) % windows);
  for (int l = 0; l < windows; ++l) partial[static_cast<std::size_t>(l)] = l;  // no level without a row
  add_effect(r, h, 0.5);
  add_effect(r, k, 0.3);
  for (const auto& [name, codes] : {std::pair{"h", h}, {"k", k}, {"r", partial}})
    r.columns.push_back(factor(name, codes));
}

void add_offset(Recipe& r) {
  if (!r.draw.chance(0.3)) return;
  const std::vector<double> none, ties{0, 0.4};
  const std::vector<double> offset = covariate(r.draw, r.rows, r.ties ? ties : none);
  r.columns.push_back(numbers("off", offset));
  for (std::size_t i = 0; i < offset.size(); ++i) r.eta[i] += offset[i];
  if (r.draw.chance(0.5))
    r.offset = " + offset(off)";
  else
    r.options.offset = "off";
}

void add_weights(Recipe& r, FamilyKind family) {
  if (!r.draw.chance(0.3)) return;
  std::vector<double> weights;
  for (int i = 0; i < r.rows; ++i)
    weights.push_back(family == FamilyKind::gaussian ? r.draw.uniform(0.3, 3) : r.draw.integer(1, 4));
  r.columns.push_back(numbers("w", weights));
  r.options.weights = "w";
}

std::string add_gaussian_response(Recipe& r) {
  const double sigma = r.draw.uniform(0.4, 2);
  std::vector<double> y;
  for (const double eta : r.eta) y.push_back(3 + eta + r.draw.normal(sigma));
  r.columns.push_back(numbers("y", y));
  return "y";
}

/// Adds the columns of the response and returns the left-hand side. Rows 0 and 1 differ: a response that is
/// constant is an error.
std::string add_response(Recipe& r, FamilyKind family) {
  if (family == FamilyKind::gaussian) return add_gaussian_response(r);
  const bool counts = family == FamilyKind::binomial && r.draw.chance(0.5);
  std::vector<double> y, failures;
  for (const double eta : r.eta) {
    const double mu = 1 / (1 + std::exp(-eta));
    if (family == FamilyKind::poisson) {
      y.push_back(r.draw.poisson(std::exp(std::min(eta, 3.0))));
    } else {
      const int trials = !counts ? 1 : r.draw.chance(0.03) ? 0 : r.draw.integer(1, 12);
      y.push_back(r.draw.binomial(trials, mu));
      failures.push_back(trials - y.back());
    }
  }
  y[0] = 0;
  y[1] = 1;
  r.columns.push_back(numbers("y", y));
  if (!counts) return "y";
  failures[0] = 2;
  r.columns.push_back(numbers("failures", failures));
  return "cbind(y, failures)";
}

std::string draw_structure(Draw& draw, const RandomModelOptions& options) {
  std::vector<std::string> structures = options.any_structure ? all_structures() : separable_structures();
  if (options.family == FamilyKind::gaussian) std::erase_if(structures, is_by_row);
  return draw.one_of(structures);
}

Family family_of(FamilyKind kind) {
  if (kind == FamilyKind::gaussian) return gaussian();
  return kind == FamilyKind::binomial ? binomial() : poisson();
}

}  // namespace

Model random_model(std::uint64_t seed, const RandomModelOptions& options) {
  Draw draw(seed);
  const std::string random =
      options.random_effects.empty() ? draw_structure(draw, options) : options.random_effects;
  const FamilyKind family =
      options.family.value_or(draw.chance(0.6) ? FamilyKind::binomial : FamilyKind::poisson);
  const int rows = draw.integer(options.min_rows, options.max_rows);
  const bool ties = options.ties.value_or(draw.chance(0.6));
  Recipe r{draw, rows, ties, {}, std::vector<double>(static_cast<std::size_t>(rows)), "", "", {}};
  add_covariates(r);
  add_groups(r);
  const auto& separable = separable_structures();
  if (std::find(separable.begin(), separable.end(), random) == separable.end()) add_crossed_groups(r);
  add_offset(r);
  add_weights(r, family);
  const std::string response = add_response(r, family);
  return Model(response + " ~ " + r.fixed + r.offset + " + " + random, Data(r.columns, "random model"),
               family_of(family), r.options);
}

Psi random_psi(const Model& model, std::uint64_t seed, bool singular) {
  Draw draw(seed ^ 0x5deece66dULL);  // not the numbers that drew the model
  Psi psi{Eigen::VectorXd(model.theta_size()), Eigen::VectorXd(model.X.cols())};
  for (double& beta : psi.beta) beta = draw.normal(0.5);
  const int singular_term = singular ? draw.integer(0, static_cast<int>(model.terms.size()) - 1) : -1;
  Eigen::Index k = 0;
  for (std::size_t j = 0; j < model.terms.size(); ++j) {
    const int q = model.terms[j].size();
    const bool zero = draw.chance(0.4) || q == 1, zero_column = draw.chance(0.5);
    const int deficient = draw.integer(0, q - 1);
    for (int c = 0; c < q; ++c)
      for (int row = c; row < q; ++row) {
        double value = row == c ? draw.uniform(0.2, 1.2) : draw.normal(0.4);
        if (row == c && draw.chance(0.1)) value = -value;
        const bool vanishes = zero || (c == deficient && (row == c || zero_column));
        psi.theta[k++] = static_cast<int>(j) == singular_term && vanishes ? 0 : value;
      }
  }
  return psi;
}

}  // namespace cuglmm::test
