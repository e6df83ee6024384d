/// The response of each family, and what a family cannot take.
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "cuglmm/family.hpp"
#include "host/model/frame.hpp"

namespace cuglmm {

struct Response {
  Eigen::VectorXd y;        ///< n: binomial: proportion of successes
  Eigen::VectorXd weights;  ///< n: binomial: number of trials
  std::string success_level;
  std::vector<std::string> messages;
};

/// `name` is the response's in the frame; `weights` are the prior weights, ones if there are none. Throws
/// Error that names the first data row that is out of the family's range.
Response make_response(const Frame& frame, const std::string& name, const Family& family,
                       Eigen::VectorXd weights);

}  // namespace cuglmm
