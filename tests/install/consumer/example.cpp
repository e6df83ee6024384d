#include <cuglmm/cuglmm.hpp>
#include <iostream>

int main() {
  using namespace cuglmm;
  Data pupils = read_table("tests/data/Exam.csv");
  mutate(pupils, "success = normexam >= 0");

  const Model model("success ~ schavg + (1 | school)", pupils, binomial());
  const Fit f = fit(model);
  const Fits replicates = bootstrap(f, {.replicates = 10'000, .seed = 1});

  std::cout << summary(f) << table(confint(f, replicates));
}
