variables {
  facts = {
    tenant_id         = "00000000-0000-0000-0000-000000000002"
    worker_client_id  = "00000000-0000-0000-0000-00000000000c"
    keda_client_id    = "00000000-0000-0000-0000-00000000000e"
    service_bus       = "sbns-mixbatch-abcde"
    queue             = "jobs"
    storage_account   = "stmixbatchabcde"
    jobs_container    = "jobs"
    registry          = "crmixbatchabcde.azurecr.io"
    image_repository  = "mixbatch"
    image_tag         = "0.1.0"
    image_digest      = ""
    service_account   = "mixbatch"
    node_labels       = { "mixbatch/pool" = "gpu" }
    node_taints       = ["sku=gpu:NoSchedule", "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]
    gpus              = 1
    max_replicas      = 4
    drain_seconds     = 20
    grace_seconds     = 60
    private_addresses = []
  }
}

run "values_say_where_image_queue_and_store_are" {
  command = plan

  assert {
    condition     = output.values.image.repository == "crmixbatchabcde.azurecr.io/mixbatch"
    error_message = output.yaml
  }

  assert {
    condition     = output.values.identity.clientId == "00000000-0000-0000-0000-00000000000c"
    error_message = output.yaml
  }
}

run "tag_that_says_nothing_is_refused" {
  command = plan

  variables {
    facts = {
      tenant_id         = "t"
      worker_client_id  = "w"
      keda_client_id    = "k"
      service_bus       = "s"
      queue             = "q"
      storage_account   = "a"
      jobs_container    = "c"
      registry          = "r"
      image_repository  = "i"
      image_tag         = "latest"
      image_digest      = ""
      service_account   = "x"
      node_labels       = {}
      node_taints       = []
      gpus              = 1
      max_replicas      = 1
      drain_seconds     = 1
      grace_seconds     = 1
      private_addresses = []
    }
  }

  expect_failures = [var.facts]
}
