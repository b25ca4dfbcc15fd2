locals {
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
  }
}
