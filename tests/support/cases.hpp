/// The reference corpus (tests/data/cases.json) as models.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cuglmm/model.hpp"

namespace cuglmm::test {

/// One case; see the corpus's README for the fields.
struct Case {
  std::string id, data, formula, family, link;
  std::string weights, offset, subset;  ///< "" where the case has none
  std::vector<std::string> mutate;
  std::map<std::string, Contrasts> contrasts;
  int nagq = 1;
  bool reml = false;
  std::string stage;                           ///< "now" or "later"
  std::shared_ptr<const nlohmann::json> json;  ///< all of it; copies of a case share it

  bool is_linear() const { return family == "gaussian" && link == "identity"; }
  bool has_expected() const { return json->contains("expected"); }
  const nlohmann::json& expected() const { return json->at("expected"); }
};

/// For names of parameterised tests.
inline void PrintTo(const Case& c, std::ostream* out) { *out << c.id; }

Case parse_case(const nlohmann::json& json);
const std::vector<Case>& reference_cases();
/// Throws std::out_of_range if there is none.
const Case& reference_case(const std::string& id);

/// A data set of the corpus, with the column types and levels that cases.json gives.
Data reference_data(const std::string& name);
/// The options that give `read_table` those types.
ReadOptions read_options(const std::string& name);

/// The data of a case after its mutate and subset.
Data make_data(const Case& c);
ModelOptions model_options(const Case& c);
Model make_model(const Case& c);
Model make_model(const Case& c, const Family& family);

}  // namespace cuglmm::test
