// Writes twenty bootstrap replicates for tests/lme4/refit.R: the responses, and what our refits say about
// them. Usage: cuglmm_export_replicates FOLDER_OF_DATA FOLDER_OF_RESULTS
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cuglmm/cuglmm.hpp>

namespace {

using namespace cuglmm;

/// Successes or counts: a column per replicate, a row per row of the data; and a row per replicate of
/// estimates.
void export_replicates(const std::string& name, const Model& model, const std::string& folder) {
  const Fit original = fit(model);
  const Eigen::MatrixXd Y = simulate(original, 10, 20240105);
  const Fits refits = refit(original, Y, {.tolerance = 1e-10});
  std::ofstream responses(folder + "/" + name + "_responses.csv"),
      estimates(folder + "/" + name + "_estimates.csv");
  const bool binomial = model.family.kind == FamilyKind::binomial;
  for (Eigen::Index c = 0; c < Y.cols(); ++c) fmt::print(responses, "{}y{}", c ? "," : "", c + 1);
  for (Eigen::Index i = 0; i < Y.rows(); ++i)
    for (Eigen::Index c = 0; c < Y.cols(); ++c)
      fmt::print(responses, "{}{:.0f}", c ? "," : "\n", Y(i, c) * (binomial ? model.weights[i] : 1));
  fmt::print(estimates, "status,minus2LogLik");
  for (const std::string& theta : model.theta_names()) fmt::print(estimates, ",theta.{}", theta);
  for (const std::string& beta : model.fixed_names) fmt::print(estimates, ",beta.{}", beta);
  for (Eigen::Index c = 0; c < Y.cols(); ++c) {
    fmt::print(estimates, "\n{},{:.17g}", cuglmm::name(refits.status[static_cast<std::size_t>(c)]),
               refits.minus2_log_likelihood[c]);
    for (const double theta : refits.theta.col(c)) fmt::print(estimates, ",{:.17g}", theta);
    for (const double beta : refits.beta.col(c)) fmt::print(estimates, ",{:.17g}", beta);
  }
  fmt::print(responses, "\n");
  fmt::print(estimates, "\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: cuglmm_export_replicates FOLDER_OF_DATA FOLDER_OF_RESULTS\n");
    return 2;
  }
  try {
    const std::string data = argv[1], results = argv[2];
    export_replicates("cbpp",
                      Model("cbind(incidence, size - incidence) ~ period + (1 | herd)",
                            read_table(data + "/cbpp.csv", {.factor = {"period"}}), binomial()),
                      results);
    export_replicates(
        "epil2",
        Model("y ~ Base * trt + Age + Visit + (Visit | subject)", read_table(data + "/epil2.csv"), poisson()),
        results);
  } catch (const cuglmm::Error& error) {
    fmt::print(stderr, "cuglmm_export_replicates: {}\n", error.what());
    return error.exit_status();
  }
  return 0;
}
