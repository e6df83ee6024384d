# The work of cuglmm_bench in R: Rscript bench/lme4.R Exam.csv RESPONSES.csv
# Prints one JSON line per measurement: what, program, seconds, minus2LogLik (always on the scale of the 4059 0/1
# responses), and response, the column of RESPONSES.csv it was fitted to. A package that is not there is left out.

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("usage: Rscript bench/lme4.R Exam.csv RESPONSES.csv")
has <- function(package) suppressWarnings(requireNamespace(package, quietly = TRUE))
if (!has("lme4")) {
  message("bench: R has no lme4 here; its times are left out")
  quit(status = 0)
}

versions <- paste("lme4", packageVersion("lme4"))
if (has("glmmTMB")) versions <- paste0(versions, ", glmmTMB ", packageVersion("glmmTMB"))
cat(sprintf('{"R": "%s, %s"}\n', R.version.string, versions))

report <- function(what, program, seconds, deviance, response = NULL) {
  more <- if (is.null(response)) "" else sprintf(', "response": %d', response)
  cat(sprintf('{"what": "%s", "program": "%s", "seconds": %.6g, "minus2LogLik": %.17g%s}\n',
              what, program, seconds, deviance, more))
}

# The median of so many runs, and the last value.
timed <- function(expression, runs = 1) {
  call <- substitute(expression)
  frame <- parent.frame()
  seconds <- numeric(runs)
  for (i in seq_len(runs)) {
    gc()
    seconds[i] <- system.time(value <- suppressWarnings(suppressMessages(eval(call, frame))))[["elapsed"]]
  }
  list(seconds = median(seconds), value = value)
}
deviance_of <- function(fit) -2 * as.numeric(logLik(fit))

exam <- read.csv(arguments[1])
exam$school <- factor(exam$school)
responses <- read.csv(arguments[2])
exam$success <- as.numeric(exam$normexam >= 0)

# One row per school: schavg is the school's.
collapsed <- aggregate(cbind(schavg) ~ school, exam, mean)
collapsed$n <- as.vector(table(exam$school))
counts <- function(y) as.vector(tapply(y, exam$school, sum))
# What counts leave out of the likelihood of the 0/1 responses.
choose_term <- function(successes) 2 * sum(lchoose(collapsed$n, successes))
collapsed$successes <- counts(exam$success)

rows_formula <- success ~ schavg + (1 | school)
counts_formula <- cbind(successes, n - successes) ~ schavg + (1 | school)

# First uses load and compile what later ones find ready.
invisible(suppressMessages(lme4::glmer(counts_formula, collapsed, binomial)))
if (has("glmmTMB")) invisible(glmmTMB::glmmTMB(counts_formula, collapsed, family = binomial))

fit_rows <- timed(lme4::glmer(rows_formula, exam, binomial), 3)
fit_counts <- timed(lme4::glmer(counts_formula, collapsed, binomial), 3)
constant <- choose_term(collapsed$successes)
report("fit, 4059 rows", "lme4 glmer", fit_rows$seconds, deviance_of(fit_rows$value))
report("fit, 65 rows", "lme4 glmer", fit_counts$seconds, deviance_of(fit_counts$value) + constant)
if (has("glmmTMB")) {
  tmb <- timed(glmmTMB::glmmTMB(rows_formula, exam, family = binomial), 3)
  report("fit, 4059 rows", "glmmTMB", tmb$seconds, deviance_of(tmb$value))
  tmb <- timed(glmmTMB::glmmTMB(counts_formula, collapsed, family = binomial), 3)
  report("fit, 65 rows", "glmmTMB", tmb$seconds, deviance_of(tmb$value) + constant)
}

for (r in seq_along(responses)) {
  y <- responses[[r]]
  successes <- counts(y)
  constant <- choose_term(successes)
  simulated <- exam
  simulated$success <- y
  simulated_counts <- collapsed
  simulated_counts$successes <- successes

  refitted <- timed(lme4::refit(fit_rows$value, y))
  report("replicate, 4059 rows", "lme4 refit", refitted$seconds, deviance_of(refitted$value), r)
  refitted <- timed(lme4::refit(fit_counts$value, cbind(successes, collapsed$n - successes)))
  report("replicate, 65 rows", "lme4 refit", refitted$seconds, deviance_of(refitted$value) + constant, r)

  fresh <- timed(lme4::glmer(rows_formula, simulated, binomial))
  report("replicate, 4059 rows", "lme4 glmer", fresh$seconds, deviance_of(fresh$value), r)
  fresh <- timed(lme4::glmer(counts_formula, simulated_counts, binomial))
  report("replicate, 65 rows", "lme4 glmer", fresh$seconds, deviance_of(fresh$value) + constant, r)

  if (has("glmmTMB")) {
    tmb <- timed(glmmTMB::glmmTMB(rows_formula, simulated, family = binomial))
    report("replicate, 4059 rows", "glmmTMB", tmb$seconds, deviance_of(tmb$value), r)
    tmb <- timed(glmmTMB::glmmTMB(counts_formula, simulated_counts, family = binomial))
    report("replicate, 65 rows", "glmmTMB", tmb$seconds, deviance_of(tmb$value) + constant, r)
  }
}
