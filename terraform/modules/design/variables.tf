variable "subscription_id" {
  description = "Subscription that the stack lives in. Names that must be unique in all of Azure get a suffix that is derived from it."
  type        = string
  nullable    = false
}

variable "name" {
  description = "What all names begin with: 2 to 11 small letters and digits, a letter first."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,10}$", var.name))
    error_message = "name is '${var.name}'. It goes into names of storage accounts and registries: take 2 to 11 small letters and digits, a letter first."
  }
}

variable "suffix" {
  description = "What tells globally unique names apart: 1 to 6 small letters and digits. Derived from subscription, name and location unless given."
  type        = string
  default     = null

  validation {
    condition     = var.suffix == null || can(regex("^[a-z0-9]{1,6}$", var.suffix))
    error_message = "suffix must be 1 to 6 small letters and digits."
  }
}

variable "location" {
  description = "Azure region, such as westeurope."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+[a-z0-9]*$", var.location))
    error_message = "location is '${var.location}'. Give a region's short name, such as westeurope."
  }
}

variable "network" {
  description = <<-EOT
    Addresses. `private` puts the queue, the store and the registry behind private endpoints and makes the cluster's API private; the machine that applies must then reach the network.
    `allowed_ips` may reach the store from outside, and the queue where its SKU is Premium; `api_server_allowed_ranges` the cluster's API. None of the latter means everybody.
  EOT
  type = object({
    private                   = optional(bool, false)
    address_space             = optional(string, "10.40.0.0/16")
    nodes_subnet              = optional(string, "10.40.0.0/20")
    endpoints_subnet          = optional(string, "10.40.16.0/24")
    pod_cidr                  = optional(string, "10.244.0.0/16")
    service_cidr              = optional(string, "10.41.0.0/16")
    dns_service_ip            = optional(string, "10.41.0.10")
    allowed_ips               = optional(list(string), [])
    api_server_allowed_ranges = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for range in [var.network.address_space, var.network.nodes_subnet, var.network.endpoints_subnet, var.network.pod_cidr, var.network.service_cidr] : can(cidrhost(range, 0))
    ])
    error_message = "A range of network is not one. Write each as ADDRESS/BITS, such as 10.40.0.0/16."
  }
}

variable "cluster" {
  description = <<-EOT
    The cluster and its system pool. `admin_groups` are object ids of Entra groups whose members administer it; there are no local accounts. `host_encryption` needs the subscription's
    feature Microsoft.Compute/EncryptionAtHost.
  EOT
  type = object({
    kubernetes_version = optional(string)
    sku_tier           = optional(string, "Standard")
    admin_groups       = optional(list(string), [])
    system_vm_size     = optional(string, "Standard_D4ds_v5")
    system_min_nodes   = optional(number, 1)
    system_max_nodes   = optional(number, 3)
    zones              = optional(list(string), [])
    host_encryption    = optional(bool, true)
    diagnostics        = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["Free", "Standard", "Premium"], var.cluster.sku_tier)
    error_message = "cluster.sku_tier is '${var.cluster.sku_tier}'. Take Free, Standard or Premium."
  }

  validation {
    condition     = var.cluster.system_min_nodes >= 1 && var.cluster.system_max_nodes >= var.cluster.system_min_nodes
    error_message = "cluster.system_min_nodes is at least 1 (KEDA and DNS run there) and at most cluster.system_max_nodes."
  }
}

variable "gpu_pool" {
  description = "The pool of workers. It has no node until a pod asks for one. `spot` nodes cost a fraction and may be taken away at any moment; workers are made for that."
  type = object({
    vm_size         = optional(string, "Standard_NC24ads_A100_v4")
    gpus_per_node   = optional(number, 1)
    max_nodes       = optional(number, 4)
    spot            = optional(bool, true)
    gpu_driver      = optional(string, "Install")
    os_disk_type    = optional(string, "Managed")
    os_disk_size_gb = optional(number, 256)
    zones           = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.gpu_pool.gpus_per_node >= 1 && var.gpu_pool.max_nodes >= 1 && var.gpu_pool.max_nodes <= 1000
    error_message = "gpu_pool wants at least one GPU a node and 1 to 1000 nodes."
  }

  validation {
    condition     = contains(["Install", "None"], var.gpu_pool.gpu_driver)
    error_message = "gpu_pool.gpu_driver is '${var.gpu_pool.gpu_driver}'. Take Install (AKS installs the driver) or None (the GPU Operator does)."
  }
}

variable "queue" {
  description = <<-EOT
    The namespace and the queue of shards. Lock and duplicate window are fixed when the queue is made. Every spot eviction counts as a delivery, so `max_delivery_count` is high: workers
    themselves count what really failed. A message sent twice within the duplicate window is kept once.
  EOT
  type = object({
    name                     = optional(string, "jobs")
    sku                      = optional(string, "Standard")
    capacity                 = optional(number, 1)
    lock_seconds             = optional(number, 300)
    max_delivery_count       = optional(number, 50)
    duplicate_window_minutes = optional(number, 10)
    message_days             = optional(number, 14)
    max_size_in_megabytes    = optional(number, 5120)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]{0,258}[A-Za-z0-9])?$", var.queue.name))
    error_message = "queue.name is '${var.queue.name}'. Take letters, digits, '.', '-' and '_', a letter or digit first and last."
  }

  validation {
    condition     = contains(["Standard", "Premium"], var.queue.sku)
    error_message = "queue.sku is '${var.queue.sku}'. Take Standard or Premium; Basic knows neither duplicate detection nor scheduled messages."
  }

  validation {
    condition     = var.queue.lock_seconds >= 5 && var.queue.lock_seconds <= 300
    error_message = "queue.lock_seconds is ${var.queue.lock_seconds}. Service Bus takes 5 to 300."
  }

  validation {
    condition     = var.queue.max_delivery_count >= 10 && var.queue.max_delivery_count <= 2000
    error_message = "queue.max_delivery_count is ${var.queue.max_delivery_count}. Take 10 to 2000: fewer would put aside shards whose workers were merely evicted."
  }

  validation {
    condition     = var.queue.duplicate_window_minutes >= 1 && var.queue.duplicate_window_minutes <= 10080
    error_message = "queue.duplicate_window_minutes is ${var.queue.duplicate_window_minutes}. Take 1 to 10080 (seven days)."
  }

  validation {
    condition     = var.queue.message_days >= 1
    error_message = "queue.message_days is ${var.queue.message_days}. A shard waits at least a day before its message expires into the dead letters."
  }

  validation {
    condition     = contains([1024, 2048, 3072, 4096, 5120], var.queue.max_size_in_megabytes) || var.queue.sku == "Premium"
    error_message = "queue.max_size_in_megabytes is ${var.queue.max_size_in_megabytes}. Standard takes 1024, 2048, 3072, 4096 or 5120."
  }
}

