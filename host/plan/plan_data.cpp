#include <host/plan/plan_data.hpp>

#include <algorithm>
#include <cmath>

#include <cuglmm/error.hpp>
#include <host/engine/dense.hpp>
#include <host/plan/arrow.hpp>
#include <host/plan/components.hpp>
#include <host/plan/fronts.hpp>

namespace cuglmm {
namespace {

KernelShape kernel_shape(const Model& model, const Paths& paths) {
  const bool nested = paths.chain == paths.levels() && paths.Q == paths.levels();
  if (nested && paths.Q == 2) return KernelShape::nested_2;
  if (nested && paths.Q == 3) return KernelShape::nested_3;
  if (model.terms.size() != 1) return KernelShape::any;
  switch (paths.Q) {
    case 1:
      return (model.terms[0].Z.array() == 1.0).all() ? KernelShape::one_unit : KernelShape::any;
    case 2:
      return KernelShape::one_2;
    case 3:
      return KernelShape::one_3;
    default:
      return KernelShape::any;
  }
}

void fill_original_rows(const Model& model, PlanData& plan) {
  const Cells& cells = plan.cells;
  const bool binomial = model.family.kind == FamilyKind::binomial;
  std::vector<double>& weights = binomial ? plan.trials : plan.draw_weight;
  std::vector<double>& ones = binomial ? plan.draw_weight : plan.trials;
  weights.reserve(cells.row.size());
  for (const std::int64_t row : cells.row) weights.push_back(model.weights[row]);
  ones.assign(cells.row.size(), 1);
  plan.alike.assign(cells.size(), 0);
  for (std::int64_t i = 0; binomial && i < cells.size(); ++i) {
    const auto begin = plan.trials.begin() + cells.first[i], end = plan.trials.begin() + cells.first[i + 1];
    if (end - begin >= OriginalRows::kFewest &&
        std::all_of(begin, end, [](double trials) { return trials == 1; }))
      plan.alike[i] = static_cast<int>(end - begin);
  }
}

void fill_cells(const Model& model, PlanData& plan) {
  const Cells& cells = plan.cells;
  const auto gather = [&](const auto& column, double* to, int stride) {
    const double* const from = column.data();
    for (const std::int64_t row : cells.model_row) {
      *to = from[row];
      to += stride;
    }
  };
  plan.X.resize(cells.size() * plan.p);
  plan.Z.resize(cells.size() * plan.paths.Q);
  plan.offset.resize(cells.size());
  plan.z_square.resize(plan.paths.Q);
  for (int j = 0; j < plan.p; ++j) gather(model.X.col(j), plan.X.data() + j, plan.p);
  for (std::size_t j = 0; j < model.terms.size(); ++j)
    for (int c = 0; c < model.terms[j].size(); ++c) {
      const int at = plan.paths.terms[j].first + c;
      gather(model.terms[j].Z.col(c), plan.Z.data() + at, plan.paths.Q);
      plan.z_square[at] = model.terms[j].Z.col(c).cwiseAbs2().maxCoeff();
    }
  gather(model.offset, plan.offset.data(), 1);
  fill_original_rows(model, plan);
}

/// log k! up to the largest number of trials that simulation will ask for, within reason.
void fill_log_factorials(PlanData& plan) {
  double largest = 0;
  for (const double trials : plan.trials) largest = std::max(largest, trials);
  for (const int rows : plan.alike) largest = std::max<double>(largest, rows);
  const int size = static_cast<int>(std::min<double>(largest + 1, LogFactorials::kMost));
  long double sum = 0;
  for (int k = 0; k < size; ++k) {
    if (k > 0) sum += std::log(static_cast<long double>(k));
    plan.log_factorials.push_back(static_cast<double>(sum));
  }
}

KernelFamily kernel_family(const Model& model) {
  if (model.is_linear()) return KernelFamily::gaussian;
  return model.family.kind == FamilyKind::poisson ? KernelFamily::poisson_log : KernelFamily::binomial_logit;
}

/// The original rows of the cells from `cell` on.
OriginalRows original_rows(const PlanData& plan, std::int64_t cell) {
  return {plan.cells.first.data() + cell,
          plan.cells.row.data(),
          plan.trials.data(),
          plan.draw_weight.data(),
          plan.alike.data() + cell,
          {plan.log_factorials.data(), static_cast<int>(plan.log_factorials.size())}};
}

/// Of the components, and the sums of their sizes.
void add_components(PlanData& plan) {
  PlanView& view = plan.view;
  for (ComponentData& component : plan.components) {
    const std::int64_t cell = component.cell_first;
    component.u_first = view.u_total;
    component.zy_first = view.zy_total;
    view.u_total += component.u_count;
    view.zy_total += component.leaf_count * plan.paths.Q;
    view.max_storage = std::max(view.max_storage, component.storage);
    view.max_u = std::max(view.max_u, component.u_count);
    view.max_rows = std::max(view.max_rows, component.rows);
    view.max_leaves = std::max(view.max_leaves, component.leaf_count);
    plan.views.push_back({component.view(), plan.X.data() + cell * plan.p,
                          plan.Z.data() + cell * plan.paths.Q, plan.offset.data() + cell,
                          plan.cells.weight.data() + cell, original_rows(plan, cell),
                          component.u_number.data(), component.u_first, component.zy_first});
  }
  view.components = plan.views.data();
  view.component_count = static_cast<int>(plan.views.size());
}

/// The view of the arrow, and the sizes that go by it.
void add_arrow(const Model& model, const PlanOptions& options, ArrowData& arrow, PlanData& plan) {
  ArrowView& view = arrow.view;
  view.X = plan.X.data();
  view.Z = plan.Z.data();
  view.offset = plan.offset.data();
  view.weights = plan.cells.weight.data();
  view.original = original_rows(plan, 0);
  view.dense = &dense_functions();
  view.reml = options.reml;
  if (plan.linear) arrow.add_sums(model, plan);
  plan.fronts = make_fronts(arrow, plan.paths, options.border);
  if (plan.fronts) view.fronts = plan.fronts->view;
  plan.view.separable = false;
  plan.view.arrow = view;
  plan.view.shape = KernelShape::any;
  plan.view.zy_total = plan.view.max_u = view.effects;
  plan.view.u_total = view.effects + (plan.view.profiled && !plan.linear ? plan.p : 0);
  plan.view.max_rows = view.rows;
}

void make_view(const Model& model, const PlanOptions& options, PlanData& plan) {
  PlanView& view = plan.view;
  view = {};
  view.family = kernel_family(model);
  view.shape = kernel_shape(model, plan.paths);
  view.unit_weights = plan.unit_weights;
  view.p = plan.p;
  view.m = plan.paths.m;
  view.Q = plan.paths.Q;
  view.levels = plan.paths.levels();
  view.terms = static_cast<int>(plan.paths.terms.size());
  view.level_first = plan.paths.level_first.data();
  view.term = plan.paths.terms.data();
  view.z_square = plan.z_square.data();
  for (const TermView& t : plan.paths.terms) {
    const int s = t.size * (t.size + 1) / 2;
    view.TT_size += s * s;
    view.largest_term = std::max(view.largest_term, t.size);
  }
  view.profiled = plan.linear || options.nagq == 0;
  view.k = view.m + (view.profiled ? 0 : view.p);
  view.carried = view.profiled ? view.p + 1 : 0;
  view.separable = true;
}

}  // namespace

PlanData::PlanData(const Model& model, const PlanOptions& options)
    : paths(make_paths(model)),
      cells(make_cells(model, paths, options.collapse && !model.is_linear())),
      p(static_cast<int>(model.X.cols())),
      collapsed(options.collapse && !model.is_linear()),
      linear(model.is_linear()),
      model_rows(model.rows()) {
  const bool separable = paths.chain == paths.levels() && !linear && options.nagq != 0 &&
                         options.evaluator != PlanOptions::Evaluator::bordered;
  std::unique_ptr<ArrowData> making;
  if (separable) {
    int cell = 0;
    for (const TreeNode& root : grow_trees(model, paths, cells)) {
      components.push_back(lay_out(root, paths, cell));
      components.back().cell_first = cell;
      cell += components.back().rows;
    }
  } else {
    if (options.evaluator == PlanOptions::Evaluator::separable)
      throw Error("the random effects of this model do not fall into separable components");
    making = std::make_unique<ArrowData>(model, paths, cells);
  }
  unit_weights = std::all_of(cells.weight.begin(), cells.weight.end(), [](double w) { return w == 1; });
  fill_cells(model, *this);
  if (model.family.kind == FamilyKind::binomial) fill_log_factorials(*this);
  make_view(model, options, *this);
  if (separable)
    add_components(*this);
  else
    add_arrow(model, options, *making, *this);
  arrow = std::move(making);
}

PlanData::~PlanData() = default;

}  // namespace cuglmm
