#include <tests/support/random_model.hpp>

namespace cuglmm::test {

const std::vector<std::string>& separable_structures() {
  static const std::vector<std::string> structures{
      "(1 | g)",     "(x | g)",
      "(x || g)",    "(1 + x + z | g)",
      "(0 + f | g)", "(1 | g) + (0 + x | g)",
      "(1 | a/b)",   "(x | a) + (1 | a:b)",
      "(1 | a/b/c)", "(1 | obs) + (1 | g)",
  };
  return structures;
}

const std::vector<std::string>& crossed_structures() {
  static const std::vector<std::string> structures{
      "(1 | g) + (1 | h)",
      "(1 | g) + (1 | h) + (1 | k)",
      "(1 | obs) + (1 | g) + (1 | h)",
      // vector terms, ||, several terms on a factor
      "(x | g) + (1 | h)",
      "(1 | g) + (x | h)",
      "(x | g) + (z | h)",
      "(1 + x + z | g) + (x | h)",
      "(x || g) + (1 | h)",
      "(x || g) + (z || h)",
      "(1 | g) + (0 + x | g) + (1 | h)",
      "(0 + f | g) + (1 | h)",
      "(0 + f | h) + (0 + f | k)",
      "(x | g) + (1 | h) + (x | k)",
      // partially crossed
      "(1 | g) + (1 | r)",
      "(x | g) + (1 | r)",
      "(1 | g) + (1 | r) + (1 | k)",
      // crossed with nested
      "(1 | a/b) + (1 | h)",
      "(1 | a/b/c) + (1 | h)",
      "(x | a) + (1 | a:b) + (0 + z | h)",
      "(1 | a/b) + (1 | h/k)",
      // interactions
      "(1 | g:h)",
      "(1 | g) + (1 | h) + (1 | g:h)",
      "(1 | g) + (1 | h:k)",
      "(1 | a:b) + (1 | a:k)",
      "(1 | a) + (1 | a:b) + (x | a:k)",
  };
  return structures;
}

const std::vector<std::string>& all_structures() {
  static const std::vector<std::string> structures = [] {
    std::vector<std::string> all = separable_structures();
    all.insert(all.end(), crossed_structures().begin(), crossed_structures().end());
    return all;
  }();
  return structures;
}

bool is_by_row(const std::string& structure) { return structure.find("obs") != std::string::npos; }

std::vector<std::string> linear_structures() {
  std::vector<std::string> structures = all_structures();
  std::erase_if(structures, is_by_row);
  return structures;
}

}  // namespace cuglmm::test
