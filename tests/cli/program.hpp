/// Runs the built program as a user would.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace cuglmm::test {

using Words = std::vector<std::string>;

inline std::string data_file(const std::string& name) { return std::string(CUGLMM_TEST_DATA) + "/" + name; }

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A folder of its own for each test; goes with it.
class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "/cuglmm-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct Result {
  int status = -1;  ///< exit status; 128 + signal where it was killed
  std::string out, err;
};

/// A program that is running; its output goes to files.
class Program {
 public:
  explicit Program(const Words& arguments, const std::string& input = "") {
    write_bytes(folder_ / "in", input);
    child_ = fork();
    if (child_ != 0) return;
    redirect(folder_ / "in", O_RDONLY, STDIN_FILENO);
    redirect(folder_ / "out", O_WRONLY | O_CREAT, STDOUT_FILENO);
    redirect(folder_ / "err", O_WRONLY | O_CREAT, STDERR_FILENO);
    std::vector<char*> words{const_cast<char*>("cuglmm")};
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    setenv("CUDA_VISIBLE_DEVICES", "", 1);  // the same on machines with a GPU and without
    execv(CUGLMM_PROGRAM, words.data());
    _exit(126);
  }

  void signal(int number) const { kill(child_, number); }
  /// Is it still at work?
  bool running() const {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid == 0;
  }

  Result wait() const {
    int status = 0;
    waitpid(child_, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_bytes(folder_ / "out"),
            read_bytes(folder_ / "err")};
  }

 private:
  static void redirect(const std::string& path, int flags, int to) {
    dup2(open(path.c_str(), flags, 0600), to);
  }

  Folder folder_;
  pid_t child_ = 0;
};

inline Result run(const Words& arguments, const std::string& input = "") {
  return Program(arguments, input).wait();
}

inline Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The model of the seed: 4059 pupils in 65 schools.
inline Words exam_model() {
  return {"success ~ schavg + (1 | school)",
          "--data",
          data_file("Exam.csv"),
          "--mutate",
          "success = normexam >= 0",
          "--family",
          "binomial"};
}

/// A linear mixed model, family gaussian being the default.
inline Words sleepstudy_model() {
  return {"Reaction ~ Days + (Days | Subject)", "--data", data_file("sleepstudy.csv"), "--factor", "Subject"};
}

inline Words cbpp_model() {
  return {"cbind(incidence, size - incidence) ~ period + (1 | herd)",
          "--data",
          data_file("cbpp.csv"),
          "--factor",
          "herd,period",
          "--family",
          "binomial"};
}

}  // namespace cuglmm::test
