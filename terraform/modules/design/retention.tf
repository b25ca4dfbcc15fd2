locals {
  # A lifecycle rule matches the beginnings of names only, and all that a job holds lies under jobs/ID/. So one rule bounds the life of inputs, checkpoints, traces and outputs alike;
  # what should go earlier, `mixbatch jobs delete --older-than 14d --keep-outputs` deletes, which leaves the outputs.
  lifecycle_rules = var.storage.job_days + var.storage.cool_days == 0 ? {} : {
    jobs = {
      prefixes    = ["${var.storage.jobs_container}/jobs/"]
      cool_days   = var.storage.cool_days > 0 ? var.storage.cool_days : null
      delete_days = var.storage.job_days > 0 ? var.storage.job_days : null
    }
  }
}
