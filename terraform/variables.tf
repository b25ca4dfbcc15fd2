# Defaults and rules stand in modules/design/variables.tf, which fills in what is not given here and checks the rest.

variable "name" {
  description = "What all names begin with: 2 to 11 small letters and digits, a letter first."
  type        = string
  default     = "mixbatch"
  nullable    = false
}

variable "suffix" {
  description = "What tells globally unique names apart; derived from subscription, name and location unless given."
  type        = string
  default     = null
}

variable "location" {
  description = "Azure region, such as westeurope. It must have quota for gpu_pool.vm_size."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "network" {
  description = "Addresses, who may come in, and whether all goes through private endpoints."
  type = object({
    private                   = optional(bool)
    address_space             = optional(string)
    nodes_subnet              = optional(string)
    endpoints_subnet          = optional(string)
    pod_cidr                  = optional(string)
    service_cidr              = optional(string)
    dns_service_ip            = optional(string)
    allowed_ips               = optional(list(string))
    api_server_allowed_ranges = optional(list(string))
  })
  default  = {}
  nullable = false
}

variable "cluster" {
  description = "Kubernetes version, system pool, administrators, diagnostics."
  type = object({
    kubernetes_version = optional(string)
    sku_tier           = optional(string)
    admin_groups       = optional(list(string))
    system_vm_size     = optional(string)
    system_min_nodes   = optional(number)
    system_max_nodes   = optional(number)
    zones              = optional(list(string))
    host_encryption    = optional(bool)
    diagnostics        = optional(bool)
  })
  default  = {}
  nullable = false
}

variable "gpu_pool" {
  description = "Size, number and kind of the workers' nodes."
  type = object({
    vm_size         = optional(string)
    gpus_per_node   = optional(number)
    max_nodes       = optional(number)
    spot            = optional(bool)
    gpu_driver      = optional(string)
    os_disk_type    = optional(string)
    os_disk_size_gb = optional(number)
    zones           = optional(list(string))
  })
  default  = {}
  nullable = false
}

variable "queue" {
  description = "SKU, lock, deliveries, duplicate window and lifetime of messages."
  type = object({
    name                     = optional(string)
    sku                      = optional(string)
    capacity                 = optional(number)
    lock_seconds             = optional(number)
    max_delivery_count       = optional(number)
    duplicate_window_minutes = optional(number)
    message_days             = optional(number)
    max_size_in_megabytes    = optional(number)
  })
  default  = {}
  nullable = false
}

variable "storage" {
  description = "Replication, containers, how long jobs are kept."
  type = object({
    replication      = optional(string)
    jobs_container   = optional(string)
    models_container = optional(string)
    job_days         = optional(number)
    cool_days        = optional(number)
    soft_delete_days = optional(number)
  })
  default  = {}
  nullable = false
}

variable "registry_sku" {
  description = "Basic, Standard or Premium."
  type        = string
  default     = "Standard"
  nullable    = false
}

variable "worker" {
  description = "Namespace, service accounts, number and stopping times of worker pods."
  type = object({
    namespace                 = optional(string)
    service_account           = optional(string)
    submitter_service_account = optional(string)
    gpus                      = optional(number)
    max_replicas              = optional(number)
    drain_seconds             = optional(number)
    grace_seconds             = optional(number)
    keda_role                 = optional(string)
  })
  default  = {}
  nullable = false
}

variable "people" {
  description = "Who else may submit jobs or look after them."
  type = object({
    submitters = optional(map(object({ principal_id = string, principal_type = optional(string, "Group") })), {})
    operators  = optional(map(object({ principal_id = string, principal_type = optional(string, "Group") })), {})
  })
  default  = {}
  nullable = false
}

variable "image" {
  description = "The worker's image in the registry, for helm_values: repository, and a digest (or a tag, which is never `latest`)."
  type = object({
    repository = optional(string, "mixbatch")
    tag        = optional(string, "")
    digest     = optional(string, "")
  })
  default  = {}
  nullable = false
}
