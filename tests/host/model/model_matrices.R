# Writes model_matrices.json beside this file: what lme4 makes of formulas and data, before any fit.
#   Rscript tests/host/model/model_matrices.R
# Needs R with lme4 and jsonlite. Columns are given by four numbers: sum, sum of i * x_i, first and last value.
suppressMessages({ library(lme4); library(jsonlite) })
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1]))
data_folder <- file.path(here, "..", "..", "data")
corpus <- read_json(file.path(data_folder, "cases.json"))

read_data <- function(name) {
  description <- Filter(function(d) d$name == name, corpus$datasets)[[1]]
  d <- read.csv(file.path(data_folder, basename(description$file)), colClasses = "character")
  for (column in description$columns) {
    x <- d[[column$name]]
    d[[column$name]] <- switch(column$type, double = as.numeric(x), integer = as.integer(x),
      factor = factor(x, levels = unlist(column$levels)),
      ordered = factor(x, levels = unlist(column$levels), ordered = TRUE))
  }
  d
}

# Cases beyond the corpus: what its formulas do not reach.
extra <- function(id, data, formula, ..., family = "gaussian", link = "identity")
  list(id = id, data = data, formula = formula, family = family, link = link, ...)
extras <- list(
  extra("nested_three", "VerbAgg", "Anger ~ 1 + (1 | btype/situ/mode)"),
  extra("interaction_of_three", "VerbAgg", "Anger ~ Gender + (Gender | mode:btype:situ)"),
  extra("double_bar_factor", "Machines", "score ~ Machine + (Machine || Worker)"),
  extra("double_bar_nested", "VerbAgg", "Anger ~ Gender + (1 + Gender || btype/situ)"),
  extra("double_bar_interaction", "sleepstudy", "Reaction ~ Days * w + (Days * w || Subject)"),
  extra("ties_and_two_terms", "VerbAgg", "Anger ~ 1 + (1 | mode) + (btype | situ) + (0 + Anger | situ) + (1 | item)"),
  extra("ties_in_order", "VerbAgg", "Anger ~ 1 + (1 | item) + (1 | mode) + (1 | situ)"),
  extra("contrasts_of_x_only", "VerbAgg", "Anger ~ btype * situ + (btype | item)",
        contrasts = list(btype = "contr.sum", situ = "contr.helmert")),
  extra("logical_interaction", "Exam", "normexam ~ 0 + big * sex + (0 + big | school)", mutate = list("big = standLRT > 0.5")),
  extra("number_as_group", "cbpp", "incidence ~ 1 + (1 | size)"),
  extra("nested_fixed", "VerbAgg", "Anger ~ btype / situ + Gender %in% mode + (1 | item)"),
  extra("removal", "VerbAgg", "Anger ~ (btype + situ + mode)^2 - situ:mode - situ + (1 | item) - 1"),
  extra("no_margins", "VerbAgg", "Anger ~ btype:situ + (1 | item)"),
  extra("polynomial_by_factor", "cake", "angle ~ poly(temp, 2):recipe + temperature + (temperature | replicate)"),
  extra("ordered_sum", "cake", "angle ~ temperature + (1 | replicate)", contrasts = list(temperature = "contr.sum")),
  extra("rank_deficient_twice", "VerbAgg", "Anger ~ btype:situ + btype * situ + I(2 * Anger) + I(3 - Anger) + (1 | item)"),
  extra("more_columns_dropped", "Exam", "normexam ~ vr * intake * type + schgend + (1 | school)"),
  extra("matrix_of_columns", "Exam", "normexam ~ cbind(standLRT, 2 * schavg) * sex + (cbind(a = standLRT) | school)"),
  extra("missing_and_scale", "airquality", "Ozone ~ scale(Wind) + Solar.R + offset(Wind / 10) + (1 | Month)", offset = "Temp"),
  extra("missing_weights", "airquality", "Wind ~ Temp + (1 | Month)", weights = "Solar.R"),
  extra("logical_response", "Exam", "normexam > 0 ~ schavg + (1 | school)", family = "binomial", link = "logit"),
  extra("counts_and_weights", "cbpp", "cbind(incidence, size - incidence) ~ period + (1 | herd)", weights = "size",
        family = "binomial", link = "logit"))

summarise <- function(name, m) {
  m <- as.matrix(m); n <- nrow(m)
  list(name = name, columns = as.list(colnames(m)), sum = unname(colSums(m)), weighted = unname(colSums(m * seq_len(n))),
       first = unname(m[1, ]), last = unname(m[n, ]))
}

respond <- function(fr, family) {
  y <- model.response(fr); nobs <- NROW(y)
  weights <- model.weights(fr); if (is.null(weights)) weights <- rep(1, nobs)
  offset <- model.offset(fr); if (is.null(offset)) offset <- rep(0, nobs)
  etastart <- mustart <- start <- NULL
  if (family == "binomial") eval(binomial()$initialize)
  list(summarise("y", cbind(y = as.numeric(y))), summarise("weights", cbind(weights)), summarise("offset", cbind(offset)))
}

term_matrix <- function(Zt, columns) {
  q <- length(columns)
  m <- vapply(seq_len(q), function(c) Matrix::colSums(Zt[seq(c, nrow(Zt), by = q), , drop = FALSE]), numeric(ncol(Zt)))
  colnames(m) <- columns
  m
}

make <- function(case) {
  d <- read_data(case$data)
  for (definition in unlist(case$mutate)) {
    side <- regmatches(definition, regexpr("=", definition), invert = TRUE)[[1]]
    d[[trimws(side[1])]] <- eval(parse(text = side[2]), d)
  }
  if (!is.null(case$subset)) d <- d[eval(parse(text = case$subset), d) %in% TRUE, ]
  linear <- case$family == "gaussian" && case$link == "identity"
  # The family matters for lme4's checks only; those of the response are ours.
  arguments <- list(as.formula(case$formula), quote(d), contrasts = lapply(case$contrasts, as.character))
  if (!length(case$contrasts)) arguments$contrasts <- NULL
  for (option in c("weights", "offset")) if (!is.null(case[[option]])) arguments[[option]] <- str2lang(case[[option]])
  if (!linear) arguments$family <- quote(poisson)
  parsed <- suppressMessages(eval(as.call(c(if (linear) quote(lFormula) else quote(glFormula), arguments))))
  re <- parsed$reTrms
  names(re$cnms) -> groups
  terms <- lapply(seq_along(re$cnms), function(j) summarise(groups[j], term_matrix(re$Ztlist[[j]], re$cnms[[j]])))
  factors <- lapply(names(re$flist), function(f) list(name = f, nlevels = nlevels(re$flist[[f]]),
    levels = as.list(head(levels(re$flist[[f]]), 8)), weighted = sum(as.numeric(as.integer(re$flist[[f]]) - 1) * seq_len(nrow(parsed$fr)))))
  c(case[intersect(names(case), c("id", "data", "formula", "family", "link", "mutate", "subset", "weights", "offset", "contrasts"))],
    list(nobs = nrow(parsed$fr), dropped_columns = as.list(names(attr(parsed$X, "col.dropped"))), X = summarise("X", parsed$X),
         response = respond(parsed$fr, case$family), terms = terms, assign = as.list(attr(re$flist, "assign") - 1), factors = factors))
}

fitted <- Filter(function(c) c$stage == "now" && is.null(c$program), corpus$cases)
json <- lapply(c(fitted, extras), function(case) { message(case$id); make(case) })
write_json(json, file.path(here, "model_matrices.json"), auto_unbox = TRUE, digits = NA, pretty = FALSE)
