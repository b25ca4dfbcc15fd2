locals {
  # A worker deletes checkpoints and nothing else: a fault in it cannot take back what is committed. Overwriting stays guarded by the store's own conditions.
  delete_checkpoints_only = <<-EOT
    (
     (
      !(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'})
     )
     OR
     (
      @Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike '*/checkpoints/*'
     )
    )
  EOT

  # Who may do what, and where. Scopes are one queue, one container, one registry, one subnet: never a namespace, an account or a group of resources.
  own_roles = {
    worker-receives      = { principal = "worker", role = "Azure Service Bus Data Receiver", scope = "queue", condition = null }
    worker-sends-again   = { principal = "worker", role = "Azure Service Bus Data Sender", scope = "queue", condition = null } # a shard given back for later is a scheduled message
    worker-writes        = { principal = "worker", role = "Storage Blob Data Contributor", scope = "jobs_container", condition = local.delete_checkpoints_only }
    worker-reads-models  = { principal = "worker", role = "Storage Blob Data Reader", scope = "models_container", condition = null }
    submitter-sends      = { principal = "submitter", role = "Azure Service Bus Data Sender", scope = "queue", condition = null }
    submitter-writes     = { principal = "submitter", role = "Storage Blob Data Contributor", scope = "jobs_container", condition = null }
    keda-counts          = { principal = "keda", role = var.worker.keda_role == "owner" ? "Azure Service Bus Data Owner" : "queue_reader", scope = "queue", condition = null }
    kubelet-pulls        = { principal = "kubelet", role = "AcrPull", scope = "registry", condition = null }
    cluster-joins-subnet = { principal = "cluster", role = "Network Contributor", scope = "nodes_subnet", condition = null }
    cluster-uses-kubelet = { principal = "cluster", role = "Managed Identity Operator", scope = "kubelet_identity", condition = null }
  }

  people_roles = merge(concat(
    [for name, person in var.people.submitters : {
      "submitter-${name}-sends"  = { principal = "submitters/${name}", role = "Azure Service Bus Data Sender", scope = "queue", condition = null }
      "submitter-${name}-writes" = { principal = "submitters/${name}", role = "Storage Blob Data Contributor", scope = "jobs_container", condition = null }
    }],
    [for name, person in var.people.operators : {
      "operator-${name}-receives" = { principal = "operators/${name}", role = "Azure Service Bus Data Receiver", scope = "queue", condition = null }
      "operator-${name}-sends"    = { principal = "operators/${name}", role = "Azure Service Bus Data Sender", scope = "queue", condition = null }
      "operator-${name}-writes"   = { principal = "operators/${name}", role = "Storage Blob Data Contributor", scope = "jobs_container", condition = null }
      "operator-${name}-models"   = { principal = "operators/${name}", role = "Storage Blob Data Contributor", scope = "models_container", condition = null }
    }],
  )...)

  # Tokens of these service accounts, and of no others, are taken for the identities.
  federated = {
    worker    = "system:serviceaccount:${var.worker.namespace}:${var.worker.service_account}"
    submitter = "system:serviceaccount:${var.worker.namespace}:${var.worker.submitter_service_account}"
    keda      = "system:serviceaccount:kube-system:keda-operator" # where the cluster's KEDA add-on lives
  }
}
