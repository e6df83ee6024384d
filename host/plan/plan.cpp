#include <cuglmm/plan.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <host/engine/simd.hpp>
#include <host/plan/arrow.hpp>

namespace cuglmm {
namespace {

/// The factors of levels [begin, end), the coarsest first.
std::string structure(const Model& model, const Paths& paths, int begin, int end, const char* separator) {
  std::string text;
  for (int level = end - 1; level >= begin; --level) {
    const GroupingFactor& factor = model.factors[paths.factor[level]];
    text += fmt::format("{}{} ({} levels, {} effect{} each)", text.empty() ? "" : separator, factor.name,
                        factor.levels.size(), paths.own(level), paths.own(level) == 1 ? "" : "s");
  }
  return text;
}

std::string size_text(double bytes) {
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", bytes / 1024);
  return fmt::format("{:.1f} MiB", bytes / (1024 * 1024));
}

}  // namespace

namespace {

std::string describe_border(const Model& model, const PlanData& data) {
  if (!data.arrow) return "none: the components are separable";
  const ArrowView& arrow = data.view.arrow;
  if (arrow.border == 0) return "none: one component per tree";
  const std::string text =
      fmt::format("{} random effects: {}", arrow.border,
                  structure(model, data.paths, data.paths.chain, data.paths.levels(), ", "));
  if (!arrow.sparse()) return text;
  const double n = arrow.border, values = static_cast<double>(arrow.fronts.values);
  return fmt::format("{}; sparse, {} fronts of up to {} effects, {:.2g} % of a dense triangle", text,
                     arrow.fronts.count, arrow.fronts.largest, 200 * values / (n * (n + 1)));
}

std::string describe_evaluator(const PlanData& data) {
  if (data.linear) return "gaussian, beta and sigma profiled out; an evaluation does not touch the rows";
  if (!data.arrow) return "separable, eliminated leaf first";
  return data.view.profiled ? "bordered, beta joins the random effects (nAGQ = 0)"
                            : "bordered, eliminated leaf first";
}

std::string describe_components(const PlanData& data) {
  std::int64_t count = 0, smallest = data.cells.size(), largest = 0;
  const auto add = [&](std::int64_t rows) {
    ++count;
    smallest = std::min(smallest, rows);
    largest = std::max(largest, rows);
  };
  for (const ComponentData& component : data.components) add(component.rows);
  if (data.arrow) {
    // Cells stand tree by tree.
    const int F = data.paths.levels(), top = data.paths.chain - 1;
    std::int64_t begin = 0;
    for (std::int64_t i = 1; i <= data.cells.size(); ++i)
      if (i == data.cells.size() || data.arrow->effect[i * F + top] != data.arrow->effect[begin * F + top]) {
        add(i - begin);
        begin = i;
      }
  }
  return fmt::format("{} ({} to {} rows each)", count, smallest, largest);
}

}  // namespace

Plan::Plan(const Model& model, const PlanOptions& options)
    : data_(std::make_shared<const PlanData>(model, options)) {
  const PlanData& data = *data_;
  const CpuFunctions& cpu = cpu_functions("auto");
  const std::int64_t effects = data.arrow ? data.view.arrow.effects : data.u_total();
  description_ = fmt::format(
      "rows          {} in use, {} after collapse{}\n"
      "structure     {}\n"
      "parameters    {} of theta, {} of beta\n"
      "random effects {}, path of {} per row\n"
      "components    {}\n"
      "border        {}\n"
      "evaluator     {}\n"
      "lanes         {}: one fit {} {} at a time, batches {} problems at a time per thread\n"
      "memory        {} per problem in flight\n",
      data.model_rows, data.cells.size(),
      data.collapsed ? ""
      : data.linear  ? " (linear models need none)"
                     : " (not asked for)",
      structure(model, data.paths, 0, data.paths.chain, " > "), data.paths.m, data.p, effects, data.paths.Q,
      describe_components(data), describe_border(model, data), describe_evaluator(data), cpu.name,
      cpu.pack_width, data.arrow ? "rows" : "components", cpu.batch_width(data.view),
      size_text(double(cpu.batch_bytes(data.view)) / cpu.batch_width(data.view)));
}

std::string Plan::describe() const { return description_; }
std::int64_t Plan::rows() const { return data_->cells.size(); }
std::int64_t Plan::components() const {
  if (data_->arrow)
    return std::count_if(data_->arrow->nodes.begin(), data_->arrow->nodes.end(),
                         [&](const ArrowNode& node) { return node.factor == data_->paths.chain - 1; });
  return static_cast<std::int64_t>(data_->components.size());
}
std::int64_t Plan::border() const { return data_->arrow ? data_->view.arrow.border : 0; }
int Plan::depth() const { return data_->paths.chain; }

}  // namespace cuglmm
