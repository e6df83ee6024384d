/// Fits that several tests start from: one of each kind of kernel.
#pragma once

#include <string>

#include <cuglmm/cuglmm.hpp>

namespace cuglmm::test {

inline Fit cbpp_fit(const std::string& device = "cpu") {
  return fit(Model("cbind(incidence, size - incidence) ~ period + (1 | herd)",
                   read_table(CUGLMM_TEST_DATA "/cbpp.csv", {.factor = {"period"}}), binomial()),
             {.device = device});
}

inline Fit epilepsy_fit(const std::string& device = "cpu") {
  return fit(Model("y ~ Base * trt + Age + Visit + (Visit | subject)",
                   read_table(CUGLMM_TEST_DATA "/epil2.csv"), poisson()),
             {.device = device});
}

inline Fit grouseticks_fit(const std::string& device = "cpu") {
  return fit(Model("TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
                   read_table(CUGLMM_TEST_DATA "/grouseticks.csv", {.factor = {"YEAR"}}), poisson()),
             {.device = device});
}

inline Fit crossed_fit(const std::string& device = "cpu") {
  return fit(Model("cbind(incidence, size - incidence) ~ 1 + (1 | herd) + (1 | period)",
                   read_table(CUGLMM_TEST_DATA "/cbpp.csv", {.factor = {"herd", "period"}}), binomial()),
             {.device = device});
}

inline Fit linear_fit(const std::string& device = "cpu") {
  return fit(
      Model("diameter ~ 1 + (1 | plate) + (1 | sample)",
            read_table(CUGLMM_TEST_DATA "/Penicillin.csv", {.factor = {"plate", "sample"}}), gaussian()),
      {.device = device});
}

/// No variance between groups.
inline Fit null_fit(const std::string& device = "cpu") {
  return fit(Model("count ~ x + (x | g)", read_table(CUGLMM_TEST_DATA "/sim_null.csv"), poisson()),
             {.device = device});
}

/// Cells of 20 and more single trials.
inline Fit exam_fit(const std::string& device = "cpu") {
  Data data = read_table(CUGLMM_TEST_DATA "/Exam.csv", {.factor = {"school"}});
  mutate(data, "success = normexam >= 0");
  return fit(Model("success ~ schavg + (1 | school)", data, binomial()), {.device = device});
}

}  // namespace cuglmm::test
