# What the chart must know of the stack.
module "helm_values" {
  source = "./modules/helm_values"

  facts = {
    tenant_id         = data.azurerm_client_config.current.tenant_id
    worker_client_id  = azurerm_user_assigned_identity.this["worker"].client_id
    keda_client_id    = azurerm_user_assigned_identity.this["keda"].client_id
    resource_group    = azurerm_resource_group.this.name
    service_bus       = azurerm_servicebus_namespace.this.name
    queue             = azurerm_servicebus_queue.jobs.name
    storage_account   = azurerm_storage_account.this.name
    jobs_container    = azurerm_storage_container.this["jobs"].name
    models_container  = azurerm_storage_container.this["models"].name
    registry          = azurerm_container_registry.this.login_server
    image_repository  = var.image.repository
    image_tag         = var.image.tag
    image_digest      = var.image.digest
    service_account   = local.settings.worker.service_account
    node_labels       = module.design.gpu_pool.labels
    spot              = local.settings.gpu_pool.spot
    gpus              = local.settings.worker.gpus
    max_replicas      = local.settings.worker.max_replicas
    drain_seconds     = local.settings.worker.drain_seconds
    grace_seconds     = local.settings.worker.grace_seconds
    private_addresses = local.settings.network.private ? [local.settings.network.endpoints_subnet] : []
  }
}