variable "storage" {
  description = <<-EOT
    The account of jobs and models. After `job_days` without a change all that a job holds is deleted; 0 keeps it. `cool_days` moves what has rested so long to the cool tier; 0 leaves it.
    Deleted blobs can be had back for `soft_delete_days`.
  EOT
  type = object({
    replication      = optional(string, "ZRS")
    jobs_container   = optional(string, "jobs")
    models_container = optional(string, "models")
    job_days         = optional(number, 90)
    cool_days        = optional(number, 30)
    soft_delete_days = optional(number, 7)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS", "RAGRS", "RAGZRS"], var.storage.replication)
    error_message = "storage.replication is '${var.storage.replication}'. Take LRS, ZRS, GRS, GZRS, RAGRS or RAGZRS."
  }

  validation {
    condition     = alltrue([for name in [var.storage.jobs_container, var.storage.models_container] : can(regex("^[a-z0-9](-?[a-z0-9]){2,62}$", name))])
    error_message = "A container's name has 3 to 63 small letters, digits and single hyphens, a letter or digit first and last."
  }

  validation {
    condition     = var.storage.job_days >= 0 && var.storage.cool_days >= 0
    error_message = "storage.job_days and storage.cool_days are days, or 0 for never."
  }

  validation {
    condition     = var.storage.soft_delete_days >= 1 && var.storage.soft_delete_days <= 365
    error_message = "storage.soft_delete_days is ${var.storage.soft_delete_days}. Take 1 to 365."
  }
}

variable "registry_sku" {
  description = "The registry's SKU: Basic, Standard or Premium. Private endpoints and address rules need Premium."
  type        = string
  default     = "Standard"
  nullable    = false

  validation {
    condition     = contains(["Basic", "Standard", "Premium"], var.registry_sku)
    error_message = "registry_sku is '${var.registry_sku}'. Take Basic, Standard or Premium."
  }
}

variable "worker" {
  description = <<-EOT
    The pods, as the chart makes them: where they live, how many there may be, and how long they may take to stop. `keda_role` is `owner` (Service Bus Data Owner on the queue, what KEDA's
    pages ask for) or `reader` (a role of this stack that only reads the queue; try it first where owner is too much, and see that scaling works).
  EOT
  type = object({
    namespace                 = optional(string, "mixbatch")
    service_account           = optional(string, "mixbatch")
    submitter_service_account = optional(string, "mixbatch-submit")
    gpus                      = optional(number, 1)
    max_replicas              = optional(number, 4)
    drain_seconds             = optional(number, 20)
    grace_seconds             = optional(number, 60)
    keda_role                 = optional(string, "owner")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in [var.worker.namespace, var.worker.service_account, var.worker.submitter_service_account] : can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", name))])
    error_message = "Namespace and service accounts are Kubernetes names: small letters, digits and hyphens, at most 63."
  }

  validation {
    condition     = contains(["owner", "reader"], var.worker.keda_role)
    error_message = "worker.keda_role is '${var.worker.keda_role}'. Take owner or reader."
  }
}

variable "people" {
  description = "Who else gets roles: `submitters` send jobs and read results; `operators` also look at dead letters and delete jobs. Keys are your own names for them; principal ids are object ids in Entra."
  type = object({
    submitters = optional(map(object({ principal_id = string, principal_type = optional(string, "Group") })), {})
    operators  = optional(map(object({ principal_id = string, principal_type = optional(string, "Group") })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for person in concat(values(var.people.submitters), values(var.people.operators)) : contains(["User", "Group", "ServicePrincipal"], person.principal_type)])
    error_message = "A principal_type is User, Group or ServicePrincipal."
  }
}
