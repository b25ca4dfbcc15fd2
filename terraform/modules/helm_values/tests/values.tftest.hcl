variables {
  facts = {
    tenant_id         = "00000000-0000-0000-0000-000000000002"
    worker_client_id  = "00000000-0000-0000-0000-00000000000c"
    keda_client_id    = "00000000-0000-0000-0000-00000000000e"
    resource_group    = "rg-mixbatch"
    service_bus       = "sbns-mixbatch-abcde"
    queue             = "jobs"
    storage_account   = "stmixbatchabcde"
    jobs_container    = "jobs"
    models_container  = "models"
    registry          = "crmixbatchabcde.azurecr.io"
    image_repository  = "mixbatch"
    image_tag         = "0.1.0"
    image_digest      = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    service_account   = "mixbatch"
    node_labels       = { "mixbatch/pool" = "gpu" }
    spot              = true
    gpus              = 1
    max_replicas      = 4
    drain_seconds     = 20
    grace_seconds     = 60
    private_addresses = ["10.40.16.0/24"]
  }
}

run "values_say_where_image_queue_and_store_are" {
  command = plan

  assert {
    condition     = output.values.image.repository == "crmixbatchabcde.azurecr.io/mixbatch" && output.values.queue.namespace == "sbns-mixbatch-abcde" && output.values.storage.account == "stmixbatchabcde"
    error_message = output.yaml
  }

  assert {
    condition     = output.values.identity.clientId == "00000000-0000-0000-0000-00000000000c" && output.values.keda.identityId == "00000000-0000-0000-0000-00000000000e"
    error_message = "Worker and KEDA have one identity: ${output.yaml}"
  }

  assert {
    condition     = jsonencode(yamldecode(output.yaml)) == jsonencode(output.values)
    error_message = "The YAML says something else."
  }
}

run "tag_that_says_nothing_is_refused" {
  command = plan

  variables {
    facts = {
      tenant_id         = "00000000-0000-0000-0000-000000000002"
      worker_client_id  = "00000000-0000-0000-0000-00000000000c"
      keda_client_id    = "00000000-0000-0000-0000-00000000000e"
      resource_group    = "rg-mixbatch"
      service_bus       = "sbns-mixbatch-abcde"
      queue             = "jobs"
      storage_account   = "stmixbatchabcde"
      jobs_container    = "jobs"
      models_container  = "models"
      registry          = "crmixbatchabcde.azurecr.io"
      image_repository  = "mixbatch"
      image_tag         = "latest"
      image_digest      = ""
      service_account   = "mixbatch"
      node_labels       = { "mixbatch/pool" = "gpu" }
      spot              = true
      gpus              = 1
      max_replicas      = 4
      drain_seconds     = 20
      grace_seconds     = 60
      private_addresses = ["10.40.16.0/24"]
    }
  }

  expect_failures = [var.facts]
}

run "digest_that_is_none_is_refused" {
  command = plan

  variables {
    facts = {
      tenant_id         = "00000000-0000-0000-0000-000000000002"
      worker_client_id  = "00000000-0000-0000-0000-00000000000c"
      keda_client_id    = "00000000-0000-0000-0000-00000000000e"
      resource_group    = "rg-mixbatch"
      service_bus       = "sbns-mixbatch-abcde"
      queue             = "jobs"
      storage_account   = "stmixbatchabcde"
      jobs_container    = "jobs"
      models_container  = "models"
      registry          = "crmixbatchabcde.azurecr.io"
      image_repository  = "mixbatch"
      image_tag         = ""
      image_digest      = "sha256:0123"
      service_account   = "mixbatch"
      node_labels       = { "mixbatch/pool" = "gpu" }
      spot              = true
      gpus              = 1
      max_replicas      = 4
      drain_seconds     = 20
      grace_seconds     = 60
      private_addresses = ["10.40.16.0/24"]
    }
  }

  expect_failures = [var.facts]
}
