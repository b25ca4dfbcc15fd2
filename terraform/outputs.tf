output "resource_group" {
  description = "The resource group that holds all."
  value       = azurerm_resource_group.this.name
}

output "cluster" {
  description = "The cluster's name: az aks get-credentials --resource-group RESOURCE_GROUP --name CLUSTER."
  value       = azurerm_kubernetes_cluster.this.name
}

output "queue_address" {
  description = "What mixbatch takes as --queue."
  value       = "sb://${azurerm_servicebus_namespace.this.name}.servicebus.windows.net/${azurerm_servicebus_queue.jobs.name}"
}

output "store_address" {
  description = "What mixbatch takes as --store."
  value       = "${azurerm_storage_account.this.primary_blob_endpoint}${azurerm_storage_container.this["jobs"].name}"
}

output "models_address" {
  description = "Where models are put for workers to read."
  value       = "${azurerm_storage_account.this.primary_blob_endpoint}${azurerm_storage_container.this["models"].name}"
}

output "registry" {
  description = "Where the worker's image is pushed."
  value       = azurerm_container_registry.this.login_server
}

output "client_ids" {
  description = "Client ids of the identities of worker, submitter and KEDA. They are names, not secrets."
  value       = { for name in ["worker", "submitter", "keda"] : name => azurerm_user_assigned_identity.this[name].client_id }
}

output "helm_values" {
  description = "Values of the chart mixattention-batch: terraform output -raw helm_values > values.yaml."
  value       = module.helm_values.yaml
}
