# Refits in lme4 what cuglmm_export_replicates wrote, and compares: the same optimum to 1e-6, and the same deviance at
# our estimate. lme4's defaults stop short, so its deviance function is asked for tight PIRLS and minimised once more.
# Usage: Rscript refit.R FOLDER_OF_DATA FOLDER_OF_RESULTS
suppressPackageStartupMessages(library(lme4))
folders <- commandArgs(trailingOnly = TRUE)

models <- list(
  cbpp = list(factors = c("period", "herd"), family = binomial, link = binomial(),
              formula = cbind(response, size - response) ~ period + (1 | herd)),
  epil2 = list(factors = c("subject", "trt"), family = poisson, link = poisson(),
               formula = response ~ Base * trt + Age + Visit + (Visit | subject)))

# lme4's deviance as a function of (theta, beta); PIRLS is repeated until the value stands still.
deviance_function <- function(model, data) {
  control <- glmerControl(tolPwrss = 1e-13)
  parsed <- glFormula(model$formula, data, family = model$link, control = control)
  devfun <- do.call(mkGlmerDevfun, c(parsed, list(control = control)))
  theta <- optimizeGlmer(devfun)$par
  devfun <- updateGlmerDevfun(devfun, parsed$reTrms)
  exact <- function(psi) {
    value <- devfun(psi)
    for (i in 1:20) {
      again <- devfun(psi)
      if (abs(again - value) < 1e-11) break
      value <- again
    }
    again
  }
  beta <- environment(devfun)$pp$delb
  list(f = exact, start = c(theta, environment(devfun)$pp$beta0 + beta), lower = environment(devfun)$lower)
}

# From lme4's own start; our estimate plays no part.
minimise <- function(d) {
  lower <- c(d$lower, rep(-Inf, length(d$start) - length(d$lower)))
  best <- minqa::bobyqa(d$start, d$f, lower = lower, control = list(rhobeg = 0.1, rhoend = 1e-7, maxfun = 1e4))
  for (i in 1:2)
    best <- minqa::bobyqa(best$par, d$f, lower = lower, control = list(rhobeg = 1e-2, rhoend = 1e-8, maxfun = 1e4))
  best
}

worst <- c(optimum = 0, at_ours = 0)
for (name in names(models)) {
  model <- models[[name]]
  data <- read.csv(file.path(folders[1], paste0(name, ".csv")))
  data[model$factors] <- lapply(data[model$factors], factor)
  responses <- read.csv(file.path(folders[2], paste0(name, "_responses.csv")))
  estimates <- read.csv(file.path(folders[2], paste0(name, "_estimates.csv")), check.names = FALSE)
  stopifnot(nrow(estimates) == 10, nrow(responses) == nrow(data))
  for (r in seq_len(nrow(estimates))) {
    data$response <- responses[[r]]
    d <- deviance_function(model, data)
    ours <- estimates$minus2LogLik[r]
    psi <- as.numeric(estimates[r, -(1:2)])
    at_ours <- d$f(psi) - ours
    optimum <- minimise(d)$fval - ours
    cat(sprintf("%-6s %2d %-10s -2 log L %.8f, lme4's optimum %+.1e, lme4 at our estimate %+.1e\n",
                name, r, estimates$status[r], ours, optimum, at_ours))
    worst <- pmax(worst, abs(c(optimum, at_ours)))
  }
}
cat(sprintf("largest differences: optimum %.1e, at our estimate %.1e\n", worst[1], worst[2]))
if (!all(worst < 1e-6)) quit(status = 1)
