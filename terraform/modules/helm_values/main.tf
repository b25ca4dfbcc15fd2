locals {
  # The chart's own defaults tolerate the taints of the pool; what is left to say is which nodes to take.
  values = {
    image = {
      repository = "${var.facts.registry}/${var.facts.image_repository}"
      tag        = var.facts.image_tag
      digest     = var.facts.image_digest
    }
    queue = {
      namespace = var.facts.service_bus
      name      = var.facts.queue
    }
    storage = {
      account   = var.facts.storage_account
      container = var.facts.jobs_container
    }
    identity = {
      clientId = var.facts.worker_client_id
      tenantId = var.facts.tenant_id
    }
    serviceAccount = {
      name = var.facts.service_account
    }
    model = {
      blobCsi = {
        storageAccount = var.facts.storage_account
        container      = var.facts.models_container
        resourceGroup  = var.facts.resource_group
      }
    }
    worker = {
      options = {
        drainSeconds = var.facts.drain_seconds
      }
    }
    gpu = {
      count = var.facts.gpus
    }
    spot = {
      enabled = var.facts.spot
    }
    nodeSelector                  = var.facts.node_labels
    terminationGracePeriodSeconds = var.facts.grace_seconds
    keda = {
      maxReplicas      = var.facts.max_replicas
      identityId       = var.facts.keda_client_id
      identityTenantId = var.facts.tenant_id
    }
    networkPolicy = {
      privateAddresses = var.facts.private_addresses
    }
  }
}
