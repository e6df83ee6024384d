#include "tests/support/cases.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace cuglmm::test {
namespace {

const std::string folder = CUGLMM_TEST_DATA;

const nlohmann::json& corpus() {
  static const nlohmann::json json = nlohmann::json::parse(std::ifstream(folder + "/cases.json"));
  return json;
}

const nlohmann::json& dataset(const std::string& name) {
  for (const nlohmann::json& d : corpus().at("datasets")) {
    if (d.at("name") == name) return d;
  }
  throw std::out_of_range("no data set " + name);
}

Contrasts contrasts_kind(const std::string& name) {
  static const std::map<std::string, Contrasts> kinds = {{"contr.treatment", Contrasts::treatment},
                                                         {"contr.sum", Contrasts::sum},
                                                         {"contr.helmert", Contrasts::helmert},
                                                         {"contr.poly", Contrasts::poly}};
  return kinds.at(name);
}

/// jsonlite writes a vector of length one as a scalar.
std::vector<std::string> strings(const nlohmann::json& json, const char* key) {
  if (!json.contains(key)) return {};
  if (json.at(key).is_string()) return {json.at(key).get<std::string>()};
  return json.at(key).get<std::vector<std::string>>();
}

}  // namespace

Case parse_case(const nlohmann::json& json) {
  Case c;
  c.id = json.at("id");
  c.data = json.at("data");
  c.formula = json.at("formula");
  c.family = json.at("family");
  c.link = json.at("link");
  c.weights = json.value("weights", "");
  c.offset = json.value("offset", "");
  c.subset = json.value("subset", "");
  c.mutate = strings(json, "mutate");
  if (json.contains("contrasts")) {
    for (const auto& [name, kind] : json.at("contrasts").items()) c.contrasts[name] = contrasts_kind(kind);
  }
  c.nagq = json.value("nAGQ", 1);
  c.reml = json.value("REML", false);
  c.stage = json.value("stage", "now");
  c.json = std::make_shared<const nlohmann::json>(json);
  return c;
}

const std::vector<Case>& reference_cases() {
  static const std::vector<Case> cases = [] {
    std::vector<Case> out;
    for (const nlohmann::json& json : corpus().at("cases")) out.push_back(parse_case(json));
    return out;
  }();
  return cases;
}

const Case& reference_case(const std::string& id) {
  for (const Case& c : reference_cases()) {
    if (c.id == id) return c;
  }
  throw std::out_of_range("no case " + id);
}

ReadOptions read_options(const std::string& name) {
  ReadOptions options;
  for (const nlohmann::json& column : dataset(name).at("columns")) {
    const std::string column_name = column.at("name"), type = column.at("type");
    if (type == "factor" || type == "ordered") {
      (type == "factor" ? options.factor : options.ordered).push_back(column_name);
      options.levels[column_name] = column.at("levels").get<std::vector<std::string>>();
    } else {
      options.numeric.push_back(column_name);
    }
  }
  return options;
}

Data reference_data(const std::string& name) {
  static std::map<std::string, Data> read;  // many cases share a data set
  const auto known = read.find(name);
  if (known != read.end()) return known->second;
  const std::string file = dataset(name).at("file");  // "data/Exam.csv"
  return read.emplace(name, read_table(folder + file.substr(file.find('/')), read_options(name)))
      .first->second;
}

Data make_data(const Case& c) {
  Data data = reference_data(c.data);
  for (const std::string& definition : c.mutate) mutate(data, definition);
  return c.subset.empty() ? data : filter(data, c.subset);
}

ModelOptions model_options(const Case& c) {
  ModelOptions options;
  options.weights = c.weights;
  options.offset = c.offset;
  options.contrasts = c.contrasts;
  return options;
}

Model make_model(const Case& c, const Family& family) {
  return Model(c.formula, make_data(c), family, model_options(c));
}

Model make_model(const Case& c) { return make_model(c, parse_family(c.family, c.link)); }

}  // namespace cuglmm::test
