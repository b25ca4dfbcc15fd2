variable "facts" {
  description = "What the stack made: names, addresses and client ids, and how pods are to run on it."
  type = object({
    tenant_id         = string
    worker_client_id  = string
    keda_client_id    = string
    resource_group    = string
    service_bus       = string # the namespace's name, without its domain
    queue             = string
    storage_account   = string
    jobs_container    = string
    models_container  = string
    registry          = string # login server
    image_repository  = string
    image_tag         = string
    image_digest      = string
    service_account   = string
    node_labels       = map(string)
    spot              = bool
    gpus              = number
    max_replicas      = number
    drain_seconds     = number
    grace_seconds     = number
    private_addresses = list(string) # ranges of the private endpoints; none where the services are public
  })
  nullable = false

  validation {
    condition     = var.facts.image_tag != "latest"
    error_message = "image.tag is latest, which says nothing. Give a digest, or the tag of a version."
  }

  validation {
    condition     = var.facts.image_digest == "" || can(regex("^sha256:[0-9a-f]{64}$", var.facts.image_digest))
    error_message = "image.digest is '${var.facts.image_digest}'. It is sha256: and 64 hexadecimal digits."
  }
}
