locals {
  # The same subscription, name and location always give the same names, so a second apply finds what the first one made.
  suffix = coalesce(var.suffix, substr(sha256("${var.subscription_id}/${var.name}/${var.location}"), 0, 5))

  names = {
    resource_group     = "rg-${var.name}"
    network            = "vnet-${var.name}"
    nodes_subnet       = "snet-nodes"
    endpoints_subnet   = "snet-endpoints"
    nodes_rules        = "nsg-${var.name}-nodes"
    endpoints_rules    = "nsg-${var.name}-endpoints"
    cluster            = "aks-${var.name}"
    system_pool        = "system"
    gpu_pool           = "gpu"
    workspace          = "log-${var.name}"
    service_bus        = "sbns-${var.name}-${local.suffix}" # unique in Azure; may not end in -sb or -mgmt
    queue              = var.queue.name
    storage            = "st${var.name}${local.suffix}" # unique in Azure; at most 24 letters and digits
    jobs_container     = var.storage.jobs_container
    models_container   = var.storage.models_container
    registry           = "cr${var.name}${local.suffix}" # unique in Azure; letters and digits
    cluster_identity   = "id-${var.name}-cluster"
    kubelet_identity   = "id-${var.name}-kubelet"
    worker_identity    = "id-${var.name}-worker"
    submitter_identity = "id-${var.name}-submitter"
    keda_identity      = "id-${var.name}-keda"
    queue_reader_role  = "Mixbatch queue reader ${var.name}-${local.suffix}"
  }
}
