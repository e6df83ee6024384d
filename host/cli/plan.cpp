/// cuglmm plan
#include <cuglmm/plan.hpp>

#include <memory>

#include <host/cli/command.hpp>
#include <host/cli/problem.hpp>

namespace cuglmm::cli {

namespace {

struct Arguments {
  ModelArguments model;
  EngineArguments engine;
};

}  // namespace

Command add_plan(CLI::App& program) {
  CLI::App* app = program.add_subcommand("plan",
                                         "How a model would be computed: rows after collapse, components, "
                                         "lanes, memory; no fit");
  const auto arguments = std::make_shared<Arguments>();
  add_options(*app, arguments->model);
  add_options(*app, arguments->engine);
  return {app, [arguments] {
            const Problem problem = load(arguments->model, arguments->engine);
            std::string text = Plan(*problem.model, problem.options.plan()).describe();
            if (!text.ends_with('\n')) text += '\n';
            write_text("-", text);
            return 0;
          }};
}

}  // namespace cuglmm::cli
