/// Subcommands: each adds itself to the program and says what it does when it is called.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace cuglmm::cli {

/// Does the work; returns the exit status.
using Action = std::function<int()>;

struct Command {
  CLI::App* app = nullptr;
  Action run;
};

Command add_fit(CLI::App& program);
Command add_bootstrap(CLI::App& program, const std::string& command_line);
Command add_data(CLI::App& program);
Command add_plan(CLI::App& program);
Command add_info(CLI::App& program);

/// Writes text to a file, or to standard output where path is "-". Throws Error (io).
void write_text(const std::string& path, const std::string& text);

}  // namespace cuglmm::cli
