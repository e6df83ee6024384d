/// Families and links.
#pragma once

#include <string>

namespace cuglmm {

enum class FamilyKind { gaussian, binomial, poisson, gamma, inverse_gaussian, negative_binomial };
enum class Link { identity, log, inverse, inverse_squared, sqrt, logit, probit, cloglog, cauchit };

struct Family {
  FamilyKind kind = FamilyKind::gaussian;
  Link link = Link::identity;

  bool canonical() const;
  /// Gaussian with identity link: a linear mixed model.
  bool is_linear() const { return kind == FamilyKind::gaussian && link == Link::identity; }
  std::string name() const;       ///< as R: "binomial", "Gamma"
  std::string link_name() const;  ///< as R: "logit", "1/mu^2"
};

Family gaussian(Link link = Link::identity);
Family binomial(Link link = Link::logit);
Family poisson(Link link = Link::log);

/// From R's spelling: `binomial`, `binomial(link = "probit")`, `binomial("probit")`; `link` "" means the one
/// named in the family or else the canonical one. Throws Error that lists what is known, or what a family
/// allows.
Family parse_family(const std::string& text, const std::string& link = "");

/// Throws Error "family Gamma is not supported yet; ..." where the engine has no functions for a family or
/// link: now all but gaussian identity, binomial logit and Poisson log.
void require_supported(const Family& family);

}  // namespace cuglmm
