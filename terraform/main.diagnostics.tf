resource "azurerm_log_analytics_workspace" "this" {
  count = local.settings.cluster.diagnostics ? 1 : 0

  name                         = local.names.workspace
  resource_group_name          = azurerm_resource_group.this.name
  location                     = azurerm_resource_group.this.location
  sku                          = "PerGB2018"
  retention_in_days            = 30
  local_authentication_enabled = false
  tags                         = var.tags
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  for_each = local.settings.cluster.diagnostics ? {
    cluster = { resource = azurerm_kubernetes_cluster.this.id, logs = ["kube-audit-admin", "guard"] }
    queue   = { resource = azurerm_servicebus_namespace.this.id, logs = ["OperationalLogs"] }
  } : {}

  name                       = "to-workspace"
  target_resource_id         = each.value.resource
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this[0].id

  dynamic "enabled_log" {
    for_each = each.value.logs
    content {
      category = enabled_log.value
    }
  }
}
