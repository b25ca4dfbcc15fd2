locals {
  gpu_pods = floor(var.gpu_pool.gpus_per_node / max(1, var.worker.gpus)) * var.gpu_pool.max_nodes

  # First and last address of each range as numbers, to see what lies in what.
  ranges = {
    for name, range in {
      address_space = var.network.address_space, nodes = var.network.nodes_subnet, endpoints = var.network.endpoints_subnet, pods = var.network.pod_cidr, services = var.network.service_cidr
      } : name => {
      first = sum([for i, part in split(".", cidrhost(range, 0)) : tonumber(part) * pow(256, 3 - i)])
      last  = sum([for i, part in split(".", cidrhost(range, -1)) : tonumber(part) * pow(256, 3 - i)])
    }
  }
  overlapping = [
    for pair in [["nodes", "endpoints"], ["address_space", "pods"], ["address_space", "services"], ["pods", "services"]] : join(" and ", pair)
    if local.ranges[pair[0]].first <= local.ranges[pair[1]].last && local.ranges[pair[1]].first <= local.ranges[pair[0]].last
  ]
  dns_address = try(sum([for i, part in split(".", var.network.dns_service_ip) : tonumber(part) * pow(256, 3 - i)]), 0)
}

# What one variable alone cannot know. A plan stops here, before anything is made.
resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = !var.network.private || var.queue.sku == "Premium"
      error_message = "network.private needs queue.sku = \"Premium\": only Premium namespaces have private endpoints."
    }

    precondition {
      condition     = !var.network.private || var.registry_sku == "Premium"
      error_message = "network.private needs registry_sku = \"Premium\": only Premium registries have private endpoints."
    }

    precondition {
      condition     = !var.network.private || length(var.network.allowed_ips) == 0
      error_message = "network.private shuts the public way, so network.allowed_ips cannot let anybody in. Leave it empty."
    }

    precondition {
      condition     = !var.gpu_pool.spot || var.queue.max_delivery_count >= 50
      error_message = "queue.max_delivery_count is ${var.queue.max_delivery_count}. On spot nodes every eviction is a delivery: take 50 or more, or gpu_pool.spot = false."
    }

    precondition {
      condition     = !var.gpu_pool.spot || var.worker.drain_seconds <= 25
      error_message = "worker.drain_seconds is ${var.worker.drain_seconds}. A spot node is gone some 30 s after its notice: take 25 or less, or gpu_pool.spot = false."
    }

    precondition {
      condition     = var.worker.grace_seconds >= var.worker.drain_seconds + 10
      error_message = "worker.grace_seconds is ${var.worker.grace_seconds}. A pod needs 10 s beyond worker.drain_seconds (${var.worker.drain_seconds}) to write checkpoints and give shards back."
    }

    precondition {
      condition     = var.worker.gpus >= 1 && var.worker.gpus <= var.gpu_pool.gpus_per_node
      error_message = "worker.gpus is ${var.worker.gpus}, a node of the pool has ${var.gpu_pool.gpus_per_node}. No node could ever take such a pod."
    }

    precondition {
      condition     = var.worker.max_replicas >= 1 && var.worker.max_replicas <= local.gpu_pods
      error_message = "worker.max_replicas is ${var.worker.max_replicas}, and gpu_pool has room for ${local.gpu_pods} pods. The rest would wait for ever: raise gpu_pool.max_nodes or lower worker.max_replicas."
    }

    precondition {
      condition     = var.storage.jobs_container != var.storage.models_container
      error_message = "storage.jobs_container and storage.models_container are both '${var.storage.jobs_container}'. Workers may write one and only read the other: give them two names."
    }

    precondition {
      condition     = var.storage.job_days == 0 || var.storage.job_days > var.queue.message_days
      error_message = "storage.job_days is ${var.storage.job_days} and queue.message_days ${var.queue.message_days}. A job's blobs must outlive its messages."
    }

    precondition {
      condition     = var.storage.job_days == 0 || var.storage.cool_days < var.storage.job_days
      error_message = "storage.cool_days is ${var.storage.cool_days}, storage.job_days ${var.storage.job_days}. What is deleted need not move before: take fewer, or 0."
    }

    precondition {
      condition     = length(local.overlapping) == 0
      error_message = "Ranges of network overlap: ${join(", ", local.overlapping)}."
    }

    precondition {
      condition = alltrue([
        for name in ["nodes", "endpoints"] : local.ranges[name].first >= local.ranges.address_space.first && local.ranges[name].last <= local.ranges.address_space.last
      ])
      error_message = "network.nodes_subnet and network.endpoints_subnet must lie in network.address_space (${var.network.address_space})."
    }

    precondition {
      condition     = local.dns_address > local.ranges.services.first + 1 && local.dns_address < local.ranges.services.last
      error_message = "network.dns_service_ip is ${var.network.dns_service_ip}. It lies in network.service_cidr (${var.network.service_cidr}) and is not its first address."
    }

    precondition {
      condition     = var.worker.service_account != var.worker.submitter_service_account
      error_message = "worker.service_account and worker.submitter_service_account are both '${var.worker.service_account}'. They stand for two identities with different rights: give them two names."
    }
  }
}
