variable "facts" {
  description = "What the stack made: names, addresses and client ids."
  type = object({
    tenant_id         = string
    worker_client_id  = string
    keda_client_id    = string
    service_bus       = string # the namespace's name, without its domain
    queue             = string
    storage_account   = string
    jobs_container    = string
    registry          = string # login server
    image_repository  = string
    image_tag         = string
    image_digest      = string
    service_account   = string
    node_labels       = map(string)
    node_taints       = list(string) # KEY=VALUE:EFFECT
    gpus              = number
    max_replicas      = number
    drain_seconds     = number
    grace_seconds     = number
    private_addresses = list(string) # ranges of the private endpoints; none where the services are public
  })
  nullable = false

  validation {
    condition     = alltrue([for taint in var.facts.node_taints : can(regex("^[^=:]+=[^=:]+:(NoSchedule|NoExecute|PreferNoSchedule)$", taint))])
    error_message = "A taint is not KEY=VALUE:EFFECT."
  }

  validation {
    condition     = var.facts.image_tag != "latest"
    error_message = "image.tag is latest, which says nothing. Give a digest, or the tag of a version."
  }
}
