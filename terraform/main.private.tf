locals {
  private_endpoints = local.settings.network.private ? {
    queue    = { resource = azurerm_servicebus_namespace.this.id, part = "namespace", zone = "privatelink.servicebus.windows.net" }
    store    = { resource = azurerm_storage_account.this.id, part = "blob", zone = "privatelink.blob.core.windows.net" }
    registry = { resource = azurerm_container_registry.this.id, part = "registry", zone = "privatelink.azurecr.io" }
  } : {}
}

resource "azurerm_private_dns_zone" "this" {
  for_each = local.private_endpoints

  name                = each.value.zone
  resource_group_name = azurerm_resource_group.this.name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = local.private_endpoints

  name                  = local.names.network
  resource_group_name   = azurerm_resource_group.this.name
  private_dns_zone_name = azurerm_private_dns_zone.this[each.key].name
  virtual_network_id    = azurerm_virtual_network.this.id
  tags                  = var.tags
}

resource "azurerm_private_endpoint" "this" {
  for_each = local.private_endpoints

  name                = "pe-${var.name}-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  subnet_id           = azurerm_subnet.endpoints.id
  tags                = var.tags

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value.resource
    subresource_names              = [each.value.part]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.this[each.key].id]
  }
}
