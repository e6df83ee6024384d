/// cuglmm data
#include <cuglmm/data.hpp>

#include <memory>

#include <cuglmm/error.hpp>
#include <host/cli/command.hpp>
#include <host/cli/problem.hpp>

namespace cuglmm::cli {

namespace {

struct Arguments {
  std::string file;
  ReadArguments read;
};

}  // namespace

Command add_data(CLI::App& program) {
  CLI::App* app =
      program.add_subcommand("data", "What the columns of a file hold, as R's summary() shows them");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("file", arguments->file, "CSV with a header line; '-': standard input; .gz too")
      ->type_name("FILE");
  add_options(*app, arguments->read);
  return {app, [arguments] {
            if (arguments->file.empty()) throw Error("a file is needed: cuglmm data FILE.csv");
            write_text("-", summary(load_data(arguments->file, arguments->read)));
            return 0;
          }};
}

}  // namespace cuglmm::cli
