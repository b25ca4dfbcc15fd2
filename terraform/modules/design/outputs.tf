output "names" {
  description = "Name of every resource."
  value       = local.names
  depends_on  = [terraform_data.rules]
}

output "settings" {
  description = "The variables with what was left out filled in."
  value = {
    network      = var.network
    cluster      = var.cluster
    gpu_pool     = var.gpu_pool
    queue        = var.queue
    storage      = var.storage
    registry_sku = var.registry_sku
    worker       = var.worker
    people       = var.people
  }
  depends_on = [terraform_data.rules]
}

output "own_roles" {
  description = "Role assignments of the stack's own identities: principal, role, scope, condition."
  value       = local.own_roles
}

output "people_roles" {
  description = "Role assignments of submitters and operators."
  value       = local.people_roles
}

output "federated" {
  description = "For each identity the Kubernetes service account that may take it."
  value       = local.federated
}

output "lifecycle_rules" {
  description = "What the storage account does with blobs that have not changed for a while."
  value       = local.lifecycle_rules
}

output "queue" {
  description = "The queue's settings in the notation of Service Bus."
  value = {
    lock_duration                           = "PT${var.queue.lock_seconds % 60 == 0 ? "${var.queue.lock_seconds / 60}M" : "${var.queue.lock_seconds}S"}"
    max_delivery_count                      = var.queue.max_delivery_count
    duplicate_detection_history_time_window = "PT${var.queue.duplicate_window_minutes}M"
    default_message_ttl                     = "P${var.queue.message_days}D"
    max_size_in_megabytes                   = var.queue.max_size_in_megabytes
  }
}

output "gpu_pool" {
  description = "Labels and taints of the workers' nodes, and how the pool is bought."
  value = {
    # AKS adds the spot label and taint itself; said here, a second plan finds no difference.
    labels          = merge({ "mixbatch/pool" = "gpu" }, var.gpu_pool.spot ? { "kubernetes.azure.com/scalesetpriority" = "spot" } : {})
    taints          = concat(["sku=gpu:NoSchedule"], var.gpu_pool.spot ? ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"] : [])
    priority        = var.gpu_pool.spot ? "Spot" : "Regular"
    eviction_policy = var.gpu_pool.spot ? "Delete" : null
    spot_max_price  = var.gpu_pool.spot ? -1 : null # up to the price of a regular node
  }
}
