#include <cuglmm/plan.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <host/engine/simd.hpp>
#include <host/plan/plan_data.hpp>

namespace cuglmm {
namespace {

std::string structure(const Model& model, const Paths& paths) {
  std::string text;
  for (int level = paths.levels() - 1; level >= 0; --level) {
    const GroupingFactor& factor = model.factors[paths.factor[level]];
    text += fmt::format("{}{} ({} levels, {} effect{} each)", text.empty() ? "" : " > ", factor.name,
                        factor.levels.size(), paths.own(level), paths.own(level) == 1 ? "" : "s");
  }
  return text;
}

std::string size_text(double bytes) {
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", bytes / 1024);
  return fmt::format("{:.1f} MiB", bytes / (1024 * 1024));
}

}  // namespace

Plan::Plan(const Model& model, bool collapse) : data_(std::make_shared<const PlanData>(model, collapse)) {
  const PlanData& data = *data_;
  const CpuFunctions& cpu = cpu_functions("auto");
  const auto [smallest, largest] =
      std::minmax_element(data.components.begin(), data.components.end(),
                          [](const ComponentData& a, const ComponentData& b) { return a.rows < b.rows; });
  description_ = fmt::format(
      "rows          {} in use, {} after collapse{}\n"
      "structure     {}\n"
      "parameters    {} of theta, {} of beta\n"
      "random effects {}, path of {} per row\n"
      "components    {} ({} to {} rows each)\n"
      "border        none: the components are separable\n"
      "evaluator     separable, eliminated leaf first\n"
      "lanes         {}: one fit {} components at a time, batches {} problems at a time per thread\n"
      "memory        {} per problem in flight\n",
      data.model_rows, data.cells.size(), data.collapsed ? "" : " (not asked for)",
      structure(model, data.paths), data.paths.m, data.p, data.view.u_total, data.paths.Q,
      data.components.size(), smallest->rows, largest->rows, cpu.name, cpu.pack_width,
      cpu.batch_width(data.view), size_text(double(cpu.batch_bytes(data.view)) / cpu.batch_width(data.view)));
}

std::string Plan::describe() const { return description_; }
std::int64_t Plan::rows() const { return data_->cells.size(); }
std::int64_t Plan::components() const { return static_cast<std::int64_t>(data_->components.size()); }
int Plan::depth() const { return data_->paths.levels(); }

}  // namespace cuglmm
