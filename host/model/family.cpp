#include "cuglmm/family.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "cuglmm/error.hpp"
#include "host/data/expression.hpp"

namespace cuglmm {
namespace {

struct KindRow {
  FamilyKind kind;
  const char* name;
  std::vector<Link> links;  ///< allowed by R; the default first
};

const std::vector<KindRow>& kinds() {
  static const std::vector<KindRow> rows = {
      {FamilyKind::gaussian, "gaussian", {Link::identity, Link::log, Link::inverse}},
      {FamilyKind::binomial,
       "binomial",
       {Link::logit, Link::probit, Link::cauchit, Link::log, Link::cloglog}},
      {FamilyKind::poisson, "poisson", {Link::log, Link::identity, Link::sqrt}},
      {FamilyKind::gamma, "Gamma", {Link::inverse, Link::identity, Link::log}},
      {FamilyKind::inverse_gaussian,
       "inverse.gaussian",
       {Link::inverse_squared, Link::inverse, Link::identity, Link::log}},
      {FamilyKind::negative_binomial, "negative.binomial", {Link::log, Link::sqrt, Link::identity}},
  };
  return rows;
}

struct LinkRow {
  Link link;
  const char* name;
};

constexpr LinkRow links[] = {
    {Link::identity, "identity"},      {Link::log, "log"},         {Link::inverse, "inverse"},
    {Link::inverse_squared, "1/mu^2"}, {Link::sqrt, "sqrt"},       {Link::logit, "logit"},
    {Link::probit, "probit"},          {Link::cloglog, "cloglog"}, {Link::cauchit, "cauchit"},
};

const KindRow& row(FamilyKind kind) {
  return *std::find_if(kinds().begin(), kinds().end(), [&](const KindRow& r) { return r.kind == kind; });
}

std::string link_text(Link link) {
  for (const LinkRow& r : links) {
    if (r.link == link) return r.name;
  }
  return "";
}

const KindRow& find_kind(const std::string& name) {
  std::vector<std::string> names;
  for (const KindRow& r : kinds()) {
    if (r.name == name) return r;
    names.emplace_back(r.name);
  }
  const std::string near = nearest(name, names);
  throw Error(fmt::format("unknown family '{}'{}; known: {}", name,
                          near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                          fmt::join(names, ", ")));
}

Link find_link(const KindRow& family, const std::string& name) {
  std::vector<std::string> allowed;
  for (const Link link : family.links) {
    allowed.push_back(link_text(link));
    if (allowed.back() == name) return link;
  }
  throw Error(
      fmt::format("family {} has no link '{}'; its links: {}", family.name, name, fmt::join(allowed, ", ")));
}

/// The link named in `binomial(link = "probit")`, or "".
std::string link_argument(const Expression& call, const std::string& text) {
  if (call.arguments.empty()) return "";
  const Expression& argument = *call.arguments[0];
  const bool named = call.argument_names[0].empty() || call.argument_names[0] == "link";
  const bool word = argument.kind == Expression::Kind::string || argument.kind == Expression::Kind::name;
  if (call.arguments.size() > 1 || !named || !word) {
    throw Error(with_caret("a family takes a link: binomial(link = \"probit\")", text, argument.position));
  }
  return argument.text;
}

}  // namespace

bool Family::canonical() const { return kind != FamilyKind::negative_binomial && link == row(kind).links[0]; }
std::string Family::name() const { return row(kind).name; }
std::string Family::link_name() const { return link_text(link); }

Family gaussian(Link link) { return {FamilyKind::gaussian, link}; }
Family binomial(Link link) { return {FamilyKind::binomial, link}; }
Family poisson(Link link) { return {FamilyKind::poisson, link}; }

Family parse_family(const std::string& text, const std::string& link) {
  const ExpressionPtr e = parse_expression(text);
  const bool call = e->kind == Expression::Kind::call;
  if (!call && e->kind != Expression::Kind::name) find_kind(text);
  const KindRow& family = find_kind(e->text);
  const std::string named = call ? link_argument(*e, text) : "";
  if (!named.empty() && !link.empty() && named != link) {
    throw Error(fmt::format("two links: '{}' in the family, '{}' beside it; name one", named, link));
  }
  const std::string chosen = named.empty() ? link : named;
  return {family.kind, chosen.empty() ? family.links[0] : find_link(family, chosen)};
}

void require_supported(const Family& family) {
  const bool known = family.kind == FamilyKind::gaussian || family.kind == FamilyKind::binomial ||
                     family.kind == FamilyKind::poisson;
  if (known && family.canonical()) return;
  const std::string what = known ? fmt::format("link {} of family {}", family.link_name(), family.name())
                                 : fmt::format("family {}", family.name());
  throw Error(what +
              " is not supported yet; supported now: gaussian (identity), binomial (logit), poisson (log)");
}

}  // namespace cuglmm
