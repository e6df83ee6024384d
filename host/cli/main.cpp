/// The program: parses the command line, runs one subcommand, turns errors into a line and an exit status.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include <cuglmm/error.hpp>
#include <host/cli/command.hpp>
#include <host/data/expression.hpp>
#include <host/report/json.hpp>
#include <host/report/output_file.hpp>

namespace cuglmm::cli {

namespace {

/// What was typed, quoted where a shell would need it.
std::string command_line(int argc, char** argv) {
  std::string out = "cuglmm";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool plain = !word.empty() && word.find_first_of(" '\"()|~*<>&;$`\\\t\n") == std::string::npos;
    std::string quoted;
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += plain ? " " + word : " '" + quoted + "'";
  }
  return out;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  return near.empty() ? "" : fmt::format("; did you mean '{}'?", near);
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> out;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  return out;
}

/// Arguments that the command did not take: an unknown option first, since what follows it is then astray
/// too.
void refuse_extras(const CLI::App& command) {
  const std::vector<std::string> extras = command.remaining();
  if (extras.empty()) return;
  for (const std::string& extra : extras) {
    if (extra.size() < 2 || extra[0] != '-') continue;
    const std::string option = extra.substr(0, extra.find('='));
    throw Error(fmt::format("{}: unknown option {}{}\nsee cuglmm {} --help", command.get_name(), option,
                            did_you_mean(option, option_names(command)), command.get_name()));
  }
  throw Error(fmt::format("{}: unexpected argument '{}'; put a formula in quotes, options begin with --",
                          command.get_name(), extras.front()));
}

/// CLI11's errors in our words: "Could not convert: --threads = two", "--family: 1 required F missing".
std::string explain(const CLI::ParseError& error) {
  const std::string what = error.what(), conversion = "Could not convert: ";
  const std::size_t equals = what.find(" = ");
  if (what.starts_with(conversion) && equals != std::string::npos)
    return fmt::format("{} {}: not a number of the kind it takes",
                       what.substr(conversion.size(), equals - conversion.size()), what.substr(equals + 3));
  const std::string option = what.substr(0, what.find(':'));
  if (what.ends_with("missing")) return fmt::format("{} needs a value", option);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
    return fmt::format("{} is given twice", option);
  return what;
}

[[noreturn]] void refuse_command(const CLI::App& program, const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.app->get_name());
  const std::vector<std::string> words = program.remaining();
  if (words.empty())
    throw Error(fmt::format("a command is needed: {}\nsee cuglmm --help", fmt::join(names, ", ")));
  throw Error(fmt::format("no command '{}'{}\ncommands: {}", words.front(),
                          did_you_mean(words.front(), names), fmt::join(names, ", ")));
}

int run(int argc, char** argv) {
  CLI::App program("Generalized linear mixed models as lme4 fits them, in batches", "cuglmm");
  program.set_version_flag("--version", "cuglmm " + version());
  program.allow_extras();
  program.footer("Exit status: 0 done, 1 not converged, 2 usage or data, 3 files, 4 device.");
  const std::vector<Command> commands{add_fit(program), add_bootstrap(program, command_line(argc, argv)),
                                      add_data(program), add_plan(program), add_info(program)};
  for (const Command& command : commands) command.app->allow_extras();
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return program.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    throw Error(explain(error));
  }
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    refuse_extras(*command.app);
    return command.run();
  }
  refuse_command(program, commands);
}

int complain(const std::string& what, int status) {
  fmt::print(stderr, "cuglmm: {}\n", what);
  return status;
}

}  // namespace

void write_text(const std::string& path, const std::string& text) {
  if (path != "-") {
    OutputFile file(path);
    file.write(text);
    return file.close();
  }
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw Error("cannot write to standard output", Error::Kind::io);
}

}  // namespace cuglmm::cli

int main(int argc, char** argv) {
  using namespace cuglmm;
  try {
    return cli::run(argc, argv);
  } catch (const Error& error) {
    return cli::complain(error.what(), error.exit_status());
  } catch (const std::bad_alloc&) {
    return cli::complain("not enough memory; a bootstrap takes --memory-limit", 2);
  } catch (const std::exception& error) {
    return cli::complain(fmt::format("internal error: {}; please report it with the command", error.what()),
                         2);
  }
}
